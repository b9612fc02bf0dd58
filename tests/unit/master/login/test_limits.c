/* Unit tests of master/login/limits.c and the table below it. */
#include "master/login/limits.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/suites.h"

static char name_a[] = "a.example";
static struct conf_host hosts[2];
static struct conf conf;

static void
configure(void)
{
	memset(hosts, 0, sizeof(hosts));
	memset(&conf, 0, sizeof(conf));
	hosts[1].name = name_a;
	conf.hosts = hosts;
	conf.nhosts = 2;
	conf.network_bits_v4 = 24;
	conf.network_bits_v6 = 56;
}

static struct address
parse(const char *text)
{
	struct address address;

	CU_ASSERT_FATAL(address_parse(&address, text) == 0);
	return (address);
}

static enum limit
enter(struct limits *limits, struct limits_hold *hold, size_t host,
    const char *from, enum limits_how how)
{
	struct address address = parse(from);

	return (limits_enter(limits, hold, &conf, &hosts[host], &address, how));
}

/* What stands in the way of a newcomer when the others are there already. */
static const struct {
	const char *what;
	uint32_t sessions, address, network, host;
	const char *there[3];
	const char *comes;
	enum limit refused;
} cases[] = {
	{ "no limits", 0, 0, 0, 0, { "10.0.0.1", "10.0.0.1", "10.0.0.1" },
	    "10.0.0.1", LIMIT_NONE },
	{ "sessions in all", 3, 0, 0, 0, { "10.0.0.1", "10.1.0.1", "::5" },
	    "10.2.0.1", LIMIT_SESSIONS },
	{ "one below it", 4, 0, 0, 0, { "10.0.0.1", "10.1.0.1", "::5" },
	    "10.2.0.1", LIMIT_NONE },
	{ "an address", 0, 2, 0, 0, { "10.0.0.1", "10.0.0.1", "10.0.0.2" },
	    "10.0.0.1", LIMIT_ADDRESS },
	{ "its neighbour", 0, 2, 0, 0, { "10.0.0.1", "10.0.0.1", "10.0.0.2" },
	    "10.0.0.2", LIMIT_NONE },
	{ "the same address, mapped", 0, 2, 0, 0,
	    { "10.0.0.1", "::ffff:10.0.0.1", "10.9.0.2" }, "10.0.0.1",
	    LIMIT_ADDRESS },
	{ "a network", 0, 0, 3, 0, { "10.0.0.1", "10.0.0.2", "10.0.0.3" },
	    "10.0.0.200", LIMIT_NETWORK },
	{ "the network beside it", 0, 0, 3, 0,
	    { "10.0.0.1", "10.0.0.2", "10.0.0.3" }, "10.0.1.1", LIMIT_NONE },
	{ "a network of IPv6", 0, 0, 3, 0,
	    { "2001:db8::1", "2001:db8:0:0010::2", "2001:db8::3" },
	    "2001:db8:0:00ff::9", LIMIT_NETWORK },
	{ "beyond its 56 bits", 0, 0, 3, 0,
	    { "2001:db8::1", "2001:db8::2", "2001:db8::3" },
	    "2001:db8:0:0100::9", LIMIT_NONE },
	{ "a host", 0, 0, 0, 3, { "10.0.0.1", "10.1.0.1", "10.2.0.1" },
	    "10.3.0.1", LIMIT_HOST },
	{ "the narrower limit is named", 0, 3, 3, 0,
	    { "10.0.0.1", "10.0.0.1", "10.0.0.1" }, "10.0.0.1", LIMIT_ADDRESS },
};

static void
check_refusals(void)
{
	struct limits_hold there[3], comes;
	struct limits limits;
	size_t i, j;

	for (i = 0; i < NITEMS(cases); i++) {
		configure();
		conf.max_sessions = cases[i].sessions;
		conf.max_sessions_per_address = cases[i].address;
		conf.max_sessions_per_network = cases[i].network;
		hosts[1].max_sessions = cases[i].host;
		limits_init(&limits);
		memset(there, 0, sizeof(there));
		memset(&comes, 0, sizeof(comes));
		for (j = 0; j < 3; j++)
			CHECK_CASE(enter(&limits, &there[j], 1,
				       cases[i].there[j],
				       LIMITS_ASK) == LIMIT_NONE,
			    cases[i].what);
		CHECK_CASE(enter(&limits, &comes, 1, cases[i].comes,
			       LIMITS_ASK) == cases[i].refused,
		    cases[i].what);
		/* One leaves, and there is room. */
		limits_leave(&limits, &there[0]);
		if (cases[i].refused != LIMIT_NONE)
			CHECK_CASE(enter(&limits, &comes, 1, cases[i].comes,
				       LIMITS_ASK) == LIMIT_NONE,
			    cases[i].what);
		limits_leave(&limits, &comes);
		limits_leave(&limits, &there[1]);
		limits_leave(&limits, &there[2]);
		CHECK_CASE(limits.sessions == 0, cases[i].what);
		limits_free(&limits); /* aborts when a count is left over */
	}
}

