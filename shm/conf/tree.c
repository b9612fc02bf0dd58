/* From events to a tree of nodes. */
#include <string.h>
#include <strings.h>

#include "shm/conf/reader.h"
#include "shm/conf/schema.h"

#define SCALAR_MAX ((size_t)4096) /* bytes of one value */
#define LIST_MAX   1024u          /* items in the list of a value */
#define FIELDS_MAX 32u            /* keys in a mapping in a value */

struct place
tree_place(const struct reader *reader, yaml_mark_t mark)
{
	struct place place;

	place.file = reader->source->file;
	place.line =
	    mark.line >= UINT32_MAX ? UINT32_MAX : (uint32_t)mark.line + 1;
	place.column = mark.column >= UINT16_MAX ? UINT16_MAX
						 : (uint16_t)(mark.column + 1);
	return (place);
}

/* --- nodes ---------------------------------------------------------------- */

bool
tree_give_up(struct reader *reader, yaml_mark_t mark, const char *why)
{
	report_add(reader->load, tree_place(reader, mark), "%s", why);
	reader->load->partial = true;
	return (false);
}

static struct node *
new_node(struct reader *reader, yaml_mark_t mark)
{
	struct node *node;

	node = arena_alloc(&reader->load->arena, sizeof(*node));
	if (node == NULL) {
		report_no_memory(reader->load);
		return (NULL);
	}
	node->place = tree_place(reader, mark);
	node->key_place = node->place;
	return (node);
}

static void
append(struct node *parent, struct node *node)
{
	if (parent->last == NULL)
		parent->first = node;
	else
		parent->last->next = node;
	parent->last = node;
	parent->count++;
}

static const struct node *
find_key(const struct node *mapping, const char *key)
{
	const struct node *node;

	for (node = mapping->first; node != NULL; node = node->next)
		if (strcmp(node->key, key) == 0)
			return (node);
	return (NULL);
}

static bool
is_null(const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;

	return (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	    (text[0] == '\0' || strcmp(text, "~") == 0 ||
		strcasecmp(text, "null") == 0));
}

static bool
is_start(const yaml_event_t *event)
{
	return (event->type == YAML_SEQUENCE_START_EVENT ||
	    event->type == YAML_MAPPING_START_EVENT);
}

/* --- keys ----------------------------------------------------------------- */

static bool
refuse_key(struct reader *reader, const yaml_event_t *event, const char *why)
{
	struct shown shown;

	report_add(reader->load, tree_place(reader, event->start_mark),
	    "%s: %s",
	    report_show(&shown, (const char *)event->data.scalar.value), why);
	return (true);
}

/* A key in the mapping of the frame; its value comes next. */
static bool
read_key(struct reader *reader, struct frame *frame, const yaml_event_t *event)
{
	const char *key = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	const struct node *first;
	struct node *entry;
	struct shown shown;

	if (event->type != YAML_SCALAR_EVENT)
		return (tree_give_up(reader, event->start_mark,
		    "a key must be a plain word"));
	frame->has_key = true;
	frame->entry = NULL;
	if (strlen(key) != len)
		return (refuse_key(reader, event, "a NUL byte in a key"));
	if (strcmp(key, "<<") == 0)
		return (refuse_key(reader, event, "merge keys are refused"));
	first = find_key(frame->node, key);
	if (first != NULL) {
		report_add(reader->load, tree_place(reader, event->start_mark),
		    "%s is set twice, first in line %u",
		    report_show(&shown, first->key), first->key_place.line);
		return (true);
	}
	if (frame->node->role == NODE_VALUE && frame->node->count >= FIELDS_MAX)
		return (
		    tree_give_up(reader, event->start_mark, "too many keys"));
	entry = new_node(reader, event->start_mark);
	if (entry == NULL)
		return (false);
	entry->key = arena_copy(&reader->load->arena, key, len);
	if (entry->key == NULL) {
		report_no_memory(reader->load);
		return (false);
	}
	if (frame->node->role == NODE_VALUE ||
	    schema_key(reader->load, frame->node, entry))
		frame->entry = entry;
	return (!reader->load->report.no_memory);
}

/* --- values --------------------------------------------------------------- */

static bool
push(struct reader *reader, struct node *node, yaml_mark_t mark)
{
	struct frame *frame;

	if (reader->depth >= LOAD_DEPTH_MAX)
		return (tree_give_up(reader, mark, "nested too deeply"));
	frame = &reader->stack[reader->depth++];
	frame->node = node;
	frame->entry = NULL;
	frame->has_key = false;
	return (true);
}

/* Passes over a value: counts what opens in it. */
static bool
skip_value(struct reader *reader, const yaml_event_t *event)
{
	if (!is_start(event))
		return (true);
	if (reader->depth + reader->skip >= LOAD_DEPTH_MAX)
		return (tree_give_up(reader, event->start_mark,
		    "nested too deeply"));
	reader->skip++;
	return (true);
}

static bool
set_text(struct reader *reader, struct node *node, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;

	node->kind = NODE_SCALAR;
	if (len > SCALAR_MAX) {
		report_add(reader->load, node->place,
		    "a value of more than %zu bytes", SCALAR_MAX);
		len = 0;
	} else if (memchr(text, '\0', len) != NULL) {
		report_add(reader->load, node->place, "a NUL byte in a value");
		len = 0;
	}
	node->text = arena_copy(&reader->load->arena, text, len);
	if (node->text == NULL)
		report_no_memory(reader->load);
	return (node->text != NULL);
}

