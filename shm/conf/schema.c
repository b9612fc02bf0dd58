#include "shm/conf/schema.h"

#include <stdio.h>
#include <string.h>

#define ANONYMOUS "anonymous."

static const char *
context_name(unsigned int context)
{
	if (context == CONTEXT_DEFAULTS)
		return ("defaults");
	return (context == CONTEXT_HOST ? "hosts" : "the top level");
}

/* The contexts of a key that is not allowed where it stands. */
static const char *
contexts_text(unsigned int contexts)
{
	if (contexts == CONTEXT_SERVER)
		return ("at the top level only");
	if (contexts == CONTEXT_HOST)
		return ("below hosts only");
	return ("at the top level and below hosts only");
}

/* A key at a place of its own: another section, or the files to include. */
static bool
key_of_top(struct load *load, struct node *entry)
{
	if (strcmp(entry->key, "hosts") == 0) {
		entry->role = NODE_HOSTS;
		return (true);
	}
	if (strcmp(entry->key, "defaults") == 0) {
		entry->role = NODE_SECTION;
		entry->path = "";
		entry->context = CONTEXT_DEFAULTS;
		return (true);
	}
	if (load->includes && entry->key_place.file == 0)
		return (true);
	report_add(load, entry->key_place,
	    "include may stand in the main file only");
	return (false);
}

static bool
is_key_of_top(const struct node *section, const char *key)
{
	return (section->context == CONTEXT_SERVER &&
	    section->path[0] == '\0' &&
	    (strcmp(key, "hosts") == 0 || strcmp(key, "defaults") == 0 ||
		strcmp(key, "include") == 0));
}

/* The path of a key that anonymous sessions may have of their own, or NULL. */
static const char *
below_anonymous(const char *path)
{
	return (strncmp(path, ANONYMOUS, strlen(ANONYMOUS)) == 0
		? path + strlen(ANONYMOUS)
		: NULL);
}

static void
report_unknown(struct load *load, const struct node *section,
    const struct node *entry, const char *path)
{
	char nearest[KEYS_PATH_MAX];
	struct shown shown;

	if (load->report.count >= REPORT_SHOWN) {
		report_add(load, entry->key_place, "unknown key");
		return;
	}
	if (below_anonymous(path) != NULL &&
	    keys_find(below_anonymous(path)) != NULL)
		report_add(load, entry->key_place,
		    "%s may not be set below anonymous", below_anonymous(path));
	else if (strcmp(path, "tls.controls_acls") == 0)
		report_add(load, entry->key_place,
		    "TLSControlsACLs is control.acl here");
	else if (keys_nearest(path, section->context, nearest))
		report_add(load, entry->key_place,
		    "unknown key %s: did you mean %s?",
		    report_show(&shown, path), nearest);
	else
		report_add(load, entry->key_place, "unknown key %s",
		    report_show(&shown, path));
}

/* The key at path: its own row, or that of a host's key with the letter A. */
static const struct conf_key *
find_key(const char *path)
{
	const struct conf_key *key = keys_find(path);

	if (key != NULL || below_anonymous(path) == NULL)
		return (key);
	key = keys_find(below_anonymous(path));
	if (key == NULL || (key->contexts & CONTEXT_ANONYMOUS) == 0)
		return (NULL);
	return (key);
}

static bool
is_group(const char *path)
{
	return (keys_is_group(path) ||
	    (below_anonymous(path) != NULL &&
		keys_is_group_in(below_anonymous(path), CONTEXT_ANONYMOUS)));
}

/* Whether the table lets spec stand in section; says why not. */
static bool
allowed(struct load *load, const struct node *section, const struct node *entry,
    const struct conf_key *spec)
{
	if ((spec->contexts & section->context) == 0) {
		report_add(load, entry->key_place,
		    "%s may not be set below %s, but %s", spec->path,
		    context_name(section->context),
		    contexts_text(spec->contexts));
		return (false);
	}
	return (true);
}

bool
schema_key(struct load *load, const struct node *section, struct node *entry)
{
	char path[2 * KEYS_PATH_MAX];
	int len;

	entry->context = section->context;
	if (is_key_of_top(section, entry->key)) {
		entry->spec = keys_find(entry->key);
		return (key_of_top(load, entry));
	}
	len = snprintf(path, sizeof(path), "%s%s%s", section->path,
	    section->path[0] == '\0' ? "" : ".", entry->key);
	if (len < 0 || (size_t)len >= sizeof(path)) {
		report_unknown(load, section, entry, entry->key);
		return (false);
	}
	entry->spec = find_key(path);
	if (entry->spec != NULL && !allowed(load, section, entry, entry->spec))
		return (false);
	if (is_group(path)) {
		entry->role = NODE_SECTION;
		entry->path = arena_copy(&load->arena, path, (size_t)len);
		if (entry->path == NULL)
			report_no_memory(load);
		return (entry->path != NULL);
	}
	if (entry->spec == NULL)
		report_unknown(load, section, entry, path);
	return (entry->spec != NULL);
}

bool
schema_value(struct load *load, struct node *entry)
{
	if (entry->role == NODE_VALUE)
		return (true);
	if (entry->role == NODE_HOSTS) {
		if (entry->kind == NODE_LIST || entry->kind == NODE_NULL)
			return (true);
		report_add(load, entry->place,
		    "hosts takes a list of hosts, each beginning with \"- \"");
		return (false);
	}
	if (entry->kind == NODE_MAPPING || entry->kind == NODE_NULL)
		return (true);
	if (entry->spec != NULL && entry->kind == NODE_SCALAR) {
		entry->role = NODE_VALUE;
		return (true);
	}
	report_add(load, entry->place,
	    "%s takes further keys below it, not a value", entry->key);
	return (false);
}
