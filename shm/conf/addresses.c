/* passive.address and tls.masquerade_address: what clients are told. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shm/conf/build.h"
#include "shm/conf/value.h"

#define NAME_LEN_MAX 253

static const char *const fields[] = { "address", "network" };
enum {
	FIELD_ADDRESS,
	FIELD_NETWORK
};

static void
free_items(struct conf_addresses *list)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		free(list->items[i].name);
		free(list->items[i].file);
	}
	free(list->items);
	list->items = NULL;
	list->count = 0;
}

/* Whether it can be the name of a host, or of a network interface. */
static bool
is_name(const char *text)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz"
				      "0123456789._:-";
	size_t len = strlen(text);

	/* What ends in a number is meant to be an address. */
	return (len > 0 && len <= NAME_LEN_MAX && text[0] != '-' &&
	    text[strspn(text, letters)] == '\0' &&
	    text[strspn(text, "0123456789.:")] != '\0' &&
	    strstr(text, "::") == NULL);
}

/* "local", an address, or a name, which is looked up later. */
static bool
take_address(const struct value *value, const struct node *node,
    const char *text, struct conf_told *told)
{
	struct shown shown;

	if (strcasecmp(text, "local") == 0)
		return (true);
	if (address_parse(&told->address, text) == 0 &&
	    !address_is_any(&told->address))
		return (true);
	memset(&told->address, 0, sizeof(told->address));
	if (!is_name(text)) {
		value_refuse(value, node,
		    "%s is not an IPv4 or IPv6 address, the name of a host or "
		    "of an interface, or local",
		    report_show(&shown, text));
		return (false);
	}
	told->line = node->place.line;
	told->column = node->place.column;
	return (strings_replace(value->load, &told->name, text) &&
	    strings_replace(value->load, &told->file,
		value->load->files == NULL
		    ? ""
		    : value->load->files[node->place.file].name));
}

struct item {
	struct conf_told *told;
	bool address;
};

static bool
take_field(const struct value *value, size_t field, const struct node *node,
    void *context)
{
	struct item *item = context;
	const char *text = value_text(value, node);

	if (text == NULL)
		return (false);
	if (field == FIELD_NETWORK) {
		item->told->everywhere = false;
		return (network_read(value, node, text, &item->told->network));
	}
	item->address = true;
	return (take_address(value, node, text, item->told));
}

static bool
read_item(const struct value *value, const struct node *node,
    struct conf_told *told)
{
	struct item item = { told, false };

	if (!fields_walk(value, node, fields, NITEMS(fields), take_field,
		&item))
		return (false);
	if (!item.address)
		value_refuse(value, node, "address is missing");
	return (item.address);
}

/* The items of a list, or the one that a text is. */
static bool
read_items(const struct value *value, struct conf_addresses *list)
{
	const struct node *node = value->node;
	const char *text;
	bool good = true;

	if (node->kind == NODE_LIST) {
		for (node = node->first; node != NULL; node = node->next)
			good = read_item(value, node,
				   &list->items[list->count++]) &&
			    good;
		return (good);
	}
	text = value_text(value, node);
	if (text == NULL)
		return (false);
	if (strcasecmp(text, "none") == 0)
		return (true);
	return (take_address(value, node, text, &list->items[list->count++]));
}

bool
addresses_read(const struct value *value)
{
	void *at = (char *)value->object + value->key->offset;
	struct conf_addresses *field = at, list = { NULL, 0 };
	size_t i, room = (size_t)value->node->count + 1;

	list.items = calloc(room, sizeof(*list.items));
	if (list.items == NULL) {
		report_no_memory(value->load);
		return (false);
	}
	for (i = 0; i < room; i++)
		list.items[i].everywhere = true;
	if (!read_items(value, &list)) {
		free_items(&list);
		return (false);
	}
	free_items(field);
	*field = list;
	return (true);
}

