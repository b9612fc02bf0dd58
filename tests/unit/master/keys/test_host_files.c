/* Unit tests of the files of hosts beside their key pairs. */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master/keys/certificates.h"
#include "master/keys/pem_pick.h"
#include "shm/base/psk.h"
#include "tests/unit/conf_rig.h"
#include "tests/unit/scratch.h"
#include "tests/unit/suites.h"

#define A                                     \
	"-----BEGIN CERTIFICATE-----\nAAAA\n" \
	"-----END CERTIFICATE-----\n"
#define B                                             \
	"-----BEGIN TRUSTED CERTIFICATE-----\nBBBB\n" \
	"-----END TRUSTED CERTIFICATE-----\n"
#define KEY  "-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----\n"
#define LIST "-----BEGIN X509 CRL-----\nCCCC\n-----END X509 CRL-----\n"

static void
picks_blocks_of_a_kind(void)
{
	static const struct {
		const char *what, *text;
		enum host_file kind;
		int count;
		const char *picked;
	} cases[] = {
		{ "two of three", "words\n" A KEY B "end", HOST_FILE_CA, 2,
		    "# f\n" A B },
		{ "another kind", A LIST, HOST_FILE_CRL, 1, "# f\n" LIST },
		{ "none", KEY, HOST_FILE_CA, 0, "" },
		{ "nothing", "", HOST_FILE_CA, 0, "" },
		{ "no line end", "-----BEGIN X509 CRL-----\n-----END X",
		    HOST_FILE_CRL, 1,
		    "# f\n-----BEGIN X509 CRL-----\n-----END X\n" },
		{ "no end", A "-----BEGIN CERTIFICATE-----\nAAAA\n",
		    HOST_FILE_CA, -1, "" },
		{ "a block in a block", "-----BEGIN CERTIFICATE-----\n" KEY,
		    HOST_FILE_CA, -1, "" },
		{ "not at the start of a line", " " A, HOST_FILE_CA, 0, "" },
		{ "any name", "-----BEGIN SERVERINFO FOR x-----\n-----END x\n",
		    HOST_FILE_SERVER_INFO, 1,
		    "# f\n-----BEGIN SERVERINFO FOR x-----\n-----END x\n" },
	};
	const char *why;
	struct buf out;
	size_t i;

	for (i = 0; i < NITEMS(cases); i++) {
		buf_init(&out, 0);
		CHECK_CASE(pem_pick(&out, cases[i].kind, cases[i].text,
			       strlen(cases[i].text), "f",
			       &why) == cases[i].count,
		    cases[i].what);
		CHECK_CASE((why != NULL) == (cases[i].count == -1),
		    cases[i].what);
		CU_ASSERT_EQUAL(buf_append(&out, "", 1), 0);
		CHECK_CASE(strcmp((const char *)buf_data(&out),
			       cases[i].picked) == 0,
		    cases[i].what);
		buf_free(&out);
	}
}

static void
picks_no_more_than_fits(void)
{
	const char *why;
	struct buf out;

	buf_init(&out, strlen("# f\n" A) + 3);
	CU_ASSERT_EQUAL(pem_pick(&out, HOST_FILE_CA, A B, strlen(A B), "f",
			    &why),
	    -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "too much"));
	CU_ASSERT_EQUAL(buf_len(&out), 0);
	CU_ASSERT_EQUAL(pem_pick(&out, HOST_FILE_CA, A, strlen(A), "f", &why),
	    1);
	buf_free(&out);
}

