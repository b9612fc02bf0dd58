#include "master/keys/opened_keys.h"

#include <stdlib.h>
#include <string.h>

#include "shm/base/digest.h"
#include "shm/base/secret.h"

struct entry {
	struct entry *next;
	uint8_t made_from[DIGEST_LEN];
	bool used;
	char *texts; /* secret: certificate and key */
	size_t cert_len, key_len;
};

static struct entry *entries;

static void
digest_of(const struct key_request *request, uint8_t out[DIGEST_LEN])
{
	struct seal_data pieces[2];
	uint8_t form = (uint8_t)request->form;

	pieces[0].data = &form;
	pieces[0].len = sizeof(form);
	pieces[1].data = request->key;
	pieces[1].len = request->key_len;
	digest_sha256(out, pieces, NITEMS(pieces));
}

static struct entry *
find(const struct key_request *request)
{
	uint8_t wanted[DIGEST_LEN];
	struct entry *entry;

	digest_of(request, wanted);
	for (entry = entries; entry != NULL; entry = entry->next)
		if (memcmp(entry->made_from, wanted, sizeof(wanted)) == 0)
			break;
	return (entry);
}

bool
opened_keys_find(const struct key_request *request, struct key_opened *opened)
{
	struct entry *entry;

	entry = find(request);
	if (entry == NULL)
		return (false);
	entry->used = true;
	memset(opened, 0, sizeof(*opened));
	opened->outcome = KEY_OPENED;
	if (entry->cert_len > 0)
		opened->cert = entry->texts;
	opened->cert_len = entry->cert_len;
	opened->key = entry->texts + entry->cert_len;
	opened->key_len = entry->key_len;
	return (true);
}

void
opened_keys_add(const struct key_request *request,
    const struct key_opened *opened)
{
	struct entry *entry;

	if (find(request) != NULL)
		return;
	entry = calloc(1, sizeof(*entry));
	if (entry == NULL)
		return;
	entry->texts = secret_alloc(opened->cert_len + opened->key_len,
	    SECRET_WIPE_ON_FORK);
	if (entry->texts == NULL) {
		free(entry);
		return;
	}
	digest_of(request, entry->made_from);
	if (opened->cert_len > 0)
		memcpy(entry->texts, opened->cert, opened->cert_len);
	memcpy(entry->texts + opened->cert_len, opened->key, opened->key_len);
	entry->cert_len = opened->cert_len;
	entry->key_len = opened->key_len;
	entry->used = true;
	entry->next = entries;
	entries = entry;
}

void
opened_keys_settle(void)
{
	struct entry **at = &entries, *entry;

	while ((entry = *at) != NULL) {
		if (entry->used) {
			entry->used = false;
			at = &entry->next;
			continue;
		}
		*at = entry->next;
		secret_free(entry->texts, entry->cert_len + entry->key_len);
		free(entry);
	}
}

void
opened_keys_forget(void)
{
	opened_keys_settle();
	opened_keys_settle(); /* nothing was used since */
}
