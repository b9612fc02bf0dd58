#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shm/conf/varying.h"

#define ANONYMOUS "anonymous."
#define INDENT    ((size_t)2)

/* Where the writer is: groups that are open, by the key written last. */
struct dump {
	struct buf out;
	const char *last; /* path of the key before, NULL at the beginning */
	size_t indent;    /* of the section */
	bool first;       /* nothing written in this entry of a list yet */
	struct buf value; /* of the key that is being written */
	char anonymous[2][KEYS_PATH_MAX]; /* the last paths made, by turns */
	size_t settings;                  /* of anonymous, written so far */
	struct buf defaults[KEYS_MAX];    /* of hosts */
};

/* The length of the groups that path begins with: up to its last dot. */
static size_t
group_len(const char *path)
{
	const char *dot = strrchr(path, '.');

	return (dot == NULL ? 0 : (size_t)(dot - path) + 1);
}

/* Whether path lies below the first len bytes (with the dot) of group. */
static bool
is_below(const char *path, const char *group, size_t len)
{
	return (path != NULL && strncmp(path, group, len) == 0);
}

/* Begins a line, depth groups deep. */
static int
write_indent(struct dump *dump, size_t depth)
{
	size_t i, spaces = dump->indent + depth * INDENT;

	if (dump->first) {
		/* The dash of a list stands in the first line's indent. */
		dump->first = false;
		return (buf_printf(&dump->out, "%*s- ",
		    (int)(dump->indent - INDENT), ""));
	}
	for (i = 0; i < spaces; i++)
		if (buf_append(&dump->out, " ", 1) == -1)
			return (-1);
	return (0);
}

/* Writes the names of groups that path is in and the key before was not. */
static int
open_groups(struct dump *dump, const char *path, size_t *depth)
{
	size_t at = 0, len, groups = group_len(path);

	for (*depth = 0; at < groups; (*depth)++, at += len) {
		len = strcspn(path + at, ".") + 1;
		if (is_below(dump->last, path, at + len))
			continue;
		if (write_indent(dump, *depth) == -1 ||
		    buf_append(&dump->out, path + at, len - 1) == -1 ||
		    buf_append(&dump->out, ":\n", 2) == -1)
			return (-1);
	}
	return (0);
}

/* path must live until the next line is written. */
static int
write_line(struct dump *dump, const char *path)
{
	size_t depth;

	if (open_groups(dump, path, &depth) == -1 ||
	    write_indent(dump, depth) == -1 ||
	    buf_printf(&dump->out, "%s: ", path + group_len(path)) == -1 ||
	    buf_append(&dump->out, buf_data(&dump->value),
		buf_len(&dump->value)) == -1 ||
	    buf_append(&dump->out, "\n", 1) == -1)
		return (-1);
	dump->last = path;
	return (0);
}

static bool
same_text(const struct buf *a, const struct buf *b)
{
	return (buf_len(a) == buf_len(b) &&
	    (buf_len(a) == 0 ||
		memcmp(buf_data(a), buf_data(b), buf_len(a)) == 0));
}

/* Writes the key, unless it has no value or the one given as usual. */
static int
write_key(struct dump *dump, const struct conf_key *key, const void *object,
    const struct buf *usual)
{
	if (value_is_unset(key, object))
		return (0);
	dump->value.start = dump->value.end = 0;
	if (value_types[key->type].write(&dump->value, key, object) == -1)
		return (-1);
	if (usual != NULL && same_text(&dump->value, usual))
		return (0);
	return (write_line(dump, key->path));
}

static int
write_setting(struct dump *dump, const struct conf_setting *setting)
{
	char *path = dump->anonymous[dump->settings % 2];

	(void)snprintf(path, KEYS_PATH_MAX, ANONYMOUS "%s",
	    conf_keys[setting->key].path);
	dump->value.start = dump->value.end = 0;
	if (varying_write(&dump->value, setting) == -1)
		return (-1);
	return (write_line(dump, path));
}

/*
 * Writes what anonymous sessions have of the host's keys, as far as it belongs
 * before the key at path, so that all of a group stays together.
 */
static int
write_settings(struct dump *dump, const struct conf_settings *settings,
    const char *path)
{
	const struct conf_setting *next;
	int differ;

	differ = strncmp(path, ANONYMOUS, strlen(ANONYMOUS));
	if (differ < 0)
		return (0);
	for (; dump->settings < settings->count; dump->settings++) {
		next = &settings->items[dump->settings];
		if (differ == 0 &&
		    strcmp(conf_keys[next->key].path,
			path + strlen(ANONYMOUS)) > 0)
			break;
		if (write_setting(dump, next) == -1)
			return (-1);
	}
	return (0);
}

