#include "master/listeners.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shm/base/address.h"
#include "shm/base/fd.h"

#define BACKLOG 4096

/* A worker goes through all of its descriptors for each one when it begins. */
#define SOCKETS_MAX     4096
#define ALL_SOCKETS_MAX 60000 /* of all workers */

struct listener {
	struct address address;
	int *fds; /* one a slot */
	uint32_t slots;
	uint32_t served; /* of these, since listeners_keep(); 0: it is new */
};

struct listeners {
	struct listener *items;
	size_t count;
};

struct listeners *
listeners_new(void)
{
	return (calloc(1, sizeof(struct listeners)));
}

static void
close_slots(struct listener *listener, uint32_t first)
{
	while (listener->slots > first)
		fd_close(&listener->fds[--listener->slots]);
}

static void
drop(struct listeners *listeners, size_t i)
{
	close_slots(&listeners->items[i], 0);
	free(listeners->items[i].fds);
	listeners->items[i] = listeners->items[--listeners->count];
}

void
listeners_free(struct listeners **listeners)
{
	if (*listeners == NULL)
		return;
	while ((*listeners)->count > 0)
		drop(*listeners, (*listeners)->count - 1);
	free((*listeners)->items);
	free(*listeners);
	*listeners = NULL;
}

static bool
same(const struct address *a, const struct address *b)
{
	return (address_same_ip(a, b) && a->port == b->port &&
	    a->scope == b->scope);
}

static struct listener *
find(const struct listeners *listeners, const struct address *address)
{
	size_t i;

	for (i = 0; i < listeners->count; i++)
		if (same(&listeners->items[i].address, address))
			return (&listeners->items[i]);
	return (NULL);
}

static bool
port_is_ours(const struct listeners *listeners, uint16_t port)
{
	size_t i;

	for (i = 0; i < listeners->count; i++)
		if (listeners->items[i].served > 0 &&
		    listeners->items[i].address.port == port)
			return (true);
	return (false);
}

/* A bound socket, or -1 with errno. */
static int
bind_one(const struct address *address, bool shared)
{
	struct sockaddr_storage storage;
	int fd, on = 1;
	socklen_t len;

	len = address_to_sockaddr(address, AF_UNSPEC, &storage);
	fd = socket(storage.ss_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return (-1);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
	    (shared &&
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) ==
		    -1) ||
	    (storage.ss_family == AF_INET6 &&
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) ==
		    -1) ||
	    bind(fd, (struct sockaddr *)&storage, len) == -1)
		fd_close(&fd);
	return (fd);
}

/*
 * SO_REUSEPORT would let us share a port with another server of the same user
 * without a word, so an address that is new to us is tried without it first.
 */
static int
probe(const struct address *address)
{
	int fd, ret;

	fd = bind_one(address, false);
	if (fd == -1)
		return (-1);
	/* Two bound sockets are fine with SO_REUSEADDR, two listening not. */
	ret = listen(fd, 1);
	fd_close(&fd);
	return (ret);
}

/*
 * Connections inherit these, which saves three calls for each, and have them
 * from the first moment on, also those that wait for a worker that begins:
 * replies go out at once, dead peers are found, and what follows a Telnet Synch
 * stays where it is in the stream.
 */
static void
set_options(int fd)
{
	const int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
}

