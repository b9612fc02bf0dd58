/*
 * load - what is known while a configuration is being read.
 *
 * Files become trees of nodes, keys already checked against the table
 * (reader.c); the trees become a struct conf (build.c), which is then checked
 * as a whole (check.c).  Mistakes are collected all along.
 */
#ifndef SHM_CONF_LOAD_H
#define SHM_CONF_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shm/base/attr.h"
#include "shm/conf/arena.h"
#include "shm/conf/conf.h"
#include "shm/conf/keys.h"

#define LOAD_FILES_MAX  1000
#define LOAD_FILE_BYTES ((size_t)16 * 1024 * 1024) /* of one file */
#define LOAD_EVENTS_MAX 2000000u
#define LOAD_DEPTH_MAX  16u
#define LOAD_HOSTS_MAX  32768u

#define REPORT_SHOWN 200  /* mistakes that are kept */
#define REPORT_STOP  1000 /* mistakes after which no more is read */

/* Where something stands in the files. */
struct place {
	uint32_t line;   /* from 1; 0: the file as a whole */
	uint16_t column; /* from 1 */
	uint16_t file;   /* index into load->files */
};

enum node_kind {
	NODE_NULL, /* a key without a value */
	NODE_SCALAR,
	NODE_LIST,
	NODE_MAPPING
};

/* What a node is for. */
enum node_role {
	NODE_VALUE,   /* the value of a key, or a part of it */
	NODE_SECTION, /* a mapping of keys: the top, a group, a host */
	NODE_HOSTS    /* the list below `hosts` */
};

struct node {
	const char *key;  /* in a mapping: the name; NULL in a list */
	const char *text; /* of a scalar */
	const char *path; /* of a section: what its keys are below; "" */
	const struct conf_key *spec; /* the key of a value, else NULL */
	struct node *first, *last, *next;
	struct place place;     /* of the value */
	struct place key_place; /* of the key; in a list that of the value */
	uint32_t count;         /* of what is below */
	uint8_t kind, role, context;
};

struct load_file {
	char *name;
	dev_t dev; /* to read a file only once; 0, 0 for text */
	ino_t ino;
	struct node *root; /* NULL: could not be read at all */
};

/* Collects mistakes up to a limit. */
struct report {
	struct conf_errors *errors;
	struct conf_errors *notices; /* NULL: nobody wants them */
	size_t count;                /* all, the ones beyond the limit too */
	bool muted; /* a value is applied again that was checked before */
	bool no_memory;
};

struct load {
	struct report report;
	struct conf_errors notices; /* become those of the configuration */
	struct arena arena;         /* nodes and their text */
	struct load_file *files;
	size_t nfiles;
	struct conf_mention *mentions; /* in the order of the files */
	size_t nmentions;
	const struct node *banner; /* the value of defaults.banner_file, */
	const char *banner_text;   /* and what is in that file */
	size_t bytes, events;
	bool partial;  /* some file could not be read to its end */
	bool hopeless; /* a limit was exceeded: not worth building */
	bool includes; /* whether `include` is allowed */
};

/* Bytes to read: a descriptor, or text. */
struct source {
	uint16_t file; /* index into load->files */
	int fd;        /* -1: text */
	const char *text;
	size_t len; /* of text */
	size_t limit;
};

/*
 * Adds an empty file to load->files.  Returns its index, or -1 when there are
 * too many or memory is short (reported).
 */
NODISCARD long load_add_file(struct load *load, const char *name);

/* Reads the file at path as a further one; mistakes are reported. */
void load_file(struct load *load, const char *path);

/* Reads what the main file includes (include.c); mistakes are reported. */
void include_files(struct load *load);

/*
 * Whether name matches pattern, in which "*" is any text and "?" any letter.
 * A dot at the beginning is matched by a dot only.
 */
NODISCARD bool include_matches(const char *pattern, const char *name);

/* Reads the source into its file's tree; mistakes are reported. */
void reader_read(struct load *load, const struct source *source);

/* A struct conf from all trees; NULL when memory is short. */
NODISCARD struct conf *build_conf(struct load *load);

/*
 * Gives all keys of a host the defaults of the table; host is zeroed.  false:
 * memory is short; the caller releases the host in both cases.
 */
NODISCARD bool build_default_host(struct conf_host *host);

/* Gives conf what load knows of files that are named (files.c). */
void mentions_move(struct load *load, struct conf *conf);
void mentions_free(struct conf_mention *mentions, size_t count);

/* Releases what the fields own that are in the given struct (free.c). */
void release_fields(enum conf_where where, void *object);

/* Releases all that a host owns, and what anonymous sessions have besides. */
void free_host(struct conf_host *host);

/* Adds a mistake. */
void report_add(struct load *load, struct place place, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Adds something to conf->notices: the value is good all the same. */
void report_notice(struct load *load, struct place place, const char *format,
    ...) PRINTF_LIKE(3, 4);

/* Memory is short: said once, and nothing further is of use. */
void report_no_memory(struct load *load);

/* Puts mistakes and notices in order, and says how many were left out. */
void report_finish(struct load *load);

/* A name or value as it is shown in a message; text of any length. */
#define SHOWN_MAX 64
struct shown {
	char text[SHOWN_MAX];
};
const char *report_show(struct shown *shown, const char *text);

#endif
