/* reader - the parts of the YAML reader share this; nobody else includes it. */
#ifndef SHM_CONF_READER_H
#define SHM_CONF_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

#include "shm/base/attr.h"
#include "shm/conf/load.h"

#define QUOTE_HINT \
	"; a value that starts with ! * % @ or & must be put in quotes"

/* A list or mapping that is not at its end yet. */
struct frame {
	struct node *node;
	struct node *entry; /* a key whose value comes next; NULL: refused */
	bool has_key;
};

struct reader {
	struct load *load;
	const struct source *source;
	yaml_parser_t parser;
	struct frame stack[LOAD_DEPTH_MAX + 1];
	size_t depth;
	size_t skip;      /* lists and mappings open in a refused value */
	size_t mark;      /* bytes of a byte order mark that were left out */
	size_t bytes;     /* read so far */
	size_t since;     /* of them, since the last event */
	const char *stop; /* why reading ended early */
	bool document;    /* one has begun */
};

/* What libyaml calls for more bytes; 0 ends the reading. */
int source_feed(void *context, unsigned char *buffer, size_t size,
    size_t *size_read);

/* The line and column of a byte that libyaml could not read. */
NODISCARD struct place source_place(const struct reader *reader, size_t offset);

/* Where a mark of libyaml's is. */
NODISCARD struct place tree_place(const struct reader *reader,
    yaml_mark_t mark);

/*
 * Gives up the file, since the rest of it cannot be judged: reports why, and
 * returns false.
 */
bool tree_give_up(struct reader *reader, yaml_mark_t mark, const char *why);

/*
 * A scalar, or the start of a list or mapping: becomes a key or a node of the
 * tree.  false: nothing more is to be read.
 */
NODISCARD bool tree_value(struct reader *reader, const yaml_event_t *event);

/* An alias: reported, and what it stands for is left out. */
NODISCARD bool tree_alias(struct reader *reader, const yaml_event_t *event);

/* The end of a list or mapping. */
void tree_end(struct reader *reader);

#endif
