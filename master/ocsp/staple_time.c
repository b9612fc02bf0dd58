#include "master/ocsp/staple_time.h"

/* The wait, up to a tenth of it more or less. */
static uint64_t
spread(uint64_t wait, uint32_t random)
{
	uint64_t range = wait / 5 + 1;

	return (wait - wait / 10 + random % range);
}

static uint64_t
between(uint64_t least, uint64_t value, uint64_t most)
{
	if (value < least)
		return (least);
	return (value > most ? most : value);
}

uint64_t
staple_refresh_at(uint64_t now, uint64_t this_update, uint64_t next_update,
    uint32_t random)
{
	uint64_t half, wait = 0;

	if (this_update < next_update) {
		half = this_update + (next_update - this_update) / 2;
		if (half > now)
			wait = half - now;
		else if (next_update > now)
			wait = (next_update - now) / 2;
	}
	/* Clocks differ: it may be of the future. */
	wait = between(0, wait, STAPLE_REFRESH_MAX);
	return (now +
	    between(STAPLE_REFRESH_MIN, spread(wait, random),
		STAPLE_REFRESH_MAX));
}

uint64_t
staple_retry_at(uint64_t now, uint32_t failures, uint32_t random)
{
	uint64_t wait = STAPLE_RETRY_MIN;

	for (; failures > 1 && wait < STAPLE_RETRY_MAX; failures--)
		wait *= 2;
	wait = between(STAPLE_RETRY_MIN, wait, STAPLE_RETRY_MAX);
	return (now +
	    between(STAPLE_RETRY_MIN, spread(wait, random), STAPLE_RETRY_MAX));
}
