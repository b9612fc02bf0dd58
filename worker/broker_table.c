#include "worker/broker_table.h"

#include <stdlib.h>

#define BUCKETS_FIRST 64

int
broker_table_init(struct broker_table *table)
{
	table->buckets = calloc(BUCKETS_FIRST, sizeof(struct broker_client *));
	table->nbuckets = BUCKETS_FIRST;
	table->count = 0;
	return (table->buckets == NULL ? -1 : 0);
}

void
broker_table_free(struct broker_table *table)
{
	free(table->buckets);
	table->buckets = NULL;
}

/* Sessions are counted up, so their low bits spread them evenly. */
static size_t
bucket_of(const struct broker_table *table, uint64_t session)
{
	return ((size_t)session & (table->nbuckets - 1));
}

static void
insert(struct broker_table *table, struct broker_client *client)
{
	struct broker_client **head =
	    &table->buckets[bucket_of(table, client->session)];

	client->previous = NULL;
	client->next = *head;
	if (*head != NULL)
		(*head)->previous = client;
	*head = client;
}

/* A table that cannot grow only gets slower. */
static void
grow(struct broker_table *table)
{
	struct broker_table larger = *table;
	struct broker_client *client, *next;
	size_t i;

	larger.nbuckets = table->nbuckets * 2;
	larger.buckets =
	    calloc(larger.nbuckets, sizeof(struct broker_client *));
	if (larger.buckets == NULL)
		return;
	for (i = 0; i < table->nbuckets; i++)
		for (client = table->buckets[i]; client != NULL;
		     client = next) {
			next = client->next;
			insert(&larger, client);
		}
	free(table->buckets);
	*table = larger;
}

void
broker_table_add(struct broker_table *table, struct broker_client *client)
{
	if (table->count >= table->nbuckets)
		grow(table);
	insert(table, client);
	table->count++;
}

void
broker_table_remove(struct broker_table *table, struct broker_client *client)
{
	if (client->previous != NULL)
		client->previous->next = client->next;
	else
		table->buckets[bucket_of(table, client->session)] =
		    client->next;
	if (client->next != NULL)
		client->next->previous = client->previous;
	client->next = NULL;
	client->previous = NULL;
	table->count--;
}

struct broker_client *
broker_table_find(const struct broker_table *table, uint64_t session)
{
	struct broker_client *client =
	    table->buckets[bucket_of(table, session)];

	while (client != NULL && client->session != session)
		client = client->next;
	return (client);
}

struct broker_client *
broker_table_next(const struct broker_table *table,
    const struct broker_client *client)
{
	size_t i = 0;

	if (client != NULL && client->next != NULL)
		return (client->next);
	if (client != NULL)
		i = bucket_of(table, client->session) + 1;
	while (i < table->nbuckets && table->buckets[i] == NULL)
		i++;
	return (i < table->nbuckets ? table->buckets[i] : NULL);
}
