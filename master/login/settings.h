/*
 * settings - the configurations that are alive, by generation.
 *
 * Used by login and by its checkers.  The sealed descriptor that a
 * configuration came in is kept, since login hands it on.
 */
#ifndef MASTER_LOGIN_SETTINGS_H
#define MASTER_LOGIN_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "master/login/rules.h"
#include "shm/base/attr.h"
#include "shm/conf/conf.h"

/* Two are alive at most; more are there only while they are exchanged. */
#define SETTINGS_MAX 8

struct setting {
	uint32_t generation;
	int fd;
	struct conf *conf;
	struct rules rules;
};

struct settings {
	struct setting items[SETTINGS_MAX]; /* in the order of arrival */
	size_t count;
};

void settings_init(struct settings *settings);
void settings_free(struct settings *settings);

/*
 * Reads the configuration from fd, which it takes over in any case.  An
 * earlier one of the same generation is replaced; when there are too many the
 * oldest goes.  0, or -1, logged.
 */
NODISCARD int settings_add(struct settings *settings, uint32_t generation,
    int fd);

/* Forgets a generation; one that is not there is no error. */
void settings_drop(struct settings *settings, uint32_t generation);

/* NULL when there is none. */
NODISCARD const struct setting *settings_find(const struct settings *settings,
    uint32_t generation);
NODISCARD const struct setting *settings_latest(
    const struct settings *settings);

/* The host, or NULL when the generation or the index is none of ours. */
NODISCARD const struct conf_host *setting_host(const struct setting *setting,
    uint32_t host);

#endif
