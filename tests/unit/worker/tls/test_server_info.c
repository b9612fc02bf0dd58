/* Unit tests of worker/tls: extensions from tls.server_info_file. */
#include "tests/unit/suites.h"
#include "tests/unit/tls_rig.h"

#include "shm/base/server_info.h"
#include "worker/tls/server_info.h"
#include "worker/tls/state.h"

#define FIRST  600
#define SECOND 601

/* 1.2 hello and 1.3 certificate, as an extension is sent to a client. */
#define BOTH                                                  \
	(SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_2_SERVER_HELLO | \
	    SSL_EXT_TLS1_3_CERTIFICATE)

/* A block of version 2: context, type, length, data. */
static void
write_block(BIO *bio, unsigned int context, unsigned int type, const char *text)
{
	unsigned char bytes[64] = { (unsigned char)(context >> 24),
		(unsigned char)(context >> 16), (unsigned char)(context >> 8),
		(unsigned char)context, (unsigned char)(type >> 8),
		(unsigned char)type, 0, (unsigned char)strlen(text) };

	memcpy(bytes + 8, text, strlen(text));
	CU_ASSERT(PEM_write_bio(bio, "SERVERINFOV2 FOR test", "", bytes,
		      8 + (long)strlen(text)) > 0);
}

struct file {
	char text[1024];
	size_t len;
};

static void
give(struct rig *rig, size_t host, struct file *file, BIO *bio)
{
	file->len = rig_drain(bio, file->text, sizeof(file->text));
	rig->keys[host].files[HOST_FILE_SERVER_INFO].data = file->text;
	rig->keys[host].files[HOST_FILE_SERVER_INFO].len = file->len;
}

/* What came for each type. */
static char came[2][32];

/* NOLINTBEGIN(readability-function-size, readability-non-const-parameter) */
static int
take(SSL *ssl, unsigned int type, unsigned int context, const unsigned char *in,
    size_t len, X509 *cert, size_t chain_index, int *alert, void *arg)
{
	char *out = came[type - FIRST];

	(void)ssl;
	(void)context;
	(void)cert;
	(void)chain_index;
	(void)alert;
	(void)arg;
	if (len >= sizeof(came[0]))
		return (0);
	memcpy(out, in, len);
	out[len] = '\0';
	return (1);
}

static int
ask(SSL *ssl, unsigned int type, unsigned int context,
    const unsigned char **out, size_t *len, X509 *cert, size_t chain_index,
    int *alert, void *arg)
{
	(void)ssl;
	(void)type;
	(void)cert;
	(void)chain_index;
	(void)alert;
	(void)arg;
	*out = NULL;
	*len = 0;
	return (context == SSL_EXT_CLIENT_HELLO ? 1 : 0);
}

/* NOLINTEND(readability-function-size, readability-non-const-parameter) */

static void
check_answer(struct rig *rig, const char *name, int version, const char *first,
    const char *second)
{
	struct rig_hello hello = { .name = name, .version = version };
	struct tls_login *login = rig_login(rig);
	struct rig_link link;

	memset(came, 0, sizeof(came));
	rig_connect(rig, &link, login, TLS_CONTROL, &hello);
	CHECK_CASE(rig_shake(&link) == TLS_OK, name);
	CHECK_CASE(strcmp(came[0], first) == 0, name);
	CHECK_CASE(strcmp(came[1], second) == 0, name);
	rig_close(&link);
	tls_login_free(&login);
}

static void
prepare(struct rig *rig, struct file files[2])
{
	BIO *bio;

	log_set_level(LOG_LEVEL_ERROR);
	rig_prepare(rig, false);
	bio = BIO_new(BIO_s_mem());
	write_block(bio, BOTH, FIRST, "a's first");
	give(rig, 1, &files[0], bio);
	bio = BIO_new(BIO_s_mem());
	write_block(bio, BOTH, SECOND, "b's second");
	write_block(bio, BOTH, FIRST, "b's first");
	give(rig, 2, &files[1], bio);
	CU_ASSERT_EQUAL(SSL_CTX_add_custom_ext(rig->client, FIRST, BOTH, ask,
			    NULL, NULL, take, NULL),
	    1);
	CU_ASSERT_EQUAL(SSL_CTX_add_custom_ext(rig->client, SECOND, BOTH, ask,
			    NULL, NULL, take, NULL),
	    1);
}

static void
check_hosts(void)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	struct file files[2];
	struct rig rig;
	size_t i;

	prepare(&rig, files);
	rig.tls = rig_worker(&rig);
	for (i = 0; i < NITEMS(versions); i++) {
		check_answer(&rig, "a.test", versions[i], "a's first", "");
		check_answer(&rig, "b.test", versions[i], "b's first",
		    "b's second");
		check_answer(&rig, "c.test", versions[i], "", "");
	}
	rig_stop(&rig);
}

/* Connections that began before a file came get none of it, and no harm. */
static void
check_replaced(void)
{
	struct rig_hello hello = { .name = "b.test" };
	struct file_bytes later;
	struct tls_login *login;
	struct rig_link link;
	struct file files[2];
	struct rig rig;

	prepare(&rig, files);
	later = rig.keys[2].files[HOST_FILE_SERVER_INFO];
	rig.keys[2].files[HOST_FILE_SERVER_INFO].data = NULL;
	rig.tls = rig_worker(&rig);
	login = rig_login(&rig);
	rig_connect(&rig, &link, login, TLS_CONTROL, &hello);
	rig.keys[2].files[HOST_FILE_SERVER_INFO] = later;
	server_info_announce(rig.tls);
	CU_ASSERT_EQUAL(rig_shake(&link), TLS_FAILED);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(tls_reason(link.server), "at this moment"));
	rig_close(&link);
	tls_login_free(&login);
	check_answer(&rig, "b.test", 0, "b's first", "b's second");
	check_answer(&rig, "a.test", 0, "a's first", "");
	rig_stop(&rig);
}

/* What is no block, or a part of one. */
static void
check_blocks(void)
{
	static const unsigned char bytes[] = { 0, 0, 1, 0x80, 2, 88, 0, 2, 'x',
		'y', 0, 0, 1, 0x80, 2, 88, 0, 2, 'x' };
	const unsigned char *at = bytes;
	struct server_info info;
	size_t len = sizeof(bytes);
	struct buf all;

	CU_ASSERT_TRUE_FATAL(server_info_next(&at, &len, &info));
	CU_ASSERT(info.context == 0x180 && info.type == FIRST);
	CU_ASSERT(info.len == 2 && memcmp(info.data, "xy", 2) == 0);
	CU_ASSERT(!server_info_next(&at, &len, &info) && len == 9);
	buf_init(&all, SERVER_INFO_MAX);
	CU_ASSERT_EQUAL(server_info_read(&all, "nonsense", 8), -1);
	CU_ASSERT_EQUAL(server_info_read(&all, "", 0), -1);
	buf_free(&all);
}

CU_TestInfo server_info_tests[] = {
	{ "each host has its own", check_hosts },
	{ "a file that is replaced", check_replaced },
	{ "blocks", check_blocks },
	CU_TEST_INFO_NULL,
};
