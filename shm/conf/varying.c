/* What sections set: some of a host's keys, each by itself. */
#include <stdlib.h>
#include <string.h>

#include "shm/base/ensure.h"
#include "shm/conf/varying.h"

/* --- one setting and a host that has nothing but it ----------------------- */

static void
to_host(struct conf_host *host, const struct conf_setting *setting)
{
	memset(host, 0, sizeof(*host));
	memcpy((char *)host + setting->offset, setting->value.bytes,
	    conf_keys[setting->key].size);
}

static void
release(const struct conf_setting *setting)
{
	const struct conf_key *key = &conf_keys[setting->key];
	struct conf_host host;

	if (value_types[key->type].release == NULL)
		return;
	to_host(&host, setting);
	value_types[key->type].release(key, &host);
}

/* --- a list of them ------------------------------------------------------- */

/* Makes room for the key at its place; NULL: memory is short. */
static struct conf_setting *
place(struct conf_settings *settings, const struct conf_key *key)
{
	struct conf_setting *items;
	size_t row = keys_index(key), i;

	for (i = 0; i < settings->count && settings->items[i].key < row; i++)
		continue;
	if (i < settings->count && settings->items[i].key == row) {
		release(&settings->items[i]);
		return (&settings->items[i]);
	}
	items =
	    realloc(settings->items, (settings->count + 1) * sizeof(*items));
	if (items == NULL)
		return (NULL);
	memmove(items + i + 1, items + i,
	    (settings->count - i) * sizeof(*items));
	settings->items = items;
	settings->count++;
	return (&items[i]);
}

/* The other words are about the host, or about what is before the login. */
static bool
check_options(const struct value *value)
{
	const struct conf_host *host = value->object;

	if ((host->tls.options & ~CONF_TLS_NO_SESSION_REUSE_REQUIRED) == 0)
		return (true);
	value_refuse(value, value->node,
	    "only NoSessionReuseRequired may differ by user");
	return (false);
}

bool
varying_read(struct load *load, const struct conf_key *key,
    const struct node *node, struct conf_settings *settings)
{
	struct conf_setting *setting;
	struct conf_host host;
	struct value value = { load, key, node, &host };

	memset(&host, 0, sizeof(host));
	if (!value_read(&value) || !check_options(&value))
		return (false);
	setting = place(settings, key);
	if (setting == NULL) {
		report_no_memory(load);
		if (value_types[key->type].release != NULL)
			value_types[key->type].release(key, &host);
		return (false);
	}
	memset(setting, 0, sizeof(*setting));
	setting->offset = (uint32_t)key->offset;
	setting->key = (uint32_t)keys_index(key);
	memcpy(setting->value.bytes, (char *)&host + key->offset, key->size);
	return (true);
}

void
varying_complete(struct load *load, const struct conf_key *key,
    const char *text, struct conf_settings *settings)
{
	struct node node;

	if (conf_setting(settings, key->offset) != NULL)
		return;
	memset(&node, 0, sizeof(node));
	node.kind = NODE_SCALAR;
	node.text = text;
	ensure(
	    varying_read(load, key, &node, settings) || load->report.no_memory);
}

void
varying_free(struct conf_settings *settings)
{
	size_t i;

	for (i = 0; i < settings->count; i++)
		release(&settings->items[i]);
	free(settings->items);
	settings->items = NULL;
	settings->count = 0;
}

int
varying_write(struct buf *out, const struct conf_setting *setting)
{
	const struct conf_key *key = &conf_keys[setting->key];
	struct conf_host host;

	to_host(&host, setting);
	return (value_types[key->type].write(out, key, &host));
}

/*
 * Writes the first of count settings, whose paths have the same first len
 * bytes, or the group that it is in; *written is how many that were.
 */
static int
write_group(struct buf *out, const struct conf_setting *items, size_t count,
    size_t len, size_t *written)
{
	const char *path = conf_keys[items[0].key].path;
	size_t below = len + strcspn(path + len, ".") + 1, i, n;

	if (path[below - 1] == '\0') {
		*written = 1;
		return (buf_printf(out, "%s: ", path + len) == -1
			? -1
			: varying_write(out, items));
	}
	for (n = 1; n < count; n++)
		if (strncmp(conf_keys[items[n].key].path, path, below) != 0)
			break;
	*written = n;
	if (buf_append(out, path + len, below - len - 1) == -1 ||
	    buf_append(out, ": {", 3) == -1)
		return (-1);
	for (i = 0; i < n; i += count)
		if ((i > 0 && buf_append(out, ", ", 2) == -1) ||
		    write_group(out, items + i, n - i, below, &count) == -1)
			return (-1);
	return (buf_append(out, "}", 1));
}

int
varying_write_all(struct buf *out, const struct conf_settings *settings)
{
	size_t i, written;

	for (i = 0; i < settings->count; i += written)
		if (buf_append(out, ", ", 2) == -1 ||
		    write_group(out, settings->items + i, settings->count - i,
			0, &written) == -1)
			return (-1);
	return (0);
}

const void *
conf_setting(const struct conf_settings *settings, size_t offset)
{
	size_t i;

	for (i = 0; i < settings->count; i++)
		if (settings->items[i].offset == offset)
			return (settings->items[i].value.bytes);
	return (NULL);
}