static void
check_announced_sessions_count(void)
{
	struct limits_hold holds[3];
	struct limits limits;

	configure();
	conf.max_sessions_per_address = 1;
	limits_init(&limits);
	memset(holds, 0, sizeof(holds));
	CU_ASSERT(enter(&limits, &holds[0], 1, "10.0.0.1", LIMITS_COUNT) ==
	    LIMIT_NONE);
	CU_ASSERT(enter(&limits, &holds[1], 1, "10.0.0.1", LIMITS_COUNT) ==
	    LIMIT_NONE);
	CU_ASSERT(limits.sessions == 2);
	CU_ASSERT(enter(&limits, &holds[2], 1, "10.0.0.1", LIMITS_ASK) ==
	    LIMIT_ADDRESS);
	limits_leave(&limits, &holds[0]);
	CU_ASSERT(enter(&limits, &holds[2], 1, "10.0.0.1", LIMITS_ASK) ==
	    LIMIT_ADDRESS);
	limits_leave(&limits, &holds[1]);
	CU_ASSERT(
	    enter(&limits, &holds[2], 1, "10.0.0.1", LIMITS_ASK) == LIMIT_NONE);
	limits_leave(&limits, &holds[2]);
	limits_leave(&limits, &holds[2]); /* twice is as good as once */
	limits_free(&limits);
}

static void
check_moving_between_hosts(void)
{
	struct limits_hold first, second;
	struct limits limits;

	configure();
	hosts[1].max_sessions = 1;
	limits_init(&limits);
	memset(&first, 0, sizeof(first));
	memset(&second, 0, sizeof(second));
	CU_ASSERT(
	    enter(&limits, &first, 0, "10.0.0.1", LIMITS_ASK) == LIMIT_NONE);
	CU_ASSERT(
	    enter(&limits, &second, 0, "10.0.0.1", LIMITS_ASK) == LIMIT_NONE);
	CU_ASSERT(
	    limits_move(&limits, &first, &hosts[1], LIMITS_ASK) == LIMIT_NONE);
	/* Moving to where it is already takes no second place. */
	CU_ASSERT(
	    limits_move(&limits, &first, &hosts[1], LIMITS_ASK) == LIMIT_NONE);
	CU_ASSERT(
	    limits_move(&limits, &second, &hosts[1], LIMITS_ASK) == LIMIT_HOST);
	CU_ASSERT(
	    limits_move(&limits, &first, &hosts[0], LIMITS_ASK) == LIMIT_NONE);
	CU_ASSERT(
	    limits_move(&limits, &second, &hosts[1], LIMITS_ASK) == LIMIT_NONE);
	CU_ASSERT_EQUAL(limits_of_host(&first), 1);
	CU_ASSERT_EQUAL(limits_of_host(&second), 1);
	limits_leave(&limits, &first);
	limits_leave(&limits, &second);
	limits_free(&limits);
}

