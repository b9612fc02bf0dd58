/* Unit tests of worker/tls: which sessions resume where. */
#include "tests/unit/tls_visit.h"

static void
check_hundred_transfers(void)
{
	struct visit visit;
	struct rig rig;
	size_t i;
	int n;

	for (i = 0; i < NITEMS(variants); i++) {
		rig_start(&rig, variants[i].tickets);
		visit_begin(&visit, &rig, variants[i].version, NULL);
		for (n = 0; n < 100; n++)
			if (!transfer_own(&visit, visit_session(&visit)))
				break;
		CHECK_CASE(n == 100, variants[i].what);
		CHECK_CASE(score_get(rig.score, SCORE_DATA_RESUMED) == 100,
		    variants[i].what);
		CHECK_CASE(score_get(rig.score, SCORE_DATA_REFUSED) == 0,
		    variants[i].what);
		visit_end(&visit);
		rig_stop(&rig);
	}
}

/* Some clients keep the first session and use it for ever. */
static void
check_one_session_always(void)
{
	struct visit visit;
	SSL_SESSION *session;
	struct rig rig;
	size_t i;
	int n;

	for (i = 0; i < NITEMS(variants); i++) {
		rig_start(&rig, variants[i].tickets);
		visit_begin(&visit, &rig, variants[i].version, NULL);
		session = visit_session(&visit);
		for (n = 0; n < 20; n++)
			if (!transfer_own(&visit, SSL_SESSION_dup(session)))
				break;
		CHECK_CASE(n == 20, variants[i].what);
		SSL_SESSION_free(session);
		visit_end(&visit);
		rig_stop(&rig);
	}
}

static void
check_refused(void)
{
	struct visit own, other;
	struct rig rig;
	size_t i;

	for (i = 0; i < NITEMS(variants); i++) {
		rig_start(&rig, variants[i].tickets);
		visit_begin(&own, &rig, variants[i].version, NULL);
		visit_begin(&other, &rig, variants[i].version, NULL);
		CHECK_CASE(!transfer(&own, NULL), variants[i].what);
		CHECK_CASE(!transfer_own(&own, visit_session(&other)),
		    variants[i].what);
		CHECK_CASE(score_get(rig.score, SCORE_DATA_REFUSED) == 2,
		    variants[i].what);
		/* The login lives on. */
		CHECK_CASE(transfer_own(&own, visit_session(&own)),
		    variants[i].what);
		visit_end(&other);
		visit_end(&own);
		rig_stop(&rig);
	}
}

/*
 * Who takes the data connection with a full handshake must not get a session
 * by it that opens the next one.
 */
static void
check_refused_gives_nothing(void)
{
	struct rig_hello hello = { 0 };
	struct visit visit;
	struct rig_link data;
	SSL_SESSION *session;
	const char *why;
	struct rig rig;
	size_t i;

	for (i = 0; i < NITEMS(variants); i++) {
		rig_start(&rig, variants[i].tickets);
		visit_begin(&visit, &rig, variants[i].version, NULL);
		hello.version = variants[i].version;
		rig_connect(&rig, &data, visit.login, TLS_DATA, &hello);
		CHECK_CASE(rig_shake(&data) == TLS_OK, variants[i].what);
		CHECK_CASE(!tls_bound(data.server, &why), variants[i].what);
		CHECK_CASE(strstr(why, "did not resume") != NULL,
		    variants[i].what);
		session = SSL_get1_session(data.client);
		rig_close(&data);
		CHECK_CASE(!transfer_own(&visit, session), variants[i].what);
		visit_end(&visit);
		rig_stop(&rig);
	}
}

static void
check_relaxed(void)
{
	struct visit own, other;
	struct rig rig;
	size_t i;

	for (i = 0; i < 2 * NITEMS(variants); i++) {
		rig_start(&rig, variants[i / 2].tickets);
		if (i % 2 == 0)
			rig.hosts[0].tls.options =
			    CONF_TLS_NO_SESSION_REUSE_REQUIRED;
		else
			rig.conf.session_cache = false;
		visit_begin(&own, &rig, variants[i / 2].version, NULL);
		visit_begin(&other, &rig, variants[i / 2].version, NULL);
		CHECK_CASE(transfer(&own, NULL), variants[i / 2].what);
		CHECK_CASE(transfer_own(&own, visit_session(&other)),
		    variants[i / 2].what);
		CHECK_CASE(score_get(rig.score, SCORE_DATA_REFUSED) == 0,
		    variants[i / 2].what);
		visit_end(&other);
		visit_end(&own);
		rig_stop(&rig);
	}
}

/* Without the shared cache the login's own sessions still resume. */
static void
check_cache_off(void)
{
	struct visit visit;
	struct rig rig;
	size_t i;

	for (i = 0; i < NITEMS(variants); i++) {
		rig_start(&rig, variants[i].tickets);
		rig.conf.session_cache = false;
		visit_begin(&visit, &rig, variants[i].version, NULL);
		CHECK_CASE(transfer_own(&visit, visit_session(&visit)),
		    variants[i].what);
		CHECK_CASE(score_get(rig.score, SCORE_DATA_RESUMED) == 1,
		    variants[i].what);
		visit_end(&visit);
		rig_stop(&rig);
	}
}

