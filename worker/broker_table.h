/*
 * broker_table - the broker's clients by the number of their session.
 *
 * Only for broker.c.  The clients themselves are the elements.
 */
#ifndef WORKER_BROKER_TABLE_H
#define WORKER_BROKER_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "worker/broker.h"

struct broker_table {
	struct broker_client **buckets;
	size_t nbuckets; /* a power of two */
	size_t count;
};

/* 0, or -1 when memory is short. */
NODISCARD int broker_table_init(struct broker_table *table);
void broker_table_free(struct broker_table *table);

void broker_table_add(struct broker_table *table, struct broker_client *client);
void broker_table_remove(struct broker_table *table,
    struct broker_client *client);
/* NULL when there is none. */
NODISCARD struct broker_client *broker_table_find(const struct broker_table
						      *table,
    uint64_t session);
/* The client after this one, the first after NULL; NULL at the end. */
NODISCARD struct broker_client *broker_table_next(const struct broker_table
						      *table,
    const struct broker_client *client);

#endif
