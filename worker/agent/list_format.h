/*
 * list_format - one line of a listing.
 *
 * Names are bytes and are sent as they are, but for those with CR or LF, which
 * no command can name: in long lines, which people read, these two become
 * question marks; in all others such names are left out.
 */
#ifndef WORKER_AGENT_LIST_FORMAT_H
#define WORKER_AGENT_LIST_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "shm/base/attr.h"
#include "shm/ipc/body.h"
#include "worker/agent/access.h"
#include "worker/agent/date.h"
#include "worker/agent/jail.h"
#include "worker/agent/line.h"

#define LIST_OWNER_MAX 64 /* bytes of an owner's name, with the NUL */

/* No line is longer: prefix, name and target may be paths. */
#define LIST_LINE_MAX (3 * FS_PATH_MAX + 1024)

enum list_kind {
	LIST_ENTRY,
	LIST_THIS,  /* the directory that is listed */
	LIST_PARENT /* the one above it */
};

struct list_entry {
	const char *name;
	/*
	 * Not used for FS_LIST_NAMES.  Without the bits of STATX_BASIC_STATS in
	 * its mask, nothing but the type is known.
	 */
	const struct statx *facts;
	const char *target; /* of a symbolic link, or NULL */
	enum list_kind kind;
	unsigned int lacks; /* ACCESS_ bits: rights that there are not */
};

/* Attributes of which even the owner's rights depend: see chattr(1). */
#define LIST_IMMUTABLE 1u
#define LIST_APPEND    2u

static inline unsigned int
list_attributes(const struct statx *facts)
{
	uint64_t attributes = facts->stx_attributes;

	return (
	    ((attributes & STATX_ATTR_IMMUTABLE) != 0 ? LIST_IMMUTABLE : 0) |
	    ((attributes & STATX_ATTR_APPEND) != 0 ? LIST_APPEND : 0));
}

struct list_style;

/* Adds what differs from line to line. */
typedef void (*list_adder)(struct line *line, struct list_style *style,
    const struct list_entry *entry);

/*
 * What comes before the name, but for what differs from line to line, which is
 * added in the slots.  Most files of a directory are alike in all that the
 * rest depends on, so it is made anew only for one that is not like the one
 * before it.
 */
#define LIST_HEAD_MAX  1024
#define LIST_SLOTS_MAX 5

struct list_head {
	/* That it was made for. */
	uint32_t mask, mode, nlink, uid, gid, dev_major, dev_minor;
	unsigned int lacks, attributes;
	enum list_kind kind;
	bool made;
	size_t nslots, len;
	struct {
		size_t at;
		list_adder add;
	} slots[LIST_SLOTS_MAX];
	char text[LIST_HEAD_MAX];
};

/* What is the same for all lines of a listing. */
struct list_style {
	const struct jail *jail; /* whose permissions count */
	enum fs_list_format format;
	uint32_t facts; /* set of enum fs_fact */
	bool utc;       /* else local times, in long lines */
	bool classify;  /* a mark of the type behind the name */
	uid_t uid;      /* shown as user ... */
	gid_t gid;      /* ... and group, all others as numbers */
	char user[LIST_OWNER_MAX];
	char group[LIST_OWNER_MAX];
	const char *prefix; /* put before each name */
	size_t prefix_len;
	time_t now;
	/* Of the directory that holds the names. */
	bool parent_writable, parent_sticky, parent_ours;
	bool frozen; /* the file system is read-only */
	/* Of the one entry that there is: the kernel says so. */
	bool asked;
	int may; /* R_OK ... */
	/* Kept from line to line; at first, and after any change, zeroes. */
	struct list_head head;
	struct date_zone zone;
};

/*
 * Copies an owner's name for use in a line: a blank, a separator or a control
 * character in it becomes "_"; what does not fit is cut.
 */
void list_owner(char out[LIST_OWNER_MAX], const uint8_t *name, size_t len);

/* Make the head, of one format each: add text to line, and slots. */
void list_long(struct line *line, struct list_style *style,
    const struct list_entry *entry);
void list_facts(struct line *line, struct list_style *style,
    const struct list_entry *entry);

/* A slot after what is in line now. */
void list_slot(const struct line *line, struct list_style *style,
    list_adder add);

/*
 * Adds the line with its CR LF; there must be room for LIST_LINE_MAX bytes.
 * false: the name is left out.
 */
bool list_format(struct line *line, struct list_style *style,
    const struct list_entry *entry);

/* The line above those of a directory that is below another: start and path. */
void list_heading(struct line *line, const char *start, const char *path,
    size_t len);

#endif
