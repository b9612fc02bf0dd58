/* schema - which keys may stand where, asked while the files are read. */
#ifndef SHM_CONF_SCHEMA_H
#define SHM_CONF_SCHEMA_H

#include <stdbool.h>

#include "shm/base/attr.h"
#include "shm/conf/load.h"

/*
 * Decides what entry, a key in section, is: fills in its role, spec, path and
 * context.  false: the key is refused (reported), its value is to be skipped.
 */
NODISCARD bool schema_key(struct load *load, const struct node *section,
    struct node *entry);

/*
 * Checks the kind of the entry's value, and settles the role of a key that is
 * a value and a group.  false: refused (reported), to be skipped.
 */
NODISCARD bool schema_value(struct load *load, struct node *entry);

#endif