static void
check_users(void)
{
	const struct limits_user alice = { "alice", false };
	const struct limits_user bob = { "bob", false };
	const struct limits_user nobody = { "anonymous", true };
	struct limits_hold holds[4];
	struct limits limits;
	size_t i;

	configure();
	hosts[1].max_sessions_per_user = 1;
	hosts[1].anonymous.max_sessions = 2;
	limits_init(&limits);
	memset(holds, 0, sizeof(holds));
	for (i = 0; i < 4; i++)
		CU_ASSERT(enter(&limits, &holds[i], 1, "10.0.0.1",
			      LIMITS_ASK) == LIMIT_NONE);
	CU_ASSERT(limits_login(&limits, &holds[0], &hosts[1], &alice,
		      LIMITS_ASK) == LIMIT_NONE);
	CU_ASSERT(limits_login(&limits, &holds[1], &hosts[1], &alice,
		      LIMITS_ASK) == LIMIT_USER);
	/* The same name on another host is another user. */
	CU_ASSERT(limits_login(&limits, &holds[1], &hosts[0], &alice,
		      LIMITS_ASK) == LIMIT_NONE);
	/* A session that becomes bob is no longer alice. */
	CU_ASSERT(limits_login(&limits, &holds[0], &hosts[1], &bob,
		      LIMITS_ASK) == LIMIT_NONE);
	CU_ASSERT(limits_login(&limits, &holds[2], &hosts[1], &alice,
		      LIMITS_ASK) == LIMIT_NONE);
	/* Anonymous ones have a number of their own. */
	CU_ASSERT(limits_login(&limits, &holds[0], &hosts[1], &nobody,
		      LIMITS_ASK) == LIMIT_NONE);
	CU_ASSERT(limits_login(&limits, &holds[1], &hosts[1], &nobody,
		      LIMITS_ASK) == LIMIT_NONE);
	CU_ASSERT(limits_login(&limits, &holds[2], &hosts[1], &nobody,
		      LIMITS_ASK) == LIMIT_USER);
	for (i = 0; i < 4; i++)
		limits_leave(&limits, &holds[i]);
	limits_free(&limits);
}

/* A reload renumbers the hosts; the counts must follow the name. */
static void
check_counts_over_generations(void)
{
	struct limits_hold before, after;
	struct address address = parse("10.0.0.1");
	struct conf_host renumbered;
	struct limits limits;

	configure();
	limits_init(&limits);
	memset(&before, 0, sizeof(before));
	memset(&after, 0, sizeof(after));
	memset(&renumbered, 0, sizeof(renumbered));
	renumbered.name = name_a;
	renumbered.max_sessions = 1;
	CU_ASSERT(
	    enter(&limits, &before, 1, "10.9.9.9", LIMITS_ASK) == LIMIT_NONE);
	CU_ASSERT(limits_enter(&limits, &after, &conf, &renumbered, &address,
		      LIMITS_ASK) == LIMIT_HOST);
	/* Other widths of a network do not mix with the old ones. */
	conf.network_bits_v4 = 8;
	conf.max_sessions_per_network = 1;
	limits_leave(&limits, &before);
	CU_ASSERT(limits_enter(&limits, &after, &conf, &renumbered, &address,
		      LIMITS_ASK) == LIMIT_NONE);
	limits_leave(&limits, &after);
	limits_free(&limits);
}

/* Many sessions that come and go in any order leave nothing behind. */
static void
check_many(void)
{
	enum {
		MANY = 5000
	};
	struct limits_hold *holds = calloc(MANY, sizeof(*holds));
	struct limits limits;
	char from[32];
	size_t i, wrong = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(holds);
	configure();
	limits_init(&limits);
	for (i = 0; i < MANY; i++) {
		(void)snprintf(from, sizeof(from), "10.%zu.%zu.1",
		    i / 250 % 250, i % 250);
		wrong += enter(&limits, &holds[i], i % 2, from, LIMITS_ASK) !=
		    LIMIT_NONE;
	}
	CU_ASSERT(wrong == 0);
	CU_ASSERT(limits.sessions == MANY);
	for (i = 0; i < MANY; i++)
		limits_leave(&limits, &holds[i * 7 % MANY]);
	CU_ASSERT(limits.sessions == 0);
	limits_free(&limits);
	free(holds);
}

/* The reference vector of SipHash-2-4: key 00..0f, message 00..0e. */
static void
check_hash(void)
{
	const uint64_t seed[2] = { UINT64_C(0x0706050403020100),
		UINT64_C(0x0f0e0d0c0b0a0908) };
	uint8_t message[15];
	size_t i;

	for (i = 0; i < sizeof(message); i++)
		message[i] = (uint8_t)i;
	CU_ASSERT(table_hash(seed, message, sizeof(message)) ==
	    UINT64_C(0xa129ca6149be45e5));
}

CU_TestInfo limits_tests[] = {
	{ "each limit refuses at its number", check_refusals },
	{ "announced sessions count", check_announced_sessions_count },
	{ "a session moves between hosts", check_moving_between_hosts },
	{ "users have a number each", check_users },
	{ "counts outlive a generation", check_counts_over_generations },
	{ "many sessions leave nothing", check_many },
	{ "the hash is SipHash-2-4", check_hash },
	CU_TEST_INFO_NULL,
};
