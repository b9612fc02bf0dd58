/* samples - durations that were measured, and what can be said of them. */
#ifndef TESTS_BENCH_LOAD_SAMPLES_H
#define TESTS_BENCH_LOAD_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"

struct samples {
	uint64_t *values; /* nanoseconds */
	size_t count, space;
};

/* Nanoseconds of a clock that only goes forward. */
uint64_t samples_now(void);

/* Adds one; ends the program when there is no memory. */
void samples_add(struct samples *samples, uint64_t value);

/* Adds all of from, which stays as it is. */
void samples_merge(struct samples *samples, const struct samples *from);

/* Sorts; samples_rank() needs it. */
void samples_sort(struct samples *samples);

/*
 * The least value that at least share (0 to 1) of the values do not exceed;
 * 0 when there are none.
 */
uint64_t samples_rank(const struct samples *samples, double share);

/* Frees the values; the structure is empty afterwards. */
void samples_free(struct samples *samples);

#endif
