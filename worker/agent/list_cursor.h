/*
 * list_cursor - what list.c and list_begin.c share: a listing under way.
 *
 * list_begin.c finds what is to be listed, and makes the first lines; list.c
 * goes through the names.
 */
#ifndef WORKER_AGENT_LIST_CURSOR_H
#define WORKER_AGENT_LIST_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "shm/base/attr.h"
#include "worker/agent/line.h"
#include "worker/agent/list.h"
#include "worker/agent/list_format.h"

struct list {
	const struct jail *jail;
	struct list_style style;
	uint32_t flags;
	int directory; /* -1: a single line */
	int pipe;
	struct loop_watch *watch;
	struct line out;
	size_t fill;    /* no further line is begun beyond that in out */
	size_t written; /* of out */
	size_t names_size, names_len, names_at;
	bool at_end;
	uint32_t entries;
	list_handler handler;
	void *context;
	uint8_t *prefix;
	char *pattern;      /* NULL: all names */
	uint8_t *names;     /* NAMES_SIZE bytes of struct dirent64 */
	struct statx facts; /* of the entry that is added */
};

/* Opens what is to be listed, or makes its line.  0, or -1 with errno. */
NODISCARD int list_open(struct list *list, const struct list_request *request);

/* What is asked for of a name below the directory, of which "" is itself. */
NODISCARD int list_look(const struct list *list, int directory,
    const char *name, struct statx *facts);
void list_add(struct list *list, int directory, const struct list_entry *entry);

#endif
