/* Unit tests of the listening sockets. */
#include <CUnit/CUnit.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "master/listeners.h"
#include "tests/unit/suites.h"

/* A configuration that listens on some ports of loopback. */
struct setup {
	struct conf conf;
	struct conf_host hosts[2];
	struct conf_listener entries[3];
	struct conf_errors errors;
};

/* A port of loopback that was free a moment ago. */
static uint16_t
free_port(void)
{
	struct sockaddr_in address;
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(&address, 0, sizeof(address));
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CU_ASSERT_EQUAL(bind(fd, (struct sockaddr *)&address, len), 0);
	CU_ASSERT_EQUAL(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	close(fd);
	return (ntohs(address.sin_port));
}

static void
fill(struct setup *setup, uint32_t workers)
{
	size_t i;

	memset(setup, 0, sizeof(*setup));
	setup->conf.hosts = setup->hosts;
	setup->conf.nhosts = 2;
	setup->conf.workers = workers;
	setup->conf.keepalive_idle = 100;
	setup->conf.keepalive_interval = 20;
	setup->conf.keepalive_count = 3;
	for (i = 0; i < NITEMS(setup->entries); i++) {
		CU_ASSERT_EQUAL(address_parse(&setup->entries[i].address,
				    "127.0.0.1"),
		    0);
		setup->entries[i].address.port = free_port();
	}
	setup->hosts[0].listen = setup->entries;
	setup->hosts[0].nlisten = 2;
	setup->entries[1].implicit = true;
	setup->hosts[1].listen = &setup->entries[2];
	setup->hosts[1].nlisten = 1;
}

static bool
is_listening(int fd)
{
	int on = 0;
	socklen_t len = sizeof(on);

	return (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == 0 &&
	    on != 0);
}

/* Also for who connects before a worker has begun. */
static bool
replies_go_out_at_once(int fd)
{
	int on = 0;
	socklen_t len = sizeof(on);

	return (getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len) == 0 &&
	    on != 0);
}

static void
gives_each_slot_its_own(void)
{
	struct start_listener *first, *second;
	struct listeners *listeners;
	struct setup setup;
	size_t i, j, n;

	fill(&setup, 2);
	listeners = listeners_new();
	CU_ASSERT_EQUAL_FATAL(listeners_prepare(listeners, &setup.conf, "conf",
				  &setup.errors),
	    0);
	first = listeners_for(listeners, &setup.conf, 0, &n);
	CU_ASSERT_EQUAL_FATAL(n, 3);
	second = listeners_for(listeners, &setup.conf, 1, &n);
	CU_ASSERT_EQUAL_FATAL(n, 3);
	for (i = 0; i < n; i++) {
		CU_ASSERT_TRUE(is_listening(first[i].fd));
		CU_ASSERT_TRUE(replies_go_out_at_once(first[i].fd));
		CU_ASSERT_EQUAL(first[i].host, i == 2 ? 1 : 0);
		CU_ASSERT_EQUAL(first[i].implicit, i == 1);
		CU_ASSERT_EQUAL(first[i].address.port,
		    setup.entries[i].address.port);
		for (j = 0; j < n; j++)
			CU_ASSERT_NOT_EQUAL(first[i].fd, second[j].fd);
	}
	free(first);
	free(second);
	listeners_free(&listeners);
	CU_ASSERT_PTR_NULL(listeners);
}

/* Slots that have no worker any more are served by one that is there. */
static void
lends_slots(void)
{
	struct start_listener *lent;
	struct listeners *listeners;
	struct setup setup;
	size_t n;

	fill(&setup, 3);
	listeners = listeners_new();
	CU_ASSERT_EQUAL(listeners_prepare(listeners, &setup.conf, "conf",
			    &setup.errors),
	    0);
	setup.conf.workers = 2;
	lent = listeners_for(listeners, &setup.conf, 0, &n);
	CU_ASSERT_EQUAL(n, 6);
	free(lent);
	lent = listeners_for(listeners, &setup.conf, 1, &n);
	CU_ASSERT_EQUAL(n, 3);
	free(lent);
	listeners_free(&listeners);
}

static void
shares_no_port_with_others(void)
{
	struct listeners *ours, *theirs;
	struct start_listener *items;
	struct setup setup;
	size_t n;

	fill(&setup, 1);
	ours = listeners_new();
	theirs = listeners_new();
	setup.conf.nhosts = 1;
	CU_ASSERT_EQUAL(listeners_prepare(theirs, &setup.conf, "conf",
			    &setup.errors),
	    0);
	setup.conf.nhosts = 2;
	CU_ASSERT_EQUAL(listeners_prepare(ours, &setup.conf, "conf",
			    &setup.errors),
	    -1);
	CU_ASSERT_EQUAL_FATAL(setup.errors.count, 2);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(setup.errors.items[0].text, "another program"));
	/* Nothing is kept of what could have been had. */
	items = listeners_for(ours, &setup.conf, 0, &n);
	CU_ASSERT_EQUAL(n, 0);
	free(items);
	listeners_free(&theirs);
	conf_errors_free(&setup.errors);
	CU_ASSERT_EQUAL(listeners_prepare(ours, &setup.conf, "conf",
			    &setup.errors),
	    0);
	listeners_free(&ours);
}

