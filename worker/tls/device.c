#include "worker/tls/device.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "shm/base/key_store.h"
#include "shm/base/log.h"
#include "shm/base/provider.h"
#include "worker/tls/outcome.h"
#include "worker/tls/state.h"

/* Few, if any: a token does not have many keys. */
struct device_entry {
	struct device_entry *next;
	const char *uri; /* of the configuration */
	EVP_PKEY *key;
};

static struct device_entry *entries;

static const struct device_entry *
find(const char *uri)
{
	const struct device_entry *entry = entries;

	while (entry != NULL && strcmp(entry->uri, uri) != 0)
		entry = entry->next;
	return (entry);
}

EVP_PKEY *
device_key(const char *uri)
{
	const struct device_entry *entry = find(uri);

	return (entry == NULL ? NULL : entry->key);
}

static int
open_key(const char *uri)
{
	struct device_entry *entry;
	struct key_source source;

	if (find(uri) != NULL)
		return (0);
	entry = calloc(1, sizeof(*entry));
	if (entry == NULL)
		return (-1);
	memset(&source, 0, sizeof(source));
	source.uri = uri;
	ERR_clear_error();
	entry->uri = uri;
	entry->key = key_store_read(&source);
	if (entry->key == NULL) {
		/* Not the URI: it may have a PIN in it. */
		log_error("TLS: a private key cannot be opened by its URI: %s",
		    outcome_explain(ERR_peek_error()));
		free(entry);
		return (-1);
	}
	entry->next = entries;
	entries = entry;
	return (0);
}

static int
open_keys(const struct host_keys *keys)
{
	size_t i;

	for (i = 0; i < keys->count; i++)
		if (keys->pairs[i].key_uri != NULL &&
		    open_key(keys->pairs[i].key_uri) == -1)
			return (-1);
	return (0);
}

int
tls_prepare(const struct worker_start *start)
{
	char why[512];
	size_t i;

	if (provider_load(start->conf->crypto_device, start->conf->fips, why,
		sizeof(why)) == -1) {
		log_error("TLS: %s", why);
		return (-1);
	}
	for (i = 0; i < start->conf->nhosts; i++)
		if (open_keys(&start->keys[i]) == -1)
			return (-1);
	return (0);
}
