/*
 * varying - what a section below a host sets: read, written, released.
 *
 * Such a section has few keys of the many that a host has, and so only those
 * are kept; what a key's value is and how it is written is the same as in a
 * host (value.h).
 */
#ifndef SHM_CONF_VARYING_H
#define SHM_CONF_VARYING_H

#include <stdbool.h>

#include "shm/base/attr.h"
#include "shm/base/buf.h"
#include "shm/conf/value.h"

/*
 * Reads the value of node for key, in place of one that is there already.
 * false: it was refused, and settings are as they were.
 */
bool varying_read(struct load *load, const struct conf_key *key,
    const struct node *node, struct conf_settings *settings);

/* The same with a text for the value, unless it has one.  For what is right. */
void varying_complete(struct load *load, const struct conf_key *key,
    const char *text, struct conf_settings *settings);

/* Releases all values; settings are empty then. */
void varying_free(struct conf_settings *settings);

/* Appends the value as YAML on one line; 0, or -1 when memory is short. */
NODISCARD int varying_write(struct buf *out,
    const struct conf_setting *setting);

/* Appends all as further keys of a mapping on one line: ", umask: 077". */
NODISCARD int varying_write_all(struct buf *out,
    const struct conf_settings *settings);

#endif
