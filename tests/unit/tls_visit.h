/* tls_visit - logins by all variants of resumption, for tests. */
#ifndef TESTS_UNIT_TLS_VISIT_H
#define TESTS_UNIT_TLS_VISIT_H

#include "tests/unit/suites.h"
#include "tests/unit/tls_rig.h"

static const struct variant {
	const char *what;
	int version;
	bool tickets;
} variants[] = {
	{ "TLS 1.2 with ids", TLS1_2_VERSION, false },
	{ "TLS 1.2 with tickets", TLS1_2_VERSION, true },
	{ "TLS 1.3 with stateful tickets", TLS1_3_VERSION, false },
	{ "TLS 1.3 with stateless tickets", TLS1_3_VERSION, true },
};

/* One login: its control connection, and what a client makes of it. */
struct visit {
	struct rig *rig;
	struct tls_login *login;
	struct rig_link control;
	int version;
};

static inline void
visit_begin(struct visit *visit, struct rig *rig, int version,
    SSL_SESSION *session)
{
	struct rig_hello hello = { .version = version, .session = session };

	visit->rig = rig;
	visit->version = version;
	visit->login = rig_login(rig);
	rig_connect(rig, &visit->control, visit->login, TLS_CONTROL, &hello);
	CU_ASSERT_EQUAL(rig_shake(&visit->control), TLS_OK);
	CU_ASSERT_EQUAL(tls_admission(visit->control.server), TLS_ADMITTED);
	CU_ASSERT(rig_say(&visit->control, "220 hello\r\n"));
}

static inline void
visit_end(struct visit *visit)
{
	rig_close(&visit->control);
	tls_login_free(&visit->login);
}

static inline bool
visit_resumed(const struct visit *visit)
{
	struct tls_facts facts;

	tls_facts(visit->control.server, &facts);
	return (facts.resumed);
}

/* As strict clients do: a TLS 1.3 ticket once, a TLS 1.2 session always. */
static inline SSL_SESSION *
visit_session(struct visit *visit)
{
	if (visit->version == TLS1_2_VERSION)
		return (SSL_get1_session(visit->control.client));
	return (rig_take(&visit->control));
}

/*
 * A data connection that offers session; whether it was accepted.  Afterwards
 * the reply with a fresh ticket goes out.
 */
static inline bool
transfer(struct visit *visit, SSL_SESSION *session)
{
	struct rig_hello hello = { .version = visit->version,
		.session = session };
	struct rig_link data;
	const char *why;
	char byte;
	size_t done;
	bool bound;

	rig_connect(visit->rig, &data, visit->login, TLS_DATA, &hello);
	bound = rig_shake(&data) == TLS_OK && tls_bound(data.server, &why);
	/* It goes without close_notify: no harm may come to the session. */
	rig_hang_up(&data);
	CU_ASSERT_EQUAL(tls_read(data.server, &byte, 1, &done), TLS_TRUNCATED);
	if (visit->version == TLS1_3_VERSION)
		CU_ASSERT_EQUAL(data.ntickets, 0);
	rig_close(&data);
	tls_refresh(visit->control.server);
	CU_ASSERT(rig_say(&visit->control, "226 done\r\n"));
	return (bound);
}

/* transfer() that takes session over. */
static inline bool
transfer_own(struct visit *visit, SSL_SESSION *session)
{
	bool bound;

	if (session == NULL)
		return (false);
	bound = transfer(visit, session);
	SSL_SESSION_free(session);
	return (bound);
}

#endif