static void
keeps_what_is_wanted(void)
{
	struct start_listener *before, *after;
	struct listeners *listeners;
	struct setup setup;
	size_t n;

	fill(&setup, 1);
	listeners = listeners_new();
	CU_ASSERT_EQUAL(listeners_prepare(listeners, &setup.conf, "conf",
			    &setup.errors),
	    0);
	before = listeners_for(listeners, &setup.conf, 0, &n);
	CU_ASSERT_EQUAL(n, 3);
	/* The second host goes, a further port comes. */
	setup.conf.nhosts = 1;
	setup.entries[1].address.port = free_port();
	CU_ASSERT_EQUAL(listeners_prepare(listeners, &setup.conf, "conf",
			    &setup.errors),
	    0);
	listeners_keep(listeners, &setup.conf);
	after = listeners_for(listeners, &setup.conf, 0, &n);
	CU_ASSERT_EQUAL_FATAL(n, 2);
	CU_ASSERT_EQUAL(after[0].fd, before[0].fd);
	CU_ASSERT_TRUE(is_listening(after[1].fd));
	CU_ASSERT_FALSE(is_listening(before[2].fd));
	free(before);
	free(after);
	listeners_free(&listeners);
}

static void
says_which_address_is_wrong(void)
{
	struct listeners *listeners;
	struct setup setup;

	fill(&setup, 1);
	CU_ASSERT_EQUAL(address_parse(&setup.entries[2].address, "192.0.2.77"),
	    0);
	setup.entries[2].address.port = 2121;
	listeners = listeners_new();
	CU_ASSERT_EQUAL(listeners_prepare(listeners, &setup.conf, "conf",
			    &setup.errors),
	    -1);
	CU_ASSERT_EQUAL_FATAL(setup.errors.count, 1);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(setup.errors.items[0].text, "192.0.2.77:2121"));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(setup.errors.items[0].text, "does not have"));
	conf_errors_free(&setup.errors);
	listeners_free(&listeners);
}

static size_t
count_for(const struct listeners *listeners, const struct conf *conf,
    uint32_t slot)
{
	struct start_listener *items;
	size_t n;

	items = listeners_for(listeners, conf, slot, &n);
	free(items);
	return (n);
}

/* On a socket that was opened for nothing nobody would ever accept. */
static void
leaves_nothing_behind(void)
{
	struct listeners *listeners;
	struct setup setup;

	fill(&setup, 2);
	setup.conf.nhosts = 1;
	listeners = listeners_new();
	CU_ASSERT_EQUAL(listeners_prepare(listeners, &setup.conf, "conf",
			    &setup.errors),
	    0);
	listeners_keep(listeners, &setup.conf);
	/* More workers, and an address that cannot be had. */
	setup.conf.workers = 5;
	setup.conf.nhosts = 2;
	CU_ASSERT_EQUAL(address_parse(&setup.entries[2].address, "192.0.2.77"),
	    0);
	setup.entries[2].address.port = setup.entries[0].address.port;
	CU_ASSERT_EQUAL(listeners_prepare(listeners, &setup.conf, "conf",
			    &setup.errors),
	    -1);
	conf_errors_free(&setup.errors);
	setup.conf.workers = 2;
	CU_ASSERT_EQUAL(count_for(listeners, &setup.conf, 0), 2);
	CU_ASSERT_EQUAL(count_for(listeners, &setup.conf, 1), 2);
	/* All can be had, but it does not come to that. */
	setup.conf.workers = 5;
	CU_ASSERT_EQUAL(address_parse(&setup.entries[2].address, "127.0.0.2"),
	    0);
	CU_ASSERT_EQUAL(listeners_prepare(listeners, &setup.conf, "conf",
			    &setup.errors),
	    0);
	CU_ASSERT_EQUAL(count_for(listeners, &setup.conf, 4), 3);
	listeners_undo(listeners);
	setup.conf.workers = 2;
	CU_ASSERT_EQUAL(count_for(listeners, &setup.conf, 0), 2);
	CU_ASSERT_EQUAL(count_for(listeners, &setup.conf, 1), 2);
	listeners_free(&listeners);
}

CU_TestInfo listeners_tests[] = {
	{ "each slot has sockets of its own", gives_each_slot_its_own },
	{ "a slot without a worker is lent", lends_slots },
	{ "a port is not shared with another server",
	    shares_no_port_with_others },
	{ "sockets stay while they are wanted", keeps_what_is_wanted },
	{ "an address that is not ours", says_which_address_is_wrong },
	{ "what comes to nothing leaves nothing behind",
	    leaves_nothing_behind },
	CU_TEST_INFO_NULL,
};
