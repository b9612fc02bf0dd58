#include "master/login/table.h"

#include <stdlib.h>
#include <string.h>

#include "shm/base/ensure.h"
#include "shm/base/secret.h"

#define FIRST_BUCKETS 64

static uint64_t
rotate(uint64_t value, unsigned int bits)
{
	return (value << bits | value >> (64 - bits));
}

static void
rounds(uint64_t v[4], int count)
{
	while (count-- > 0) {
		v[0] += v[1];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[0] = rotate(v[0], 32);
		v[2] += v[3];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[2] = rotate(v[2], 32);
	}
}

uint64_t
table_hash(const uint64_t seed[2], const void *data, size_t len)
{
	const uint8_t *bytes = data;
	uint64_t v[4], word;
	size_t left = len, i;

	v[0] = seed[0] ^ UINT64_C(0x736f6d6570736575);
	v[1] = seed[1] ^ UINT64_C(0x646f72616e646f6d);
	v[2] = seed[0] ^ UINT64_C(0x6c7967656e657261);
	v[3] = seed[1] ^ UINT64_C(0x7465646279746573);
	while (left >= 8) {
		word = 0;
		for (i = 0; i < 8; i++)
			word |= (uint64_t)bytes[i] << (8 * i);
		v[3] ^= word;
		rounds(v, 2);
		v[0] ^= word;
		bytes += 8;
		left -= 8;
	}
	word = (uint64_t)len << 56;
	for (i = 0; i < left; i++)
		word |= (uint64_t)bytes[i] << (8 * i);
	v[3] ^= word;
	rounds(v, 2);
	v[0] ^= word;
	v[2] ^= 0xff;
	rounds(v, 4);
	return (v[0] ^ v[1] ^ v[2] ^ v[3]);
}

void
table_init(struct table *table)
{
	memset(table, 0, sizeof(*table));
	secret_random(table->seed, sizeof(table->seed));
}

void
table_free(struct table *table)
{
	free(table->buckets);
	table->buckets = NULL;
	table->nbuckets = 0;
	table->count = 0;
}

static struct table_node **
bucket(const struct table *table, uint64_t hash)
{
	return (&table->buckets[hash & (table->nbuckets - 1)]);
}

struct table_node *
table_find(const struct table *table, const void *key, size_t len)
{
	struct table_node *node;
	uint64_t hash;

	if (table->count == 0)
		return (NULL);
	hash = table_hash(table->seed, key, len);
	for (node = *bucket(table, hash); node != NULL; node = node->next)
		if (node->hash == hash && node->key_len == len &&
		    memcmp(node->key, key, len) == 0)
			return (node);
	return (NULL);
}

/* When memory is short a table that exists goes on with longer chains. */
static int
grow(struct table *table)
{
	struct table_node **old = table->buckets, **fresh, *node;
	size_t nold = table->nbuckets, wanted, i;

	if (table->count < nold)
		return (0);
	wanted = nold == 0 ? FIRST_BUCKETS : nold * 2;
	fresh = calloc(wanted, sizeof(struct table_node *));
	if (fresh == NULL)
		return (nold == 0 ? -1 : 0);
	table->buckets = fresh;
	table->nbuckets = wanted;
	for (i = 0; i < nold; i++) {
		while ((node = old[i]) != NULL) {
			old[i] = node->next;
			node->next = *bucket(table, node->hash);
			*bucket(table, node->hash) = node;
		}
	}
	free(old);
	return (0);
}

int
table_add(struct table *table, struct table_node *node)
{
	struct table_node **head;

	if (grow(table) == -1)
		return (-1);
	node->hash = table_hash(table->seed, node->key, node->key_len);
	head = bucket(table, node->hash);
	node->next = *head;
	*head = node;
	table->count++;
	return (0);
}

void
table_remove(struct table *table, struct table_node *node)
{
	struct table_node **at;

	ensure(table->count > 0);
	at = bucket(table, node->hash);
	while (*at != NULL && *at != node)
		at = &(*at)->next;
	ensure(*at == node);
	*at = node->next;
	table->count--;
}