/* Sets kind and text of node as the event has them. */
static bool
set_value(struct reader *reader, struct node *node, const yaml_event_t *event)
{
	node->place = tree_place(reader, event->start_mark);
	if (event->type == YAML_SEQUENCE_START_EVENT)
		node->kind = NODE_LIST;
	else if (event->type == YAML_MAPPING_START_EVENT)
		node->kind = NODE_MAPPING;
	else if (is_null(event))
		node->kind = NODE_NULL;
	else
		return (set_text(reader, node, event));
	return (true);
}

/* An item of the list in frame, a node of its own. */
static struct node *
new_item(struct reader *reader, const struct frame *frame,
    const yaml_event_t *event)
{
	const struct node *list = frame->node;
	struct node *item;

	if (list->count >=
	    (list->role == NODE_HOSTS ? LOAD_HOSTS_MAX : LIST_MAX)) {
		reader->load->hopeless = list->role == NODE_HOSTS;
		tree_give_up(reader, event->start_mark,
		    "too many items in a list");
		return (NULL);
	}
	item = new_node(reader, event->start_mark);
	if (item != NULL && list->role == NODE_HOSTS) {
		item->role = NODE_SECTION;
		item->key = "an entry of hosts";
		item->path = "";
		item->context = CONTEXT_HOST;
	}
	return (item);
}

/* The node that the value belongs to: a key's, or an item. */
static struct node *
value_node(struct reader *reader, struct frame *frame,
    const yaml_event_t *event)
{
	struct node *node;

	if (frame->node->kind == NODE_LIST)
		return (new_item(reader, frame, event));
	node = frame->entry;
	frame->entry = NULL;
	frame->has_key = false;
	return (node);
}

/* A value in the frame: an item of a list, or what belongs to a key. */
static bool
read_value(struct reader *reader, struct frame *frame,
    const yaml_event_t *event, bool refused)
{
	bool awaited = frame->node->kind == NODE_LIST || frame->entry != NULL;
	struct node *node;

	node = value_node(reader, frame, event);
	if (node == NULL && awaited)
		return (false);
	if (node == NULL || refused)
		return (skip_value(reader, event));
	if (!set_value(reader, node, event))
		return (false);
	if (!schema_value(reader->load, node))
		return (skip_value(reader, event));
	append(frame->node, node);
	return (is_start(event) ? push(reader, node, event->start_mark) : true);
}

/* The first value of the document. */
static bool
read_root(struct reader *reader, const yaml_event_t *event)
{
	struct node *root;

	root = new_node(reader, event->start_mark);
	if (root == NULL)
		return (false);
	root->role = NODE_SECTION;
	root->path = "";
	root->context = CONTEXT_SERVER;
	reader->load->files[reader->source->file].root = root;
	if (event->type == YAML_SCALAR_EVENT && is_null(event))
		return (true);
	if (event->type != YAML_MAPPING_START_EVENT)
		return (tree_give_up(reader, event->start_mark,
		    "the file must be a mapping: lines with \"key: value\""));
	root->kind = NODE_MAPPING;
	return (push(reader, root, event->start_mark));
}

/* --- events --------------------------------------------------------------- */

/* Whether the value carries an anchor or a tag, which are refused (said). */
static bool
is_marked(const struct reader *reader, const yaml_event_t *event)
{
	const yaml_char_t *anchor, *tag;
	bool marked;

	if (event->type == YAML_SCALAR_EVENT) {
		anchor = event->data.scalar.anchor;
		tag = event->data.scalar.tag;
		marked = !event->data.scalar.plain_implicit &&
		    !event->data.scalar.quoted_implicit;
		marked = marked ||
		    (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
			!event->data.scalar.plain_implicit);
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		anchor = event->data.sequence_start.anchor;
		tag = event->data.sequence_start.tag;
		marked = !event->data.sequence_start.implicit;
	} else {
		anchor = event->data.mapping_start.anchor;
		tag = event->data.mapping_start.tag;
		marked = !event->data.mapping_start.implicit;
	}
	marked = marked || tag != NULL;
	if (anchor != NULL)
		report_add(reader->load, tree_place(reader, event->start_mark),
		    "%s", "anchors (&) are refused" QUOTE_HINT);
	else if (marked)
		report_add(reader->load, tree_place(reader, event->start_mark),
		    "%s", "tags (!) are refused" QUOTE_HINT);
	return (marked || anchor != NULL);
}

bool
tree_value(struct reader *reader, const yaml_event_t *event)
{
	struct frame *frame;
	bool refused;

	if (reader->skip > 0)
		return (skip_value(reader, event));
	refused = is_marked(reader, event);
	if (reader->depth == 0)
		return (read_root(reader, event));
	frame = &reader->stack[reader->depth - 1];
	if (frame->node->kind == NODE_MAPPING && !frame->has_key)
		return (read_key(reader, frame, event));
	return (read_value(reader, frame, event, refused));
}

bool
tree_alias(struct reader *reader, const yaml_event_t *event)
{
	struct frame *frame;

	report_add(reader->load, tree_place(reader, event->start_mark), "%s",
	    "aliases (*) are refused" QUOTE_HINT);
	if (reader->skip > 0 || reader->depth == 0)
		return (true);
	frame = &reader->stack[reader->depth - 1];
	if (frame->node->kind == NODE_MAPPING && !frame->has_key)
		return (tree_give_up(reader, event->start_mark,
		    "a key must be a plain word"));
	frame->has_key = false;
	frame->entry = NULL;
	return (true);
}

void
tree_end(struct reader *reader)
{
	if (reader->skip > 0)
		reader->skip--;
	else
		reader->depth--;
}
