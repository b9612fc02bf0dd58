#include "tests/bench/load/samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FIRST_SPACE 1024

uint64_t
samples_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return ((uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec);
}

static void
reserve(struct samples *samples, size_t count)
{
	size_t space = samples->space == 0 ? FIRST_SPACE : samples->space;

	while (space < count)
		space *= 2;
	if (space == samples->space)
		return;
	samples->values =
	    realloc(samples->values, space * sizeof(samples->values[0]));
	if (samples->values == NULL) {
		perror("load");
		exit(2);
	}
	samples->space = space;
}

void
samples_add(struct samples *samples, uint64_t value)
{
	if (samples->count == samples->space)
		reserve(samples, samples->count + 1);
	samples->values[samples->count++] = value;
}

void
samples_merge(struct samples *samples, const struct samples *from)
{
	if (from->count == 0)
		return;
	reserve(samples, samples->count + from->count);
	memcpy(samples->values + samples->count, from->values,
	    from->count * sizeof(from->values[0]));
	samples->count += from->count;
}

static int
compare(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return ((a > b) - (a < b));
}

void
samples_sort(struct samples *samples)
{
	if (samples->count > 0)
		qsort(samples->values, samples->count,
		    sizeof(samples->values[0]), compare);
}

uint64_t
samples_rank(const struct samples *samples, double share)
{
	double exact = share * (double)samples->count;
	size_t rank = (size_t)exact;

	if (samples->count == 0)
		return (0);
	if ((double)rank < exact)
		rank++;
	if (rank > samples->count)
		rank = samples->count;
	return (samples->values[rank == 0 ? 0 : rank - 1]);
}

void
samples_free(struct samples *samples)
{
	free(samples->values);
	memset(samples, 0, sizeof(*samples));
}
