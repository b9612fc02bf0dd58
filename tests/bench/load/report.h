/* report - what a run found, as JSON on standard output. */
#ifndef TESTS_BENCH_LOAD_REPORT_H
#define TESTS_BENCH_LOAD_REPORT_H

#include <stdint.h>

#include "shm/base/attr.h"
#include "tests/bench/load/client.h"
#include "tests/bench/load/options.h"
#include "tests/bench/load/samples.h"

struct report {
	uint64_t operations, errors;
	uint64_t nanoseconds; /* from the first begin to the last end */
	uint64_t cpu;         /* our own, nanoseconds in all */
	unsigned int clients;
	struct samples durations;
	struct samples first_byte;
	struct client_counts counts;
	char error[CLIENT_ERROR]; /* the first one, or empty */
};

/* Nanoseconds of processor time that this program has had. */
uint64_t report_cpu(void);

/* Writes one line that marks a moment, and how many sessions there are. */
void report_event(const char *event, uint64_t sessions);

/* Ends the program, for want of what is named. */
NORETURN void report_die(const char *what);

/* Says "begin", and waits for leave to when options say so. */
void report_begin(const struct options *options, uint64_t sessions);

/* Adds what one client did. */
void report_add(struct report *report, struct client *client,
    const struct samples *durations);

/* Counts an error; the first one is kept. */
void report_error(struct report *report, const char *error);

/* Writes the result and frees its samples; returns the status to exit with. */
NODISCARD int report_write(struct report *report,
    const struct options *options);

#endif
