/* Unit tests of what replaces pairs and files of hosts in running workers. */
#include <CUnit/CUnit.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "shm/board/key_swap.h"
#include "tests/unit/suites.h"
#include "tests/unit/tls_rig.h"

/* --- the memfd ------------------------------------------------------------ */

static int
write_plan(const struct file_bytes *blobs, size_t nblobs,
    const struct key_swap_part *parts, size_t nparts)
{
	const struct key_swap_plan plan = { blobs, nblobs, parts, nparts };
	int fd = key_swap_write(&plan);

	CU_ASSERT_FATAL(fd != -1);
	return (fd);
}

static void
carries_what_is_written(void)
{
	const struct file_bytes blobs[] = { { "first", 5 }, { "", 0 },
		{ "third", 5 } };
	const struct key_swap_part parts[] = {
		{ 7, HOST_FILE_CA, 2, KEY_SWAP_KEEP },
		{ 8, KEY_SWAP_PAIR + 1, 0, 1 },
	};
	struct key_swap swap;
	struct key_swap_part part;
	struct file_bytes bytes;
	int fd = write_plan(blobs, NITEMS(blobs), parts, NITEMS(parts));

	CU_ASSERT_EQUAL_FATAL(key_swap_open(&swap, fd), 0);
	close(fd);
	CU_ASSERT_EQUAL(swap.nparts, 2);
	part = key_swap_part(&swap, 1);
	CU_ASSERT_EQUAL(part.host, 8);
	CU_ASSERT_EQUAL(part.which, KEY_SWAP_PAIR + 1);
	bytes = key_swap_blob(&swap, part.blob);
	CU_ASSERT_EQUAL(bytes.len, 5);
	CU_ASSERT_EQUAL(memcmp(bytes.data, "first", 5), 0);
	CU_ASSERT_EQUAL(key_swap_blob(&swap, part.key_blob).len, 0);
	bytes = key_swap_blob(&swap, key_swap_part(&swap, 0).blob);
	CU_ASSERT_EQUAL(memcmp(bytes.data, "third", 5), 0);
	key_swap_close(&swap);
	key_swap_close(&swap);
}

/* As key_swap.c has them. */
struct raw {
	uint32_t nblobs, nparts;
	uint64_t offset, len; /* of one blob */
	struct key_swap_part part;
	char bytes[8];
};

static void
refuses_what_does_not_add_up(void)
{
	static const struct {
		const char *what;
		struct raw raw;
		size_t size;
		bool good;
	} cases[] = {
		{ "all is well", { 1, 1, 40, 8, { 0, 0, 0, 0 }, "" }, 48,
		    true },
		{ "no head", { 1, 1, 40, 8, { 0, 0, 0, 0 }, "" }, 7, false },
		{ "nothing", { 0, 0, 0, 0, { 0, 0, 0, 0 }, "" }, 8, true },
		{ "blobs that are not there",
		    { UINT32_MAX, 0, 40, 8, { 0, 0, 0, 0 }, "" }, 48, false },
		{ "parts that are not there",
		    { 1, UINT32_MAX, 40, 8, { 0, 0, 0, 0 }, "" }, 48, false },
		{ "both", { UINT32_MAX, UINT32_MAX, 0, 0, { 0, 0, 0, 0 }, "" },
		    48, false },
		{ "a blob that is too long",
		    { 1, 1, 40, 9, { 0, 0, 0, 0 }, "" }, 48, false },
		{ "a blob of all memory",
		    { 1, 1, 48, UINT64_MAX, { 0, 0, 0, 0 }, "" }, 48, false },
		{ "a blob far away",
		    { 1, 1, UINT64_MAX, 1, { 0, 0, 0, 0 }, "" }, 48, false },
		{ "a blob in the head", { 1, 1, 0, 8, { 0, 0, 0, 0 }, "" }, 48,
		    false },
		{ "a number of no blob", { 1, 1, 40, 8, { 0, 0, 1, 0 }, "" },
		    48, false },
		{ "a number of no key", { 1, 1, 40, 8, { 0, 0, 0, 1 }, "" }, 48,
		    false },
	};
	struct key_swap swap;
	size_t i;
	int fd;

	for (i = 0; i < NITEMS(cases); i++) {
		fd = fd_sealed("test", &cases[i].raw, cases[i].size);
		errno = 0;
		CHECK_CASE((key_swap_open(&swap, fd) == 0) == cases[i].good,
		    cases[i].what);
		CHECK_CASE(cases[i].good || errno == EINVAL, cases[i].what);
		key_swap_close(&swap);
		close(fd);
	}
}