/*
 * A timeout of 0 stands for time that has gone by: what was just issued is too
 * old for a new control connection, and good for the login's own data.
 */
static void
check_long_login(void)
{
	struct visit visit, later;
	struct rig rig;
	size_t i;

	for (i = 0; i < NITEMS(variants); i++) {
		rig_start(&rig, variants[i].tickets);
		rig.conf.session_cache_timeout = 0;
		visit_begin(&visit, &rig, variants[i].version, NULL);
		CHECK_CASE(transfer_own(&visit, visit_session(&visit)),
		    variants[i].what);
		visit_begin(&later, &rig, variants[i].version,
		    SSL_get0_session(visit.control.client));
		CHECK_CASE(!visit_resumed(&later), variants[i].what);
		visit_end(&later);
		visit_end(&visit);
		rig_stop(&rig);
	}
}

/* The ticket of a TLS 1.2 login outlives the key of the ring. */
static void
check_ticket_outlives_key(void)
{
	struct visit visit, later;
	struct rig rig;

	rig_start(&rig, true);
	visit_begin(&visit, &rig, TLS1_2_VERSION, NULL);
	rig_pass(&rig, 100000);
	CU_ASSERT(transfer_own(&visit, visit_session(&visit)));
	visit_begin(&later, &rig, TLS1_2_VERSION,
	    SSL_get0_session(visit.control.client));
	CU_ASSERT_FALSE(visit_resumed(&later));
	visit_end(&later);
	visit_end(&visit);
	rig_stop(&rig);
}

/*
 * In TLS 1.3, too: the next ticket only comes with the next reply.  Not for
 * other logins, and not for a new control connection.
 */
static void
check_last_ticket_outlives_key(void)
{
	struct visit visit, other, later;
	SSL_SESSION *last;
	struct rig rig;

	rig_start(&rig, true);
	visit_begin(&visit, &rig, TLS1_3_VERSION, NULL);
	visit_begin(&other, &rig, TLS1_3_VERSION, NULL);
	CU_ASSERT(transfer_own(&visit, visit_session(&visit)));
	while ((last = visit_session(&visit)) != NULL &&
	    visit.control.ntickets > 0)
		SSL_SESSION_free(last);
	rig_pass(&rig, 100000);
	CU_ASSERT_FALSE(transfer_own(&other, SSL_SESSION_dup(last)));
	visit_begin(&later, &rig, TLS1_3_VERSION, last);
	CU_ASSERT_FALSE(visit_resumed(&later));
	visit_end(&later);
	CU_ASSERT(transfer_own(&visit, last));
	visit_end(&other);
	visit_end(&visit);
	rig_stop(&rig);
}

/* On the same worker, or on another with the same ring. */
static void
check_control_resumes_by_ticket(void)
{
	struct visit first, second;
	SSL_SESSION *session;
	struct rig rig;
	size_t i;
	int n;

	for (i = 0; i < NITEMS(variants); i++) {
		if (!variants[i].tickets)
			continue;
		rig_start(&rig, true);
		visit_begin(&first, &rig, variants[i].version, NULL);
		session = visit_session(&first);
		visit_end(&first);
		tls_free(&rig.tls);
		rig.tls = rig_worker(&rig);
		visit_begin(&second, &rig, variants[i].version, session);
		CHECK_CASE(visit_resumed(&second), variants[i].what);
		CHECK_CASE(score_get(rig.score, SCORE_RESUMED_TICKET) == 1,
		    variants[i].what);
		SSL_SESSION_free(session);
		for (n = 0; n < 10; n++)
			if (!transfer_own(&second, visit_session(&second)))
				break;
		CHECK_CASE(n == 10, variants[i].what);
		visit_end(&second);
		rig_stop(&rig);
	}
}

static bool
same_ticket(const SSL_SESSION *a, const SSL_SESSION *b)
{
	const unsigned char *ticket_a, *ticket_b;
	size_t len_a, len_b;

	SSL_SESSION_get0_ticket(a, &ticket_a, &len_a);
	SSL_SESSION_get0_ticket(b, &ticket_b, &len_b);
	return (len_a == len_b && len_a > 0 &&
	    memcmp(ticket_a, ticket_b, len_a) == 0);
}

/* With an older key a ticket is renewed, in TLS 1.2 too. */
static void
check_older_ticket_is_renewed(void)
{
	struct visit first, second;
	SSL_SESSION *session;
	struct rig rig;
	size_t i;

	for (i = 0; i < NITEMS(variants); i++) {
		if (!variants[i].tickets)
			continue;
		rig_start(&rig, true);
		visit_begin(&first, &rig, variants[i].version, NULL);
		session = visit_session(&first);
		visit_end(&first);
		rig_pass(&rig, 1500);
		visit_begin(&second, &rig, variants[i].version, session);
		CHECK_CASE(visit_resumed(&second), variants[i].what);
		CHECK_CASE(!same_ticket(session,
			       SSL_get0_session(second.control.client)),
		    variants[i].what);
		SSL_SESSION_free(session);
		CHECK_CASE(transfer_own(&second, visit_session(&second)),
		    variants[i].what);
		visit_end(&second);
		rig_stop(&rig);
	}
}

