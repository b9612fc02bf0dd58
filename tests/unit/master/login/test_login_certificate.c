/* Unit tests of login: clients that come with a certificate. */
#include <CUnit/CUnit.h>
#include <stdbool.h>

#include "shm/base/digest.h"
#include "tests/unit/login_rig.h"

#define TLS                                               \
	"tls: {engine: on, certificates: [{cert: /c}],\n" \
	"  verify_client: on, ca_certificate_file: /a,\n" \
	"  user_name: CommonName, options: [AllowDotLogin]}\n"

/* PEM of "certificate one", and the SHA-256 of these bytes. */
#define ONE                             \
	"-----BEGIN CERTIFICATE-----\n" \
	"Y2VydGlmaWNhdGUgb25l\n"        \
	"-----END CERTIFICATE-----\n"

/* The digest of what is in the PEM, as a worker computes it. */
static void
digest_of(const char *text, uint8_t digest[DIGEST_LEN])
{
	struct seal_data piece = { (const uint8_t *)text, strlen(text) };

	digest_sha256(digest, &piece, 1);
}

struct proof {
	uint32_t bits;
	uint32_t tls;
	uint8_t digest[DIGEST_LEN];
	uint16_t len; /* of digest, as sent */
};

static void
ask(struct rig_end *worker, uint64_t session, const char *user,
    const struct proof *proof)
{
	struct msg_login_request body;

	memset(&body, 0, sizeof(body));
	body.session = session;
	body.request = session & 0xffffffff;
	body.generation = 1;
	body.address = rig_address();
	body.tls = proof->tls;
	body.proof = proof->bits;
	body.user_len = (uint16_t)strlen(user);
	body.password_len = proof->len;
	rig_send(worker, MSG_LOGIN_REQUEST, &body, user, body.user_len,
	    proof->digest, proof->len);
}

/* The verdict, or -1. */
static int
come(struct rig_end *worker, const char *user, bool named, const char *text)
{
	uint64_t session = rig_session(1, 1);
	struct proof proof = { .bits = LOGIN_BY_CERTIFICATE |
		    (named ? LOGIN_NAMED : 0u),
		.tls = 1,
		.len = DIGEST_LEN };

	digest_of(text, proof.digest);
	ask(worker, session, user, &proof);
	if (rig_next(worker) != MSG_LOGIN_RESULT ||
	    worker->body.result.session != session)
		return (-1);
	return ((int)worker->body.result.verdict);
}