static void
reads_lines_of_shared_keys(void)
{
	static const char text[] = "one 000102030405060708090a0b0c0d0e0F\n"
				   "two xx\nthree 00";
	uint8_t key[PSK_KEY_MAX];
	struct psk_line line;
	const char *at = text;
	size_t len = strlen(text);

	CU_ASSERT(psk_find(text, len, "one", &line));
	CU_ASSERT_EQUAL(psk_key(&line, key), 16);
	CU_ASSERT_EQUAL(key[15], 15);
	CU_ASSERT(psk_find(text, len, "three", &line));
	CU_ASSERT_EQUAL(psk_key(&line, key), 0);
	CU_ASSERT(!psk_find(text, len, "on", &line));
	CU_ASSERT(!psk_find(text, len, "", &line));
	CU_ASSERT(psk_next(&at, &len, &line) && psk_next(&at, &len, &line));
	CU_ASSERT_EQUAL(psk_key(&line, key), 0);
	CU_ASSERT(psk_next(&at, &len, &line));
	CU_ASSERT(!psk_next(&at, &len, &line));
	CU_ASSERT_EQUAL(len, 0);
	at = "word\n";
	len = strlen(at);
	CU_ASSERT(!psk_next(&at, &len, &line));
	CU_ASSERT_EQUAL(len, 5);
}

/* --- reading -------------------------------------------------------------- */

/* The configuration of a text in which %s is the directory. */
static struct conf *
configure(const struct scratch *scratch, const char *format)
{
	struct conf *conf;
	const char *at;
	char *text, *grown;

	text = strdup(LISTEN);
	for (at = format; text != NULL && *at != '\0';
	     at += at[0] == '@' ? 1 : strcspn(at, "@")) {
		if (asprintf(&grown, "%s%.*s", text,
			at[0] == '@' ? (int)strlen(scratch->path)
				     : (int)strcspn(at, "@"),
			at[0] == '@' ? scratch->path : at) == -1)
			abort();
		free(text);
		text = grown;
	}
	if (text == NULL)
		abort();
	conf = rig_must(text);
	free(text);
	return (conf);
}

static struct certificates *
load(const struct conf *conf, struct conf_errors *errors)
{
	const struct certificates_wish wish = { .conf = conf,
		.service = getuid(),
		.errors = errors };

	memset(errors, 0, sizeof(*errors));
	return (certificates_load(&wish));
}

#define PAIR "certificates: [{cert: @/cert}]"

static void
set_mode(const struct scratch *scratch, const char *name, mode_t mode)
{
	CU_ASSERT_EQUAL(fchmodat(scratch->fd, name, mode, 0), 0);
}

static void
write_pair(const struct scratch *scratch)
{
	scratch_write(scratch, "cert", "CERT");
	set_mode(scratch, "cert", 0600);
}

static void
reads_a_directory_whole(void)
{
	struct certificates *certificates;
	const struct host_keys *keys;
	struct conf_errors errors;
	struct scratch scratch;
	char wanted[512];
	struct conf *conf;

	scratch_new(&scratch);
	write_pair(&scratch);
	scratch_write(&scratch, "bundle.pem", "text\n" A KEY);
	(void)mkdirat(scratch.fd, "ca", 0755);
	(void)mkdirat(scratch.fd, "ca/folder", 0755);
	scratch_write(&scratch, "ca/b.pem", B);
	scratch_write(&scratch, "ca/a.key", KEY);
	scratch_write(&scratch, "ca/.hidden", A);
	scratch_write(&scratch, "ca/empty", "");
	CU_ASSERT_EQUAL(symlinkat("b.pem", scratch.fd, "ca/0a1b2c3d.0"), 0);
	CU_ASSERT_EQUAL(symlinkat("nowhere", scratch.fd, "ca/broken.0"), 0);
	conf = configure(&scratch,
	    "tls: {engine: on, " PAIR ", ca_certificate_file: @/bundle.pem, "
	    "ca_certificate_path: @/ca}\n");
	certificates = load(conf, &errors);
	CU_ASSERT_EQUAL(errors.count, 0);
	keys = certificates_keys(certificates);
	/* One of the two names of b.pem, whichever the directory has first. */
	(void)snprintf(wanted, sizeof(wanted), "# %s/bundle.pem\n" A "# %s/ca/",
	    scratch.path, scratch.path);
	CU_ASSERT(keys[0].files[HOST_FILE_CA].len > strlen(wanted));
	CU_ASSERT_EQUAL(strncmp(keys[0].files[HOST_FILE_CA].data, wanted,
			    strlen(wanted)),
	    0);
	CU_ASSERT_EQUAL(keys[0].files[HOST_FILE_CA].len,
	    strlen(keys[0].files[HOST_FILE_CA].data));
	CU_ASSERT_STRING_EQUAL(keys[0].files[HOST_FILE_CA].data +
		keys[0].files[HOST_FILE_CA].len - strlen(B),
	    B);
	CU_ASSERT_PTR_NULL(strstr(keys[0].files[HOST_FILE_CA].data, "SECRET"));
	CU_ASSERT_PTR_NULL(keys[0].files[HOST_FILE_CRL].data);
	certificates_free(&certificates);
	conf_free(&conf);
	scratch_free(&scratch);
}

