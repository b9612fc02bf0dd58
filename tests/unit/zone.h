/* zone - a test in another time zone. */
#ifndef TESTS_UNIT_ZONE_H
#define TESTS_UNIT_ZONE_H

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* NULL: the system's own. */
static inline void
zone_set(const char *zone)
{
	if (zone == NULL)
		unsetenv("TZ");
	else
		setenv("TZ", zone, 1);
	tzset();
}

/* The present one, for zone_back(). */
static inline char *
zone_keep(void)
{
	const char *zone = getenv("TZ");

	return (zone == NULL ? NULL : strdup(zone));
}

static inline void
zone_back(char *kept)
{
	zone_set(kept);
	free(kept);
}

#endif
