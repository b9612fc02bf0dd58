#include "shm/conf/keys.h"

#include <stdlib.h>
#include <string.h>

/* The letters of the table. */
#define CONTEXT_H      CONTEXT_HOST
#define CONTEXT_SH     (CONTEXT_SERVER | CONTEXT_HOST)
#define CONTEXT_SDH    (CONTEXT_SH | CONTEXT_DEFAULTS)
#define CONTEXT_SDHAU  (CONTEXT_SDH | CONTEXT_ANONYMOUS | CONTEXT_USER)
#define CONTEXT_SDHAUP (CONTEXT_SDHAU | CONTEXT_DIRECTORY)

#define FIELD_SIZE(type, field) sizeof(((struct type *)0)->field)

const struct conf_key conf_keys[] = {
#define SERVER(path, type, field, value, min, max, apply, help)               \
	{ path, CONF_TYPE_##type, CONF_IN_SERVER, CONTEXT_SERVER,             \
		offsetof(struct conf, field), FIELD_SIZE(conf, field), value, \
		min, max, CONF_##apply, help },
#define HOST(path, type, contexts, field, value, min, max, apply, help)      \
	{ path, CONF_TYPE_##type, CONF_IN_HOST, CONTEXT_##contexts,          \
		offsetof(struct conf_host, field),                           \
		FIELD_SIZE(conf_host, field), value, min, max, CONF_##apply, \
		help },
#define PART(path, field, help)                                               \
	{ path, CONF_TYPE_PATH, CONF_IN_PARTS, CONTEXT_SDH,                   \
		offsetof(struct conf_parts, field),                           \
		FIELD_SIZE(conf_parts, field), NULL, NULL, NULL, CONF_RELOAD, \
		help },
#define KEY_PART(path, field, help)                                           \
	{ path, CONF_TYPE_KEY_FILE, CONF_IN_PARTS, CONTEXT_SDH,               \
		offsetof(struct conf_parts, field),                           \
		FIELD_SIZE(conf_parts, field), NULL, NULL, NULL, CONF_RELOAD, \
		help },
#include "shm/conf/keys.def"
#undef SERVER
#undef HOST
#undef PART
#undef KEY_PART
};
const size_t conf_nkeys = NITEMS(conf_keys);

_Static_assert(NITEMS(conf_keys) <= KEYS_MAX, "arrays by key are too small");

static int
compare_path(const void *path, const void *key)
{
	return (strcmp(path, ((const struct conf_key *)key)->path));
}

const struct conf_key *
keys_find(const char *path)
{
	return (bsearch(path, conf_keys, conf_nkeys, sizeof(conf_keys[0]),
	    compare_path));
}

/* The first key that sorts after "path.": it begins with that, or none does. */
static size_t
first_below(const char *path, size_t len)
{
	size_t low = 0, high = conf_nkeys, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (strncmp(conf_keys[middle].path, path, len) < 0 ||
		    strcmp(conf_keys[middle].path, path) == 0)
			low = middle + 1;
		else
			high = middle;
	}
	return (low);
}

bool
keys_is_group_in(const char *path, unsigned int context)
{
	size_t len = strlen(path), i;

	for (i = first_below(path, len);
	     i < conf_nkeys && strncmp(conf_keys[i].path, path, len) == 0 &&
	     conf_keys[i].path[len] == '.';
	     i++)
		if ((conf_keys[i].contexts & context) != 0)
			return (true);
	return (false);
}

bool
keys_is_group(const char *path)
{
	return (keys_is_group_in(path, ~0u));
}

size_t
keys_index(const struct conf_key *key)
{
	return ((size_t)(key - conf_keys));
}