static void
refuses_what_may_change(void)
{
	const struct raw raw = { 1, 1, 40, 8, { 0, 0, 0, 0 }, "" };
	struct key_swap swap;
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	CU_ASSERT_EQUAL_FATAL(write(fd, &raw, sizeof(raw)), sizeof(raw));
	CU_ASSERT_EQUAL(key_swap_open(&swap, fd), -1);
	CU_ASSERT_EQUAL(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
	CU_ASSERT_EQUAL(key_swap_open(&swap, fd), -1);
	close(fd);
	CU_ASSERT_EQUAL(key_swap_open(&swap, -1), -1);
}

/* --- in a worker ---------------------------------------------------------- */

/* Gives hosts a pair of their own. */
static int
swap_pair(struct rig *rig, const struct rig_pem *pem, const uint32_t *hosts,
    size_t count)
{
	const struct file_bytes blobs[] = { { pem->cert, pem->cert_len },
		{ pem->key, pem->key_len } };
	struct key_swap_part parts[RIG_HOSTS];
	size_t i;
	int fd, ret;

	for (i = 0; i < count; i++) {
		parts[i].host = hosts[i];
		parts[i].which = KEY_SWAP_PAIR;
		parts[i].blob = 0;
		parts[i].key_blob = 1;
	}
	fd = write_plan(blobs, 2, parts, count);
	ret = tls_replace_keys(rig->tls, fd);
	close(fd);
	return (ret);
}

/* Whether a client of that name is shown the certificate. */
static bool
is_served(struct rig *rig, const char *name, const struct rig_pem *pem)
{
	const struct rig_hello hello = { .name = name };
	struct tls_login *login = rig_login(rig);
	struct rig_link link;
	BIO *bio = BIO_new_mem_buf(pem->cert, (int)pem->cert_len);
	X509 *wanted = PEM_read_bio_X509(bio, NULL, NULL, NULL), *got;
	bool same = false;

	rig_connect(rig, &link, login, TLS_CONTROL, &hello);
	if (rig_shake(&link) == TLS_OK) {
		got = SSL_get1_peer_certificate(link.client);
		same = got != NULL && X509_cmp(got, wanted) == 0;
		X509_free(got);
	}
	rig_close(&link);
	tls_login_free(&login);
	X509_free(wanted);
	BIO_free(bio);
	return (same);
}

static void
serves_the_new_pair(void)
{
	static const uint32_t first[] = { 0, 1 }, second[] = { 1 },
			      all[] = { 0, 1, 2 };
	struct rig_pem one, two, three;
	struct rig rig;

	rig_start(&rig, false);
	rig_make_pem(&one);
	rig_make_pem(&two);
	rig_make_pem(&three);
	CU_ASSERT(is_served(&rig, "a.test", &rig.pem));
	CU_ASSERT_EQUAL(swap_pair(&rig, &one, first, 2), 0);
	CU_ASSERT(is_served(&rig, NULL, &one));
	CU_ASSERT(is_served(&rig, "a.test", &one));
	CU_ASSERT(is_served(&rig, "b.test", &rig.pem));
	CU_ASSERT_EQUAL(swap_pair(&rig, &two, second, 1), 0);
	CU_ASSERT(is_served(&rig, NULL, &one));
	CU_ASSERT(is_served(&rig, "a.test", &two));
	/* Nothing is left of the first two. */
	CU_ASSERT_EQUAL(swap_pair(&rig, &three, all, 3), 0);
	CU_ASSERT(is_served(&rig, NULL, &three));
	CU_ASSERT(is_served(&rig, "a.test", &three));
	CU_ASSERT(is_served(&rig, "b.test", &three));
	/* What the worker inherited is as it was. */
	CU_ASSERT_PTR_EQUAL(rig.keys[1].pairs, &rig.pair);
	CU_ASSERT_PTR_EQUAL(rig.pair.cert, rig.pem.cert);
	rig_stop(&rig);
}

/* A login goes on with what it began with, and others resume it. */
static void
leaves_sessions_alone(void)
{
	static const uint32_t all[] = { 0, 1, 2 };
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	struct rig_hello hello = { .name = "a.test" };
	struct rig_link control, data;
	struct tls_login *login;
	struct rig_pem pem;
	const char *why;
	struct rig rig;
	size_t i;

	rig_start(&rig, true);
	for (i = 0; i < NITEMS(versions); i++) {
		hello.version = versions[i];
		hello.session = NULL;
		login = rig_login(&rig);
		rig_connect(&rig, &control, login, TLS_CONTROL, &hello);
		CU_ASSERT_EQUAL_FATAL(rig_shake(&control), TLS_OK);
		CU_ASSERT(rig_say(&control, "220"));
		rig_make_pem(&pem);
		CU_ASSERT_EQUAL(swap_pair(&rig, &pem, all, 3), 0);
		hello.session = rig_take(&control);
		CU_ASSERT_PTR_NOT_NULL_FATAL(hello.session);
		rig_connect(&rig, &data, login, TLS_DATA, &hello);
		CU_ASSERT_EQUAL(rig_shake(&data), TLS_OK);
		CU_ASSERT(tls_bound(data.server, &why));
		CU_ASSERT(rig_say(&control, "226"));
		rig_close(&data);
		rig_close(&control);
		tls_login_free(&login);
		SSL_SESSION_free(hello.session);
	}
	rig_stop(&rig);
}

/* A sender that is not the master as we know it. */
static void
refuses_parts_of_others(void)
{
	static const struct {
		const char *what;
		struct key_swap_part part;
	} cases[] = {
		{ "no such host", { RIG_HOSTS, KEY_SWAP_PAIR, 0, 0 } },
		{ "no such pair", { 0, KEY_SWAP_PAIR + 1, 0, 0 } },
		{ "a pair beyond all", { 0, UINT32_MAX, 0, 0 } },
		{ "no such file", { 0, HOST_FILE_COUNT, 0, KEY_SWAP_KEEP } },
		{ "a file without bytes",
		    { 0, HOST_FILE_CA, KEY_SWAP_KEEP, KEY_SWAP_KEEP } },
	};
	const struct file_bytes blob = { "x", 1 };
	struct rig rig;
	size_t i;
	int fd;

	rig_start(&rig, false);
	for (i = 0; i < NITEMS(cases); i++) {
		fd = write_plan(&blob, 1, &cases[i].part, 1);
		CHECK_CASE(tls_replace_keys(rig.tls, fd) == -1, cases[i].what);
		close(fd);
	}
	CU_ASSERT_EQUAL(tls_replace_keys(rig.tls, -1), -1);
	CU_ASSERT(is_served(&rig, NULL, &rig.pem));
	rig_stop(&rig);
}

CU_TestInfo key_swap_tests[] = {
	{ "what is written arrives", carries_what_is_written },
	{ "numbers have to add up", refuses_what_does_not_add_up },
	{ "only what is sealed is taken", refuses_what_may_change },
	{ "a new pair is served", serves_the_new_pair },
	{ "sessions are left alone", leaves_sessions_alone },
	{ "parts have to be of this configuration", refuses_parts_of_others },
	CU_TEST_INFO_NULL,
};