/* Remembers what hosts need not say. */
static int
write_defaults(struct dump *dump)
{
	const struct conf_key *key;
	struct conf_host host;
	bool good;
	size_t i;

	memset(&host, 0, sizeof(host));
	good = build_default_host(&host);
	for (i = 0; i < conf_nkeys && good; i++) {
		key = &conf_keys[i];
		if (key->where == CONF_IN_HOST && !value_is_unset(key, &host))
			good = value_types[key->type].write(&dump->defaults[i],
				   key, &host) == 0;
	}
	free_host(&host);
	return (good ? 0 : -1);
}

/*
 * A cache is either off, or the mapping of its keys, which switches it on.
 */
static bool
is_left_out(const struct conf_key *key, const struct conf *conf)
{
	const struct {
		const char *path, *below;
		bool on;
	} caches[] = {
		{ "tls.session_cache", "tls.session_cache.",
		    conf->session_cache },
		{ "tls.stapling_cache", "tls.stapling_cache.",
		    conf->stapling_cache },
	};
	size_t i;

	for (i = 0; i < NITEMS(caches); i++) {
		if (strcmp(key->path, caches[i].path) == 0)
			return (caches[i].on);
		if (is_below(key->path, caches[i].below,
			strlen(caches[i].below)))
			return (!caches[i].on);
	}
	return (false);
}

/* The default of the key, which a host may leave out. */
static const struct buf *
usual_value(const struct dump *dump, const struct conf_key *key,
    unsigned int context)
{
	if (context == CONTEXT_SERVER)
		return (NULL);
	return (&dump->defaults[keys_index(key)]);
}

/* The keys of one section, in the order of the table. */
static int
write_section(struct dump *dump, const struct conf *conf,
    const struct conf_host *host, unsigned int context)
{
	const struct conf_key *key;
	const void *object;
	size_t i;

	dump->last = NULL;
	dump->settings = 0;
	for (i = 0; i < conf_nkeys; i++) {
		key = &conf_keys[i];
		if ((key->contexts & context) == 0 ||
		    key->where == CONF_IN_PARTS ||
		    value_types[key->type].write == NULL ||
		    is_left_out(key, conf))
			continue;
		object = key->where == CONF_IN_SERVER ? (const void *)conf
						      : (const void *)host;
		if (write_settings(dump, &host->anonymous.settings,
			key->path) == -1 ||
		    write_key(dump, key, object,
			usual_value(dump, key, context)) == -1)
			return (-1);
	}
	return (0);
}

static int
write_all(struct dump *dump, const struct conf *conf)
{
	size_t i;

	if (write_defaults(dump) == -1 ||
	    write_section(dump, conf, &conf->hosts[0], CONTEXT_SERVER) == -1)
		return (-1);
	if (conf->nhosts > 1 && buf_printf(&dump->out, "hosts:\n") == -1)
		return (-1);
	dump->indent = 2 * INDENT;
	for (i = 1; i < conf->nhosts; i++) {
		dump->first = true;
		if (write_section(dump, conf, &conf->hosts[i], CONTEXT_HOST) ==
		    -1)
			return (-1);
	}
	return (0);
}

char *
conf_dump(const struct conf *conf, size_t *len)
{
	struct dump dump;
	char *text = NULL;
	size_t i;

	memset(&dump, 0, sizeof(dump));
	buf_init(&dump.out, 0);
	if (write_all(&dump, conf) == 0 && buf_append(&dump.out, "", 1) == 0) {
		*len = buf_len(&dump.out) - 1;
		text = malloc(*len + 1);
		if (text != NULL)
			memcpy(text, buf_data(&dump.out), *len + 1);
	}
	buf_free(&dump.out);
	buf_free(&dump.value);
	for (i = 0; i < conf_nkeys; i++)
		buf_free(&dump.defaults[i]);
	if (text == NULL)
		errno = ENOMEM;
	return (text);
}

size_t
conf_restart_needed(const struct conf *running, const struct conf *loaded,
    struct conf_errors *errors)
{
	const struct conf_key *key;
	size_t i, count = 0;

	for (i = 0; i < conf_nkeys; i++) {
		key = &conf_keys[i];
		if (key->apply != CONF_RESTART ||
		    value_types[key->type].write == NULL ||
		    value_same(key, running, loaded) == 1)
			continue;
		count++;
		conf_errors_add(errors, "ftpsd", 0, 0,
		    "%s has changed: that needs a restart", key->path);
	}
	return (count);
}