static int
write_address(struct buf *out, const struct conf_told *told)
{
	char text[ADDRESS_TEXT_MAX];

	if (told->name != NULL)
		return (scalar_write_text(out, told->name));
	if (address_is_any(&told->address))
		return (buf_printf(out, "local"));
	return (buf_printf(out, "\"%s\"", address_text(&told->address, text)));
}

static int
write_item(struct buf *out, const struct conf_told *told)
{
	if (buf_printf(out, "{address: ") == -1 ||
	    write_address(out, told) == -1)
		return (-1);
	if (told->everywhere)
		return (buf_printf(out, "}"));
	if (buf_printf(out, ", network: ") == -1 ||
	    network_write(out, &told->network) == -1)
		return (-1);
	return (buf_printf(out, "}"));
}

int
addresses_write(struct buf *out, const struct conf_key *key, const void *object)
{
	const void *at = (const char *)object + key->offset;
	const struct conf_addresses *list = at;
	size_t i;

	if (list->count == 0)
		return (buf_printf(out, "none"));
	if (list->count == 1 && list->items[0].everywhere)
		return (write_address(out, &list->items[0]));
	if (buf_printf(out, "[") == -1)
		return (-1);
	for (i = 0; i < list->count; i++)
		if ((i > 0 && buf_printf(out, ", ") == -1) ||
		    write_item(out, &list->items[i]) == -1)
			return (-1);
	return (buf_printf(out, "]"));
}

void
addresses_release(const struct conf_key *key, void *object)
{
	void *at = (char *)object + key->offset;

	free_items(at);
}

/* --- names ---------------------------------------------------------------- */

typedef bool (*each_told)(struct conf_told *told, void *context);

static bool
each_of(struct conf_addresses *list, each_told each, void *context)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (list->items[i].name != NULL &&
		    !each(&list->items[i], context))
			return (false);
	return (true);
}

/* Calls each for all that have a name. */
static bool
each_name(struct conf *conf, each_told each, void *context)
{
	size_t i;

	for (i = 0; i < conf->nhosts; i++)
		if (!each_of(&conf->hosts[i].passive_addresses, each,
			context) ||
		    !each_of(&conf->hosts[i].tls.masquerade_addresses, each,
			context))
			return (false);
	return (true);
}

static bool
count_name(struct conf_told *told, void *context)
{
	(void)told;
	++*(size_t *)context;
	return (true);
}

static bool
list_name(struct conf_told *told, void *context)
{
	struct conf *conf = context;

	conf->names[conf->nnames++].first = told;
	return (true);
}

static int
by_text(const void *a, const void *b)
{
	const struct conf_name *one = a, *other = b;

	return (strcasecmp(one->first->name, other->first->name));
}

/* The number of each name, from 1. */
static bool
number_name(struct conf_told *told, void *context)
{
	const struct conf *conf = context;
	const struct conf_name wanted = { .first = told };
	const struct conf_name *found;

	found = bsearch(&wanted, conf->names, conf->nnames,
	    sizeof(conf->names[0]), by_text);
	told->number = found == NULL ? 0 : (uint32_t)(found - conf->names) + 1;
	return (true);
}

int
names_build(struct conf *conf)
{
	size_t i, count = 0, all;

	(void)each_name(conf, count_name, &count);
	if (count == 0)
		return (0);
	conf->names = calloc(count, sizeof(conf->names[0]));
	if (conf->names == NULL)
		return (-1);
	(void)each_name(conf, list_name, conf);
	qsort(conf->names, count, sizeof(conf->names[0]), by_text);
	all = conf->nnames;
	conf->nnames = 0;
	for (i = 0; i < all; i++)
		if (conf->nnames == 0 ||
		    by_text(&conf->names[conf->nnames - 1], &conf->names[i]) !=
			0)
			conf->names[conf->nnames++] = conf->names[i];
	(void)each_name(conf, number_name, conf);
	return (0);
}