/* Puts ~/.tlslogin there; NULL: it goes. */
static void
put_file(const struct rig *rig, const char *text, mode_t mode)
{
	char path[160];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/.tlslogin", rig->home);
	(void)unlink(path);
	if (text == NULL)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	CU_ASSERT_FATAL(fd != -1);
	CU_ASSERT(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	CU_ASSERT(fchmod(fd, mode) == 0);
	if (geteuid() == 0)
		CU_ASSERT(fchown(fd, rig->uid, rig->gid) == 0);
	close(fd);
}

static void
check_named(void)
{
	static const struct {
		const char *what, *user;
		enum login_verdict verdict;
	} cases[] = {
		{ "a user", "alice", LOGIN_OK },
		{ "nobody", "nobody-here", LOGIN_DENIED },
		{ "a locked account", "locked", LOGIN_DENIED },
		{ "uid 0", "toor", LOGIN_DENIED },
		{ "no home", "lost", LOGIN_HOME },
		{ "anonymous", "anonymous", LOGIN_DENIED },
		{ "no name", "", LOGIN_DENIED },
		{ "the user again", "alice", LOGIN_OK },
	};
	struct rig_end worker;
	struct rig rig;
	char path[160];
	size_t i;

	rig_prepare(&rig, TLS);
	(void)snprintf(path, sizeof(path), "%s/none", rig.scratch.path);
	rig_add_user(&rig, "lost", RIG_HASH, path);
	rig_add_user(&rig, "locked", "!" RIG_HASH, rig.home);
	rig.uid = 0;
	rig_add_user(&rig, "toor", RIG_HASH, rig.home);
	rig_start(&rig);
	rig_worker(&rig, &worker, 1);
	CU_ASSERT(rig_open(&worker, rig_session(1, 1)) == LIMIT_NONE);
	for (i = 0; i < NITEMS(cases); i++)
		CHECK_CASE(come(&worker, cases[i].user, true, "x") ==
			(int)cases[i].verdict,
		    cases[i].what);
	/* What was good by certificate is no password, nor the other way. */
	CU_ASSERT(come(&worker, "alice", false, "x") == LOGIN_DENIED);
	CU_ASSERT(
	    rig_login(&worker, rig_session(1, 1), "alice", "") == LOGIN_DENIED);
	CU_ASSERT(rig_login(&worker, rig_session(1, 1), "alice", "wonder") ==
	    LOGIN_OK);
	CU_ASSERT(come(&worker, "alice", false, "wonder") == LOGIN_DENIED);
	rig_end_close(&worker);
	rig_free(&rig);
}

static void
check_file(void)
{
	static const struct {
		const char *what, *text;
		mode_t mode;
		bool good;
	} cases[] = {
		{ "the certificate", ONE, 0600, true },
		{ "others may read", ONE, 0644, true },
		{ "the group may write", ONE, 0620, false },
		{ "others may write", ONE, 0602, false },
		{ "words before", "words\n\n" ONE, 0600, true },
		{ "empty", "", 0600, false },
		{ "another kind",
		    "-----BEGIN X509 CRL-----\n"
		    "Y2VydGlmaWNhdGUgb25l\n"
		    "-----END X509 CRL-----\n",
		    0600, false },
		{ "behind another",
		    "-----BEGIN CERTIFICATE-----\n"
		    "Y2VydGlmaWNhdGUgdHdv\n"
		    "-----END CERTIFICATE-----\n" ONE,
		    0600, true },
		{ "no end",
		    "-----BEGIN CERTIFICATE-----\n"
		    "Y2VydGlmaWNhdGUgb25l\n",
		    0600, false },
	};
	struct rig_end worker;
	struct rig rig;
	size_t i;

	rig_prepare(&rig, TLS);
	rig_start(&rig);
	rig_worker(&rig, &worker, 1);
	CU_ASSERT(rig_open(&worker, rig_session(1, 1)) == LIMIT_NONE);
	CU_ASSERT(
	    come(&worker, "alice", false, "certificate one") == LOGIN_DENIED);
	for (i = 0; i < NITEMS(cases); i++) {
		put_file(&rig, cases[i].text, cases[i].mode);
		CHECK_CASE((come(&worker, "alice", false, "certificate one") ==
			       LOGIN_OK) == cases[i].good,
		    cases[i].what);
		CHECK_CASE(come(&worker, "alice", false, "certificate") ==
			LOGIN_DENIED,
		    cases[i].what);
	}
	put_file(&rig, NULL, 0);
	rig_end_close(&worker);
	rig_free(&rig);
}

/* A worker that says what none says is cut off. */
static void
check_hostile(void)
{
	static const struct {
		const char *what, *more;
		struct proof proof;
		bool good;
	} cases[] = {
		{ "as it should be", TLS,
		    { .bits = 3, .tls = 1, .len = DIGEST_LEN }, true },
		{ "an unknown bit", TLS,
		    { .bits = 5, .tls = 1, .len = DIGEST_LEN }, false },
		{ "no certificate", TLS,
		    { .bits = LOGIN_NAMED, .tls = 1, .len = DIGEST_LEN },
		    false },
		{ "a short digest", TLS,
		    { .bits = 3, .tls = 1, .len = DIGEST_LEN - 1 }, false },
		{ "in clear", TLS, { .bits = 3, .tls = 0, .len = DIGEST_LEN },
		    false },
		{ "not configured", "",
		    { .bits = 3, .tls = 1, .len = DIGEST_LEN }, false },
		{ "not configured either", "",
		    { .bits = 1, .tls = 1, .len = DIGEST_LEN }, false },
	};
	struct rig_end worker;
	struct rig rig;
	size_t i;

	for (i = 0; i < NITEMS(cases); i++) {
		rig_prepare(&rig, cases[i].more);
		rig_start(&rig);
		rig_worker(&rig, &worker, 1);
		CU_ASSERT(rig_open(&worker, rig_session(1, 1)) == LIMIT_NONE);
		ask(&worker, rig_session(1, 1), "alice", &cases[i].proof);
		CHECK_CASE((rig_next(&worker) == MSG_LOGIN_RESULT) ==
			cases[i].good,
		    cases[i].what);
		CHECK_CASE(worker.ended == !cases[i].good, cases[i].what);
		rig_end_close(&worker);
		rig_free(&rig);
	}
}

CU_TestInfo login_certificate_tests[] = {
	{ "who is named by a certificate", check_named },
	{ "~/.tlslogin", check_file },
	{ "hostile workers", check_hostile },
	CU_TEST_INFO_NULL,
};
