/* check - judges the answer to `tls check`, as monitoring wants it. */
#ifndef CTL_CHECK_H
#define CTL_CHECK_H

#include <jansson.h>
#include <stdbool.h>

#include "shm/base/attr.h"

/* Exit status, as that of plugins for monitoring. */
enum check_state {
	CHECK_OK,
	CHECK_WARNING,
	CHECK_CRITICAL,
	CHECK_UNKNOWN
};

#define CHECK_DAYS     14
#define CHECK_DAYS_MAX 3650

/* The days that text says; false: it is no such number. */
NODISCARD bool check_days(const char *text, long *days);

/*
 * Adds to the answer what is found ("state" and the list "findings", each with
 * "state" and "text") at that time; returns the worst.
 */
NODISCARD enum check_state check_answer(json_t *answer, long days,
    long long now);

/* Writes what was found, a line each, or one that all is well. */
void check_show(const json_t *answer);

#endif
