/*
 * list_format - one line of a listing.
 *
 * Names are bytes and are sent as they are, but for control characters, which
 * become question marks: a name cannot forge a line, nor reach a terminal.
 */
#ifndef WORKER_AGENT_LIST_FORMAT_H
#define WORKER_AGENT_LIST_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "shm/base/attr.h"
#include "shm/base/buf.h"
#include "shm/ipc/body.h"
#include "worker/agent/jail.h"
#include "worker/agent/line.h"

#define LIST_OWNER_MAX 64 /* bytes of an owner's name, with the NUL */

/* What is the same for all lines of a listing. */
struct list_style {
	const struct jail *jail; /* whose permissions count */
	enum fs_list_format format;
	uint32_t facts; /* set of enum fs_fact */
	bool read_only; /* facts: nothing may be changed */
	uid_t uid;      /* shown as user ... */
	gid_t gid;      /* ... and group, all others as numbers */
	char user[LIST_OWNER_MAX];
	char group[LIST_OWNER_MAX];
	const char *prefix; /* put before each name */
	size_t prefix_len;
	time_t now;
	/* Of the directory that holds the names. */
	bool parent_writable, parent_sticky, parent_ours;
};

enum list_kind {
	LIST_ENTRY,
	LIST_THIS,  /* the directory that is listed */
	LIST_PARENT /* the one above it */
};

struct list_entry {
	const char *name;
	const struct statx *facts; /* not used for FS_LIST_NAMES */
	const char *target;        /* of a symbolic link, or NULL */
	enum list_kind kind;
};

/*
 * Copies an owner's name for use in a line: a blank, a separator or a control
 * character in it becomes "_"; what does not fit is cut.
 */
void list_owner(char out[LIST_OWNER_MAX], const uint8_t *name, size_t len);

/* The part before the name, of one format each. */
void list_long(struct line *line, const struct list_style *style,
    const struct list_entry *entry);
void list_facts(struct line *line, const struct list_style *style,
    const struct list_entry *entry);

/* Appends the line with its CR LF.  0, or -1 with errno of buf_append(). */
NODISCARD int list_format(struct buf *out, const struct list_style *style,
    const struct list_entry *entry);

#endif
