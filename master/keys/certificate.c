#include "master/keys/certificate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shm/base/log.h"

#define TEXTS 5

struct text {
	const char *bytes;
	size_t size;
};

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

/* Behind the struct, one after another. */
static void
point(struct certificate_known *known, const size_t places[TEXTS])
{
	const char *texts = (const char *)(known + 1);

	known->key = texts + places[0];
	known->serial = texts + places[1];
	known->subject = texts + places[2];
	known->issuer = texts + places[3];
	known->names = texts + places[4];
}

static void
copy_known(struct certificate *piece, const struct certificate_known *older)
{
	const char *texts = (const char *)(older + 1);
	const size_t places[TEXTS] = {
		(size_t)(older->key - texts),
		(size_t)(older->serial - texts),
		(size_t)(older->subject - texts),
		(size_t)(older->issuer - texts),
		(size_t)(older->names - texts),
	};

	free(piece->known);
	piece->known = malloc(older->size);
	if (piece->known == NULL)
		return;
	memcpy(piece->known, older, older->size);
	point(piece->known, places);
}

void
certificate_learn(struct certificate *piece,
    const struct certificate_facts *facts)
{
	const struct text texts[TEXTS] = {
		{ facts->key, sizeof(facts->key) },
		{ facts->serial, sizeof(facts->serial) },
		{ facts->subject, sizeof(facts->subject) },
		{ facts->issuer, sizeof(facts->issuer) },
		{ facts->names, sizeof(facts->names) },
	};
	char all[4 * sizeof(*facts)];
	size_t i, used = 0, places[TEXTS];
	struct certificate_known *known;

	for (i = 0; i < TEXTS; i++) {
		places[i] = used;
		log_escape(all + used, sizeof(all) - used, texts[i].bytes,
		    strnlen(texts[i].bytes, texts[i].size));
		used += strlen(all + used) + 1;
	}
	free(piece->known);
	piece->known = known = malloc(sizeof(*known) + used);
	if (known == NULL)
		return;
	memcpy(known + 1, all, used);
	known->size = sizeof(*known) + used;
	known->from = facts->from;
	known->until = facts->until;
	known->chain_until = facts->chain_until;
	known->flags = facts->flags;
	memcpy(known->sha256, facts->sha256, sizeof(known->sha256));
	point(known, places);
}

void
certificate_release(struct certificate *piece)
{
	free(piece->why);
	free(piece->known);
	piece->why = NULL;
	piece->known = NULL;
}

void
certificate_still(struct certificate *piece, const struct certificate *older)
{
	if (older->known != NULL)
		copy_known(piece, older->known);
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