static bool
resumes_on(struct rig *rig, const char *name, int version, SSL_SESSION *session)
{
	struct rig_hello hello = { .version = version,
		.name = name,
		.session = session };
	struct tls_login *login = rig_login(rig);
	struct rig_link control;
	struct tls_facts facts;

	rig_connect(rig, &control, login, TLS_CONTROL, &hello);
	CU_ASSERT_EQUAL(rig_shake(&control), TLS_OK);
	tls_facts(control.server, &facts);
	rig_close(&control);
	tls_login_free(&login);
	return (facts.resumed);
}

/* A session of one host is none on another. */
static void
check_hosts_are_apart(void)
{
	struct rig_hello hello = { .name = "a.test" };
	struct rig_link control;
	struct tls_login *login;
	SSL_SESSION *session;
	struct rig rig;
	size_t i;

	for (i = 0; i < NITEMS(variants); i++) {
		if (!variants[i].tickets)
			continue;
		rig_start(&rig, true);
		login = rig_login(&rig);
		hello.version = variants[i].version;
		rig_connect(&rig, &control, login, TLS_CONTROL, &hello);
		CHECK_CASE(rig_shake(&control) == TLS_OK, variants[i].what);
		CHECK_CASE(tls_login_host(login) == 1, variants[i].what);
		CHECK_CASE(rig_say(&control, "220 hello\r\n"),
		    variants[i].what);
		session = SSL_get1_session(control.client);
		rig_close(&control);
		tls_login_free(&login);
		CHECK_CASE(!resumes_on(&rig, "b.test", hello.version, session),
		    variants[i].what);
		CHECK_CASE(!resumes_on(&rig, NULL, hello.version, session),
		    variants[i].what);
		CHECK_CASE(resumes_on(&rig, "a.test", hello.version, session),
		    variants[i].what);
		SSL_SESSION_free(session);
		rig_stop(&rig);
	}
}

static void
check_refresh_times(void)
{
	struct visit visit;
	struct rig rig;
	uint32_t after;
	size_t i;

	for (i = 0; i < NITEMS(variants); i++) {
		rig_start(&rig, variants[i].tickets);
		visit_begin(&visit, &rig, variants[i].version, NULL);
		after = tls_refresh_after(visit.control.server);
		if (variants[i].version == TLS1_2_VERSION)
			CHECK_CASE(after == 0, variants[i].what);
		else if (variants[i].tickets) /* half the life of the key */
			CHECK_CASE(after > 0 && after <= 1800,
			    variants[i].what);
		else
			CHECK_CASE(after > 3 * 86400, variants[i].what);
		visit_end(&visit);
		rig_stop(&rig);
	}
}

/*
 * With a single key, which is nearly dead, a ticket is not made anew each
 * second; and one that waits for a reply is not asked for again.
 */
static void
check_refresh_waits(void)
{
	struct visit visit;
	struct rig rig;
	uint32_t after;

	rig_prepare(&rig, true);
	ring_configure(rig.ring, 2, 1);
	rig.tls = rig_worker(&rig);
	visit_begin(&visit, &rig, TLS1_3_VERSION, NULL);
	(void)usleep(1100 * 1000);
	after = tls_refresh_after(visit.control.server);
	CU_ASSERT(after == 1);
	ring_configure(rig.ring, 3600, 1);
	CU_ASSERT(tls_refresh_after(visit.control.server) == 1);
	tls_refresh(visit.control.server);
	CU_ASSERT(tls_refresh_after(visit.control.server) >= 60);
	CU_ASSERT(rig_say(&visit.control, "200 fresh\r\n"));
	after = tls_refresh_after(visit.control.server);
	CU_ASSERT(after > 1700 && after <= 1800);
	visit_end(&visit);
	rig_stop(&rig);
}

CU_TestInfo resumption_tests[] = {
	{ "a hundred transfers in one login", check_hundred_transfers },
	{ "one session used again and again", check_one_session_always },
	{ "full handshakes and foreign sessions", check_refused },
	{ "a refused client gains nothing", check_refused_gives_nothing },
	{ "reuse not required", check_relaxed },
	{ "cache off", check_cache_off },
	{ "a login longer than the timeout", check_long_login },
	{ "a TLS 1.2 ticket outlives its key", check_ticket_outlives_key },
	{ "so does the last one in TLS 1.3", check_last_ticket_outlives_key },
	{ "when another one would be no better", check_refresh_waits },
	{ "tickets resume control connections",
	    check_control_resumes_by_ticket },
	{ "an older ticket is renewed", check_older_ticket_is_renewed },
	{ "sessions stay with their host", check_hosts_are_apart },
	{ "when fresh tickets are due", check_refresh_times },
	CU_TEST_INFO_NULL,
};
