/* Unit tests of the broker and the places of sessions that have ended. */
#include <CUnit/CUnit.h>
#include <string.h>

#include "tests/unit/broker_rig.h"

static void
call_back(struct table *table)
{
	static const struct msg_empty empty;

	CU_ASSERT_EQUAL(channel_post(table->login.channel, MSG_SESSIONS_RECALL,
			    &empty),
	    0);
	talk(table);
}

static void
keeps_a_place(void)
{
	struct seat first, second;
	struct table table;

	settle(&table, &first);
	broker_leave(&first.client);
	CU_ASSERT_TRUE(sit(&table, &second, SESSION + 1));
	ask_login(&second);
	talk(&table);
	CU_ASSERT_EQUAL(table.login.nheard, 4);
	CU_ASSERT_TRUE(heard(&table.login, 2, "SESSIONS_KEPT"));
	CU_ASSERT_TRUE(heard(&table.login, 3, "LOGIN_REQUEST 1 joesecret"));
	CU_ASSERT_EQUAL(table.login.place, SESSION);
	/* What is under way for it keeps nothing. */
	broker_leave(&second.client);
	talk(&table);
	CU_ASSERT_TRUE(heard(&table.login, 4, "SESSION_CLOSE"));
	stop(&table);
}

/* Who is told how many there are must be counted when it comes. */
static void
keeps_none_where_they_are_told(void)
{
	struct seat first, second;
	struct table table;

	settle(&table, &first);
	CU_ASSERT_EQUAL(first.client.sessions, RIG_SESSIONS);
	table.rig.hosts[0].banner_counts = true;
	broker_leave(&first.client);
	talk(&table);
	CU_ASSERT_EQUAL(table.login.nheard, 3);
	CU_ASSERT_TRUE(heard(&table.login, 2, "SESSION_CLOSE"));
	CU_ASSERT_FALSE(sit(&table, &second, SESSION + 1));
	broker_leave(&second.client);
	stop(&table);
}

static void
finds_no_place(void)
{
	struct seat first, second;
	struct table table;

	settle(&table, &first);
	broker_leave(&first.client);
	memset(&second, 0, sizeof(second));
	second.client.handlers = &handlers;
	second.client.context = &second;
	second.client.session = SESSION + 1;
	second.client.address.ip[15] = 1;
	CU_ASSERT_FALSE(broker_join(table.broker, &second.client));
	broker_leave(&second.client);
	second.client.address.ip[15] = 0;
	second.client.host = 1;
	CU_ASSERT_FALSE(broker_join(table.broker, &second.client));
	broker_leave(&second.client);
	/* A new login does not know of it. */
	connect_login(&table);
	talk(&table);
	CU_ASSERT_EQUAL(table.login.nheard, 0);
	CU_ASSERT_FALSE(sit(&table, &second, SESSION + 1));
	broker_leave(&second.client);
	stop(&table);
}

static void
gives_places_back(void)
{
	struct seat first, second, third;
	struct table table;

	settle(&table, &first);
	broker_leave(&first.client);
	CU_ASSERT_TRUE(sit(&table, &second, SESSION + 1));
	call_back(&table);
	/* It stays, but the user that was logged in there does not. */
	CU_ASSERT_TRUE(heard(&table.login, 3, "SESSION_RENEW 1"));
	CU_ASSERT_TRUE(heard(&table.login, 4, "SESSIONS_RECALLED"));
	CU_ASSERT_EQUAL(second.client.place, 0);
	/* For a while nothing is kept. */
	broker_leave(&second.client);
	talk(&table);
	CU_ASSERT_TRUE(heard(&table.login, 5, "SESSION_CLOSE"));
	CU_ASSERT_FALSE(sit(&table, &third, SESSION + 2));
	broker_leave(&third.client);
	stop(&table);

	settle(&table, &first);
	broker_leave(&first.client);
	call_back(&table);
	CU_ASSERT_TRUE(heard(&table.login, 3, "SESSION_CLOSE"));
	CU_ASSERT_TRUE(heard(&table.login, 4, "SESSIONS_RECALLED"));
	call_back(&table);
	CU_ASSERT_TRUE(heard(&table.login, 5, "SESSIONS_RECALLED"));
	stop(&table);
}

static void
announces_a_place_as_its_own(void)
{
	struct seat first, second;
	struct table table;

	settle(&table, &first);
	broker_leave(&first.client);
	CU_ASSERT_TRUE(sit(&table, &second, SESSION + 1));
	connect_login(&table);
	talk(&table);
	CU_ASSERT_EQUAL(table.login.nheard, 1);
	CU_ASSERT_TRUE(heard(&table.login, 0, "SESSION_ANNOUNCE 0"));
	CU_ASSERT_EQUAL(table.login.sum, SESSION + 1);
	ask_login(&second);
	talk(&table);
	CU_ASSERT_EQUAL(table.login.place, 0);
	broker_leave(&second.client);
	stop(&table);
}

CU_TestInfo broker_places_tests[] = {
	{ "the next session takes a place that is kept", keeps_a_place },
	{ "no place is kept where clients are told how many there are",
	    keeps_none_where_they_are_told },
	{ "a place is for the same address, host and login", finds_no_place },
	{ "places are given back when login calls", gives_places_back },
	{ "a place is announced as the session's",
	    announces_a_place_as_its_own },
	CU_TEST_INFO_NULL,
};
