/*
 * table - an intrusive hash table whose keys are bytes.
 *
 * Nodes lie inside the structs that they find and point at the key there.  The
 * hash is keyed with random bytes, since addresses and names are chosen by
 * whoever connects.
 */
#ifndef MASTER_LOGIN_TABLE_H
#define MASTER_LOGIN_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"

struct table_node {
	struct table_node *next;
	uint64_t hash;
	const void *key; /* part of the struct around the node */
	size_t key_len;
};

struct table {
	struct table_node **buckets;
	size_t nbuckets, count;
	uint64_t seed[2];
};

/* An empty table with a fresh seed. */
void table_init(struct table *table);

/* Releases the buckets; the nodes are their owners'. */
void table_free(struct table *table);

NODISCARD struct table_node *table_find(const struct table *table,
    const void *key, size_t len);

/* Adds a node whose key and key_len are set.  0, or -1: memory is short. */
NODISCARD int table_add(struct table *table, struct table_node *node);

/* Takes out a node that is in the table. */
void table_remove(struct table *table, struct table_node *node);

/* SipHash-2-4. */
NODISCARD uint64_t table_hash(const uint64_t seed[2], const void *data,
    size_t len);

#endif