static void
set_number(int fd, int level, int option, uint32_t number)
{
	int value = (int)number;

	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

/* These, too; each reload may change them. */
static void
set_keepalive(int fd, const struct conf *conf)
{
	set_number(fd, SOL_SOCKET, SO_KEEPALIVE, conf->keepalive_idle != 0);
	if (conf->keepalive_idle == 0)
		return;
	set_number(fd, IPPROTO_TCP, TCP_KEEPIDLE, conf->keepalive_idle);
	set_number(fd, IPPROTO_TCP, TCP_KEEPINTVL, conf->keepalive_interval);
	set_number(fd, IPPROTO_TCP, TCP_KEEPCNT, conf->keepalive_count);
}

static int
open_slots(struct listener *listener, const struct conf *conf)
{
	uint32_t slots = conf->workers;
	int *fds, fd;

	fds = reallocarray(listener->fds, slots, sizeof(*fds));
	if (fds == NULL)
		return (-1);
	listener->fds = fds;
	while (listener->slots < slots) {
		fd = bind_one(&listener->address, true);
		if (fd == -1)
			return (-1);
		listener->fds[listener->slots++] = fd;
		set_options(fd);
		set_keepalive(fd, conf);
		if (listen(fd, BACKLOG) == -1)
			return (-1);
	}
	return (0);
}

static void
describe(const struct address *address, char *text, size_t size)
{
	char ip[ADDRESS_TEXT_MAX];

	address_text(address, ip);
	(void)snprintf(text, size, address_is_v4(address) ? "%s:%u" : "[%s]:%u",
	    ip, address->port);
}

static void
mistake(struct conf_errors *errors, const char *path,
    const struct address *address)
{
	char text[ADDRESS_TEXT_MAX + 16];
	int error = errno;

	describe(address, text, sizeof(text));
	switch (error) {
	case EADDRINUSE:
		conf_errors_add(errors, path, 0, 0,
		    "cannot listen on %s: another program uses this port",
		    text);
		break;
	case EACCES:
		conf_errors_add(errors, path, 0, 0,
		    "cannot listen on %s: ports below 1024 need root", text);
		break;
	case EADDRNOTAVAIL:
		conf_errors_add(errors, path, 0, 0,
		    "cannot listen on %s: this machine does not have that "
		    "address",
		    text);
		break;
	default:
		conf_errors_add(errors, path, 0, 0, "cannot listen on %s: %s",
		    text, strerror(error));
		break;
	}
}

static int
add(struct listeners *listeners, const struct address *address)
{
	struct listener *items;

	items = reallocarray(listeners->items, listeners->count + 1,
	    sizeof(*items));
	if (items == NULL)
		return (-1);
	listeners->items = items;
	items += listeners->count++;
	memset(items, 0, sizeof(*items));
	items->address = *address;
	return (0);
}

/* Lists the addresses that are new, and tries each. */
static void
collect(struct listeners *listeners, const struct conf *conf, const char *path,
    struct conf_errors *errors)
{
	const struct address *address;
	size_t i, j;

	for (i = 0; i < conf->nhosts; i++)
		for (j = 0; j < conf->hosts[i].nlisten; j++) {
			address = &conf->hosts[i].listen[j].address;
			if (find(listeners, address) != NULL)
				continue;
			if ((!port_is_ours(listeners, address->port) &&
				probe(address) == -1) ||
			    add(listeners, address) == -1)
				mistake(errors, path, address);
		}
}

/* Nobody would accept on what is left open: such clients would wait. */
void
listeners_undo(struct listeners *listeners)
{
	struct listener *listener;
	size_t i;

	for (i = listeners->count; i > 0; i--) {
		listener = &listeners->items[i - 1];
		if (listener->served == 0)
			drop(listeners, i - 1);
		else
			close_slots(listener, listener->served);
	}
}

int
listeners_prepare(struct listeners *listeners, const struct conf *conf,
    const char *path, struct conf_errors *errors)
{
	size_t i, before = errors->count;

	collect(listeners, conf, path, errors);
	if (listeners->count > SOCKETS_MAX)
		conf_errors_add(errors, path, 0, 0,
		    "there are %zu addresses to listen on, more than %d",
		    listeners->count, SOCKETS_MAX);
	else if (listeners->count * conf->workers > ALL_SOCKETS_MAX)
		conf_errors_add(errors, path, 0, 0,
		    "%zu addresses to listen on, with %u workers, are more "
		    "than %d sockets",
		    listeners->count, conf->workers, ALL_SOCKETS_MAX);
	for (i = 0; errors->count == before && i < listeners->count; i++)
		if (open_slots(&listeners->items[i], conf) == -1)
			mistake(errors, path, &listeners->items[i].address);
	if (errors->count == before)
		return (0);
	listeners_undo(listeners);
	return (-1);
}

static bool
wanted(const struct conf *conf, const struct address *address)
{
	size_t i, j;

	for (i = 0; i < conf->nhosts; i++)
		for (j = 0; j < conf->hosts[i].nlisten; j++)
			if (same(&conf->hosts[i].listen[j].address, address))
				return (true);
	return (false);
}

void
listeners_keep(struct listeners *listeners, const struct conf *conf)
{
	struct listener *listener;
	uint32_t slot;
	size_t i;

	for (i = listeners->count; i > 0; i--) {
		listener = &listeners->items[i - 1];
		listener->served = listener->slots;
		if (!wanted(conf, &listener->address)) {
			drop(listeners, i - 1);
			continue;
		}
		for (slot = 0; slot < listener->slots; slot++)
			set_keepalive(listener->fds[slot], conf);
	}
}

static size_t
listeners_sockets(const struct listeners *listeners)
{
	size_t i, n = 0;

	for (i = 0; i < listeners->count; i++)
		n += listeners->items[i].slots;
	return (n);
}

/* The first host that names an address is the one it belongs to. */
static bool
seen(const struct start_listener *items, size_t count,
    const struct address *address)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (same(&items[i].address, address))
			return (true);
	return (false);
}

/* The sockets of one listener that the worker of slot serves. */
static size_t
add_sockets(struct start_listener *items, const struct listener *listener,
    uint32_t slot, uint32_t workers)
{
	size_t n = 0;

	for (; slot < listener->slots; slot += workers) {
		items[n].fd = listener->fds[slot];
		items[n++].address = listener->address;
	}
	return (n);
}

struct start_listener *
listeners_for(const struct listeners *listeners, const struct conf *conf,
    uint32_t slot, size_t *count)
{
	const struct conf_listener *entry;
	const struct listener *listener;
	struct start_listener *items;
	size_t i, j, k, n = 0, added;

	items = calloc(listeners_sockets(listeners) + 1, sizeof(*items));
	if (items == NULL)
		return (NULL);
	for (i = 0; i < conf->nhosts; i++)
		for (j = 0; j < conf->hosts[i].nlisten; j++) {
			entry = &conf->hosts[i].listen[j];
			listener = find(listeners, &entry->address);
			if (listener == NULL || seen(items, n, &entry->address))
				continue;
			added = add_sockets(items + n, listener, slot,
			    conf->workers);
			for (k = n; k < n + added; k++) {
				items[k].host = (uint32_t)i;
				items[k].implicit = entry->implicit;
			}
			n += added;
		}
	*count = n;
	return (items);
}
