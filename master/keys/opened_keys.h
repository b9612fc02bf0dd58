/*
 * opened_keys - the keys that were opened with a pass phrase, by what they were
 * made from.
 *
 * So nobody is asked at a reload for a file that is what it was.  Phrases are
 * not kept.  In memory that no other process inherits.
 */
#ifndef MASTER_KEYS_OPENED_KEYS_H
#define MASTER_KEYS_OPENED_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "master/helper/key_open.h"
#include "shm/base/attr.h"

/* What stands for these bytes, or false; certificate and key stay ours. */
NODISCARD bool opened_keys_find(const struct key_request *request,
    struct key_opened *opened);

/* Keeps a copy.  That there is no memory for one is no harm. */
void opened_keys_add(const struct key_request *request,
    const struct key_opened *opened);

/* Wipes and forgets those that were neither found nor added since last time. */
void opened_keys_settle(void);

/* Wipes and forgets all. */
void opened_keys_forget(void);

#endif
