/* Addresses and ports: listen, passive.ports. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shm/conf/value.h"

#define PORT_FTP  21
#define PORT_FTPS 990
#define PORT_OPEN 1024 /* lower ones are not for workers */

/* --- listen --------------------------------------------------------------- */

/* An item of the list while its mapping is read. */
struct item {
	struct conf_listener listener;
	bool address, everywhere, port;
};

static const char *const fields[] = { "address", "port", "implicit" };
enum {
	FIELD_ADDRESS,
	FIELD_PORT,
	FIELD_IMPLICIT
};

static bool
take_address(const struct value *value, const struct node *node,
    const char *text, struct item *item)
{
	uint16_t port = item->listener.address.port;
	struct shown shown;

	item->address = true;
	if (strcmp(text, "*") == 0) {
		item->everywhere = true;
		return (true);
	}
	if (address_parse(&item->listener.address, text) == -1) {
		value_refuse(value, node,
		    "%s is not an IPv4 or IPv6 address, or \"*\"",
		    report_show(&shown, text));
		return (false);
	}
	item->listener.address.port = port;
	return (true);
}

static bool
take_field(const struct value *value, size_t field, const struct node *node,
    void *context)
{
	struct item *item = context;
	const char *text = value_text(value, node);
	struct shown shown;
	uint64_t port;

	if (text == NULL)
		return (false);
	if (field == FIELD_ADDRESS)
		return (take_address(value, node, text, item));
	if (field == FIELD_IMPLICIT) {
		if (scalar_bool(text, &item->listener.implicit))
			return (true);
		value_refuse(value, node, "expected on or off, not %s",
		    report_show(&shown, text));
		return (false);
	}
	if (!scalar_number(text, &port) || port < 1 || port > 65535) {
		value_refuse(value, node,
		    "a port is a number from 1 to 65535, not %s",
		    report_show(&shown, text));
		return (false);
	}
	item->listener.address.port = (uint16_t)port;
	item->port = true;
	return (true);
}

static bool
add_listener(struct load *load, struct conf_host *host,
    const struct conf_listener *listener)
{
	struct conf_listener *list;

	list = realloc(host->listen, (host->nlisten + 1) * sizeof(*list));
	if (list == NULL) {
		report_no_memory(load);
		return (false);
	}
	host->listen = list;
	list[host->nlisten++] = *listener;
	return (true);
}

/* "*" is two listeners: a socket takes one family only. */
static bool
add_item(const struct value *value, struct conf_host *host, struct item *item)
{
	struct conf_listener *listener = &item->listener;
	uint16_t port;

	if (!item->port)
		listener->address.port =
		    listener->implicit ? PORT_FTPS : PORT_FTP;
	if (!item->everywhere)
		return (add_listener(value->load, host, listener));
	port = listener->address.port;
	if (address_parse(&listener->address, "0.0.0.0") == -1)
		return (false);
	listener->address.port = port;
	if (!add_listener(value->load, host, listener))
		return (false);
	memset(&listener->address, 0, sizeof(listener->address));
	listener->address.port = port;
	return (add_listener(value->load, host, listener));
}

static bool
read_item(const struct value *value, const struct node *node,
    struct conf_host *host)
{
	struct item item;

	memset(&item, 0, sizeof(item));
	if (!fields_walk(value, node, fields, NITEMS(fields), take_field,
		&item))
		return (false);
	if (!item.address) {
		value_refuse(value, node,
		    "address is missing (\"*\" is every address)");
		return (false);
	}
	return (add_item(value, host, &item));
}

bool
listen_read(const struct value *value)
{
	struct conf_host *host = value->object, fresh;
	const struct node *node;
	bool good = true;

	if (value->node->kind != NODE_LIST) {
		value_refuse(value, value->node,
		    "takes a list, such as "
		    "\"- {address: 192.0.2.1, port: 21}\"");
		return (false);
	}
	memset(&fresh, 0, sizeof(fresh));
	for (node = value->node->first; node != NULL; node = node->next)
		good = read_item(value, node, &fresh) && good;
	if (!good) {
		free(fresh.listen);
		return (false);
	}
	free(host->listen);
	host->listen = fresh.listen;
	host->nlisten = fresh.nlisten;
	return (true);
}

int
listen_write(struct buf *out, const struct conf_key *key, const void *object)
{
	const struct conf_host *host = object;
	const struct conf_listener *listener;
	char address[ADDRESS_TEXT_MAX];
	size_t i;
	int ret;

	(void)key;
	ret = buf_append(out, "[", 1);
	for (i = 0; i < host->nlisten && ret == 0; i++) {
		listener = &host->listen[i];
		ret = buf_printf(out,
		    "%s{address: \"%s\", port: %u, implicit: %s}",
		    i == 0 ? "" : ", ",
		    address_text(&listener->address, address),
		    listener->address.port, listener->implicit ? "on" : "off");
	}
	return (ret == 0 ? buf_append(out, "]", 1) : ret);
}

void
listen_release(const struct conf_key *key, void *object)
{
	struct conf_host *host = object;

	(void)key;
	free(host->listen);
	host->listen = NULL;
	host->nlisten = 0;
}

/* --- passive.ports -------------------------------------------------------- */

/* Reads "first-last"; blanks around the dash are allowed. */
static bool
parse_ports(const char *text, uint64_t *first, uint64_t *last)
{
	char copy[32], *dash, *end;

	if (strlen(text) >= sizeof(copy))
		return (false);
	memcpy(copy, text, strlen(text) + 1);
	dash = strchr(copy, '-');
	if (dash == NULL)
		return (false);
	for (end = dash; end > copy && end[-1] == ' '; end--)
		;
	*end = '\0';
	for (dash++; *dash == ' '; dash++)
		;
	return (scalar_number(copy, first) && scalar_number(dash, last));
}

bool
ports_read(const struct value *value)
{
	struct conf_host *host = value->object;
	const char *text = value_text(value, value->node);
	uint64_t first = 0, last = 0;
	struct shown shown;

	if (text == NULL)
		return (false);
	if (strcasecmp(text, "any") != 0 &&
	    (!parse_ports(text, &first, &last) || first < PORT_OPEN ||
		last > 65535 || first > last)) {
		value_refuse(value, value->node,
		    "expected first-last between 1024 and 65535, or any, not %s",
		    report_show(&shown, text));
		return (false);
	}
	host->passive_first = (uint16_t)first;
	host->passive_last = (uint16_t)last;
	return (true);
}

int
ports_write(struct buf *out, const struct conf_key *key, const void *object)
{
	const struct conf_host *host = object;

	(void)key;
	if (host->passive_first == 0)
		return (buf_printf(out, "any"));
	return (
	    buf_printf(out, "%u-%u", host->passive_first, host->passive_last));
}
