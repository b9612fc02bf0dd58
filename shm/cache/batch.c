#include "shm/cache/batch.h"

#include <stdlib.h>
#include <string.h>

#include "shm/base/ensure.h"

int
batch_init(struct batch *batch)
{
	memset(batch, 0, sizeof(*batch));
	/* Room for the worst case; pages that no record needs stay unused. */
	batch->records = malloc((size_t)BATCH_ITEMS * STORE_RECORD_MAX);
	return (batch->records == NULL ? -1 : 0);
}

void
batch_free(struct batch *batch)
{
	free(batch->records);
	batch->records = NULL;
	batch->count = 0;
}

/* Records lie one after the other: ten short ones share a page. */
static struct batch_item *
next_item(struct batch *batch, const uint8_t *key)
{
	struct batch_item *item;

	ensure(batch->count < BATCH_ITEMS);
	item = &batch->items[batch->count];
	memcpy(item->name, key, sizeof(item->name));
	item->len = 0;
	item->expires = 0;
	item->record = batch->records;
	if (batch->count > 0)
		item->record = item[-1].record + item[-1].len;
	batch->count++;
	return (item);
}

void
batch_put(struct batch *batch, const uint8_t *key,
    const struct store_session *session)
{
	struct store_session named = *session;
	struct batch_item *item;

	item = next_item(batch, key);
	named.name = item->name;
	item->expires = session->expires;
	item->len = store_encode(&named, item->record);
}

void
batch_delete(struct batch *batch, const uint8_t *key)
{
	(void)next_item(batch, key);
}

void
batch_clear(struct batch *batch)
{
	batch->count = 0;
}
