/* Lists of networks (fxp_peers), and an address (active.address). */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shm/conf/value.h"

static bool
parse(struct conf_network *network, const char *text)
{
	char copy[ADDRESS_TEXT_MAX + 8], *slash;
	size_t len = strlen(text);
	uint64_t bits, most;

	if (len >= sizeof(copy))
		return (false);
	memcpy(copy, text, len + 1);
	slash = strchr(copy, '/');
	if (slash != NULL)
		*slash = '\0';
	if (address_parse(&network->address, copy) != 0)
		return (false);
	most = address_is_v4(&network->address) ? 32 : 128;
	bits = most;
	if (slash != NULL && (!scalar_number(slash + 1, &bits) || bits > most))
		return (false);
	network->bits = (uint8_t)bits;
	return (true);
}

bool
network_read(const struct value *value, const struct node *node,
    const char *text, struct conf_network *network)
{
	struct address masked;
	struct shown shown;
	bool good = parse(network, text);

	masked = network->address;
	if (good)
		address_mask(&masked, network->bits, network->bits);
	if (good && address_same_ip(&masked, &network->address))
		return (true);
	value_refuse(value, node,
	    good ? "%s has bits beyond its length set"
		 : "%s is not a network, such as 10.0.0.0/8",
	    report_show(&shown, text));
	return (false);
}

int
network_write(struct buf *out, const struct conf_network *network)
{
	char text[ADDRESS_TEXT_MAX];

	return (buf_printf(out, "\"%s/%u\"",
	    address_text(&network->address, text), network->bits));
}

static void
free_items(struct conf_networks *list)
{
	free(list->items);
	list->items = NULL;
	list->count = 0;
}

static bool
add(const struct value *value, const struct node *node, const char *word,
    void *context)
{
	struct conf_networks *list = context;
	struct conf_network *items, network;

	if (strcasecmp(word, "none") == 0)
		return (true);
	if (!network_read(value, node, word, &network))
		return (false);
	items = realloc(list->items, (list->count + 1) * sizeof(*items));
	if (items == NULL) {
		report_no_memory(value->load);
		return (false);
	}
	list->items = items;
	list->items[list->count++] = network;
	return (true);
}

bool
networks_read(const struct value *value)
{
	void *at = (char *)value->object + value->key->offset;
	struct conf_networks *field = at, list = { NULL, 0 };

	if (!words_walk(value, value->node, add, &list)) {
		free_items(&list);
		return (false);
	}
	free_items(field);
	*field = list;
	return (true);
}

int
networks_write(struct buf *out, const struct conf_key *key, const void *object)
{
	const void *at = (const char *)object + key->offset;
	const struct conf_networks *list = at;
	size_t i;

	if (buf_printf(out, list->count == 0 ? "none" : "[") == -1)
		return (-1);
	for (i = 0; i < list->count; i++)
		if ((i > 0 && buf_printf(out, ", ") == -1) ||
		    network_write(out, &list->items[i]) == -1)
			return (-1);
	return (list->count == 0 ? 0 : buf_printf(out, "]"));
}

void
networks_release(const struct conf_key *key, void *object)
{
	void *at = (char *)object + key->offset;

	free_items(at);
}

bool
conf_network_has(const struct conf_network *network,
    const struct address *address)
{
	struct address masked = *address;

	if (address_is_v4(address) != address_is_v4(&network->address))
		return (false);
	address_mask(&masked, network->bits, network->bits);
	return (address_same_ip(&masked, &network->address));
}

bool
address_read(const struct value *value)
{
	const char *text = value_text(value, value->node);
	struct address address;
	struct shown shown;

	if (text == NULL)
		return (false);
	memset(&address, 0, sizeof(address));
	if (strcasecmp(text, "local") != 0 &&
	    (address_parse(&address, text) != 0 || address_is_any(&address))) {
		value_refuse(value, value->node,
		    "%s is not an address, and not \"local\"",
		    report_show(&shown, text));
		return (false);
	}
	memcpy((char *)value->object + value->key->offset, &address,
	    sizeof(address));
	return (true);
}

int
address_write(struct buf *out, const struct conf_key *key, const void *object)
{
	struct address address;
	char text[ADDRESS_TEXT_MAX];

	memcpy(&address, (const char *)object + key->offset, sizeof(address));
	if (address_is_any(&address))
		return (buf_printf(out, "local"));
	return (buf_printf(out, "\"%s\"", address_text(&address, text)));
}