static void
reads_the_same_files_once(void)
{
	struct certificates *certificates;
	const struct host_keys *keys;
	struct conf_errors errors;
	struct scratch scratch;
	struct conf *conf;

	scratch_new(&scratch);
	write_pair(&scratch);
	scratch_write(&scratch, "a", A);
	scratch_write(&scratch, "l", LIST);
	conf = configure(&scratch,
	    "defaults: {tls: {engine: on, " PAIR
	    ", ca_certificate_file: @/a}}\n"
	    "hosts:\n- {name: a}\n- {name: b}\n"
	    "- {name: c, tls: {ca_certificate_file: none}}\n"
	    "- {name: d, tls: {ca_revocation_file: @/l}}\n"
	    "- {name: e, tls: {engine: off}}\n");
	certificates = load(conf, &errors);
	CU_ASSERT_EQUAL(errors.count, 0);
	CU_ASSERT_EQUAL(certificates_pairs(certificates), 1);
	CU_ASSERT_EQUAL(certificates_count(certificates), 3);
	keys = certificates_keys(certificates);
	CU_ASSERT_PTR_NOT_NULL(keys[1].files[HOST_FILE_CA].data);
	CU_ASSERT_PTR_EQUAL(keys[1].files[HOST_FILE_CA].data,
	    keys[2].files[HOST_FILE_CA].data);
	CU_ASSERT_PTR_NULL(keys[3].files[HOST_FILE_CA].data);
	CU_ASSERT_PTR_NOT_NULL(keys[4].files[HOST_FILE_CRL].data);
	CU_ASSERT_PTR_NULL(keys[5].files[HOST_FILE_CA].data);
	certificates_free(&certificates);
	conf_free(&conf);
	scratch_free(&scratch);
}

static void
joins_shared_keys(void)
{
	struct certificates *certificates;
	const struct host_keys *keys;
	struct conf_errors errors;
	struct scratch scratch;
	struct conf *conf;

	scratch_new(&scratch);
	write_pair(&scratch);
	scratch_write(&scratch, "one", "00112233445566778899aabbccddeeff\r\n");
	scratch_write(&scratch, "two", "ff");
	set_mode(&scratch, "one", 0640);
	set_mode(&scratch, "two", 0600);
	conf = configure(&scratch,
	    "tls: {engine: on, " PAIR ", pre_shared_key: "
	    "[\"a hex:@/one\", \"b hex:@/two\"]}\n");
	certificates = load(conf, &errors);
	CU_ASSERT_EQUAL(errors.count, 0);
	keys = certificates_keys(certificates);
	CU_ASSERT_STRING_EQUAL(keys[0].files[HOST_FILE_PSK].data,
	    "a 00112233445566778899aabbccddeeff\nb ff\n");
	CU_ASSERT_EQUAL(keys[0].files[HOST_FILE_PSK].len,
	    strlen(keys[0].files[HOST_FILE_PSK].data));
	certificates_free(&certificates);
	conf_free(&conf);
	scratch_free(&scratch);
}

