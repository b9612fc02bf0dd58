#include "master/certificate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shm/base/log.h"

bool
certificate_is_there(const struct certificate *piece)
{
	return (piece->subject == CERTIFICATE_PAIR ? piece->pair.cert != NULL
						   : piece->bytes.data != NULL);
}

void
certificate_bad(struct certificate *piece, struct conf_errors *errors,
    bool has_older, const char *file, const char *text)
{
	char *why;

	if (!has_older) {
		certificate_mistake(errors, &piece->place, file, text);
		return;
	}
	log_error("%s: %s: what was good before is still used", file, text);
	if (piece->why != NULL)
		return;
	if (asprintf(&why, "%s: %s", file, text) == -1)
		why = NULL;
	piece->why = why;
	piece->since = (uint64_t)time(NULL);
}

void
certificate_still(struct certificate *piece, const struct certificate *older)
{
	if (older->why == NULL)
		return;
	if (piece->why == NULL)
		piece->why = strdup(older->why);
	piece->since = older->since;
}

void
certificate_mistake(struct conf_errors *errors,
    const struct certificate_place *place, const char *file, const char *text)
{
	if (place->file == NULL)
		conf_errors_add(errors, file, 0, 0, "%s", text);
	else
		conf_errors_add(errors, place->file, place->line, place->column,
		    "%s: %s", file, text);
}
