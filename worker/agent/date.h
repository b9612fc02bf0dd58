/*
 * date - calendar dates of many files, without asking the C library for each.
 *
 * The dates are those that gmtime_r() and localtime_r() give.
 */
#ifndef WORKER_AGENT_DATE_H
#define WORKER_AGENT_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/base/attr.h"

struct date {
	uint64_t year;
	unsigned int month, day; /* from 1 */
	unsigned int hour, minute, second;
};

/* Distances of local time from UTC that are known; to begin with, zeroes. */
#define DATE_DAYS 512
struct date_zone {
	struct {
		uint32_t day; /* 0: none */
		int32_t offset;
	} known[DATE_DAYS];
};

/* false: the year is no number, or is below 0. */
NODISCARD bool date_utc(int64_t when, struct date *date);
/* zone: for one time zone, that of the process. */
NODISCARD bool date_local(struct date_zone *zone, int64_t when,
    struct date *date);

#endif