static const struct {
	const char *what, *key, *mistake;
} mistakes[] = {
	{ "no such file", "ca_certificate_file: @/none", "No such file" },
	{ "a directory as a file", "ca_certificate_file: @/ca",
	    "not a regular file" },
	{ "a file as a directory", "ca_certificate_path: @/key",
	    "Not a directory" },
	{ "no certificate", "ca_certificate_file: @/key", "no certificate" },
	{ "an empty directory", "ca_certificate_path: @/ca", "no certificate" },
	{ "no list", "ca_revocation_file: @/a", "no revocation list" },
	{ "no parameters", "dh_param_file: @/a", "no DH parameters" },
	{ "one of two", "dh_param_file: [@/a, @/none]", "No such file" },
	{ "no extensions", "server_info_file: @/a", "no extensions" },
	{ "a key for all", "pre_shared_key: \"a hex:@/open\"",
	    "readable by others" },
	{ "two lines", "pre_shared_key: \"a hex:@/lines\"", "not one line" },
	{ "no key", "pre_shared_key: \"a hex:@/blank\"", "not one line" },
};

static void
tells_what_is_wrong_with_files(void)
{
	struct certificates *certificates;
	struct conf_errors errors;
	struct scratch scratch;
	struct conf *conf;
	char text[256];
	size_t i;

	scratch_new(&scratch);
	write_pair(&scratch);
	scratch_write(&scratch, "a", A);
	scratch_write(&scratch, "key", KEY);
	scratch_write(&scratch, "open", "00112233445566778899aabbccddeeff");
	scratch_write(&scratch, "lines", "0011\n2233");
	scratch_write(&scratch, "blank", "\n");
	set_mode(&scratch, "lines", 0600);
	set_mode(&scratch, "blank", 0600);
	(void)mkdirat(scratch.fd, "ca", 0755);
	for (i = 0; i < NITEMS(mistakes); i++) {
		(void)snprintf(text, sizeof(text),
		    "tls:\n  engine: on\n  " PAIR "\n  %s\n", mistakes[i].key);
		conf = configure(&scratch, text);
		certificates = load(conf, &errors);
		CHECK_CASE(certificates != NULL, mistakes[i].what);
		CHECK_CASE(errors.count > 0, mistakes[i].what);
		CHECK_CASE(errors.count == 0 ||
			strstr(errors.items[errors.count - 1].text,
			    mistakes[i].mistake) != NULL,
		    mistakes[i].what);
		CHECK_CASE(errors.count == 0 || errors.items[0].line == 5,
		    mistakes[i].what);
		certificates_free(&certificates);
		conf_errors_free(&errors);
		conf_free(&conf);
	}
	scratch_free(&scratch);
}

static void
may_be_told_to_be_lenient(void)
{
	struct certificates *certificates;
	struct conf_errors errors;
	struct scratch scratch;
	struct conf *conf;

	scratch_new(&scratch);
	write_pair(&scratch);
	scratch_write(&scratch, "open", "00112233445566778899aabbccddeeff");
	set_mode(&scratch, "cert", 0644);
	conf = configure(&scratch,
	    "tls: {engine: on, " PAIR ", pre_shared_key: \"a hex:@/open\", "
	    "allow_insecure_key_permissions: on}\n");
	certificates = load(conf, &errors);
	CU_ASSERT_EQUAL(errors.count, 0);
	certificates_free(&certificates);
	conf_free(&conf);
	scratch_free(&scratch);
}

CU_TestInfo host_files_tests[] = {
	{ "blocks of a kind are picked", picks_blocks_of_a_kind },
	{ "blocks are picked up to a limit", picks_no_more_than_fits },
	{ "shared keys are lines", reads_lines_of_shared_keys },
	{ "a directory is read whole", reads_a_directory_whole },
	{ "the same files are read once", reads_the_same_files_once },
	{ "shared keys are joined", joins_shared_keys },
	{ "mistakes in files are told", tells_what_is_wrong_with_files },
	{ "permissions may be let pass", may_be_told_to_be_lenient },
	CU_TEST_INFO_NULL,
};
