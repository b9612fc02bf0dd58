/*
 * types - what values of the configuration are made of.
 */
#ifndef SHM_CONF_TYPES_H
#define SHM_CONF_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/address.h"

struct conf_strings {
	char **items;
	size_t count;
};

struct conf_listener {
	struct address address; /* with port */
	bool implicit;
};

/* Where a file is named that is read at load, for mistakes. */
struct conf_mention {
	char *path;
	char *file;
	size_t line, column;
};

struct conf_acl {
	struct conf_strings actions; /* "sesscache clear", "clear", "all" */
	bool deny;                   /* these may not, all others may */
	struct conf_strings users;   /* names; "*" = everybody */
	struct conf_strings groups;
};

struct conf_network {
	struct address address; /* its first one */
	uint8_t bits;
};

struct conf_networks {
	struct conf_network *items;
	size_t count;
};

/* An address that clients are told, and which of them. */
struct conf_told {
	struct conf_network network; /* of the clients */
	bool everywhere;             /* it is for all of them */
	struct address address;      /* of no name; any: the local one */
	char *name;                  /* of a host or an interface; NULL: none */
	uint32_t number; /* of the name, from 1: conf->names[number - 1] */

	/* Where the name is set, for mistakes. */
	char *file;
	size_t line, column;
};

/* The first one whose network has the client counts. */
struct conf_addresses {
	struct conf_told *items;
	size_t count;
};

/* A name that has to be looked up. */
struct conf_name {
	const struct conf_told *first; /* where it is used first */
	struct address address;        /* any: not looked up yet */
};

enum conf_log_target {
	CONF_LOG_STDERR,
	CONF_LOG_FILE,
	CONF_LOG_SYSLOG
};
enum conf_log_format {
	CONF_LOG_TEXT,
	CONF_LOG_JSON
};
enum conf_auth {
	CONF_AUTH_FILE,
	CONF_AUTH_PAM
};
enum conf_times {
	CONF_TIMES_UTC,
	CONF_TIMES_LOCAL
};

enum conf_durability {
	CONF_DURABILITY_NONE,
	CONF_DURABILITY_DATA,
	CONF_DURABILITY_FULL
};

/* What becomes of names that begin with a dot. */
enum conf_hide {
	CONF_HIDE_OFF,
	CONF_HIDE_LIST, /* they are not listed */
	CONF_HIDE_ALL   /* nor reached, nor made */
};

/* Where transfers may be compressed. */
enum conf_mode_z {
	CONF_MODE_Z_OFF,
	CONF_MODE_Z_CLEAR, /* without TLS */
	CONF_MODE_Z_ON
};

enum conf_cache_type {
	CONF_CACHE_LMDB,    /* one, which all workers share */
	CONF_CACHE_INTERNAL /* each worker has its own */
};

#define CONF_SETTING_MAX 24 /* bytes of a field that sections may set */

/* The value of one key in a section: what the field would hold. */
struct conf_setting {
	uint32_t offset; /* of the field in struct conf_host */
	uint32_t key;    /* its row in the table of keys */
	union {
		uint64_t align;
		unsigned char bytes[CONF_SETTING_MAX];
	} value;
};

/* What a section sets: keys with its letter in keys.def, sorted by row. */
struct conf_settings {
	struct conf_setting *items;
	size_t count;
};

/* An entry of `users` or `directories`. */
struct conf_section {
	char *name;  /* of a user, or the path of a directory; NULL: group */
	char *group; /* or its number, in digits */
	struct conf_settings settings;
};

struct conf_sections {
	struct conf_section *items;
	size_t count;
	size_t ngroups; /* of them are for groups */
};

#define CONF_GROUPS_MAX 64 /* such entries in a list */

#endif
