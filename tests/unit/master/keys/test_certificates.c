/* Unit tests of the files of key pairs, and of what is shared of them. */
#include <CUnit/CUnit.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "master/keys/certificates.h"
#include "tests/unit/suites.h"

struct folder {
	char top[32], cert[48], key[48];
};

static void
put(const char *path, const char *text, mode_t mode)
{
	FILE *out = fopen(path, "w");

	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	(void)fputs(text, out);
	CU_ASSERT_EQUAL(fclose(out), 0);
	CU_ASSERT_EQUAL(chmod(path, mode), 0);
}

static void
open_folder(struct folder *folder)
{
	(void)snprintf(folder->top, sizeof(folder->top), "%s",
	    "/tmp/ftpsd-unit-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder->top));
	(void)snprintf(folder->cert, sizeof(folder->cert), "%s/cert",
	    folder->top);
	(void)snprintf(folder->key, sizeof(folder->key), "%s/key", folder->top);
	put(folder->cert, "CERT", 0644);
	put(folder->key, "KEY", 0600);
}

static void
close_folder(struct folder *folder)
{
	(void)unlink(folder->cert);
	(void)unlink(folder->key);
	CU_ASSERT_EQUAL(rmdir(folder->top), 0);
}

/* A configuration with two hosts that share a pair, the second without TLS. */
static void
fill_conf(struct conf *conf, struct conf_host *hosts,
    struct conf_certificate *files, const struct folder *folder)
{
	memset(conf, 0, sizeof(*conf));
	memset(hosts, 0, 3 * sizeof(*hosts));
	memset(files, 0, sizeof(*files));
	files->cert = strdup(folder->cert);
	files->key = strdup(folder->key);
	hosts[0].tls.engine = true;
	hosts[0].tls.certificates = files;
	hosts[0].tls.ncertificates = 1;
	hosts[1] = hosts[0];
	hosts[1].tls.engine = false;
	hosts[2] = hosts[0];
	conf->hosts = hosts;
	conf->nhosts = 3;
}

static struct certificates *
load(const struct conf *conf, struct conf_errors *errors)
{
	const struct certificates_wish wish = { .conf = conf,
		.service = getuid(),
		.errors = errors };

	return (certificates_load(&wish));
}

static void
refuses_files_that_are_open_to_others(void)
{
	static const struct {
		const char *what;
		mode_t key_mode;
		size_t mistakes;
	} cases[] = {
		{ "the owner's", 0600, 0 },
		{ "a group may read it", 0640, 0 },
		{ "a group may write it", 0660, 1 },
		{ "all may read it", 0604, 1 },
		{ "all may write it", 0602, 1 },
	};
	struct certificates *certificates;
	struct conf_certificate files;
	struct conf_host hosts[3];
	struct conf_errors errors;
	struct folder folder;
	struct conf conf;
	size_t i;

	open_folder(&folder);
	fill_conf(&conf, hosts, &files, &folder);
	for (i = 0; i < NITEMS(cases); i++) {
		memset(&errors, 0, sizeof(errors));
		CU_ASSERT_EQUAL(chmod(folder.key, cases[i].key_mode), 0);
		certificates = load(&conf, &errors);
		CHECK_CASE(certificates != NULL, cases[i].what);
		CHECK_CASE(errors.count == cases[i].mistakes, cases[i].what);
		CHECK_CASE(errors.count == 0 ||
			strcmp(errors.items[0].file, folder.key) == 0,
		    cases[i].what);
		certificates_free(&certificates);
		conf_errors_free(&errors);
	}
	free(files.cert);
	free(files.key);
	close_folder(&folder);
}

static void
reads_each_file_once(void)
{
	struct certificates *certificates;
	const struct host_keys *keys;
	struct conf_certificate files;
	struct conf_host hosts[3];
	struct conf_errors errors;
	struct folder folder;
	struct conf conf;

	open_folder(&folder);
	fill_conf(&conf, hosts, &files, &folder);
	memset(&errors, 0, sizeof(errors));
	certificates = load(&conf, &errors);
	CU_ASSERT_PTR_NOT_NULL_FATAL(certificates);
	CU_ASSERT_EQUAL(errors.count, 0);
	CU_ASSERT_EQUAL(certificates_count(certificates), 1);
	keys = certificates_keys(certificates);
	CU_ASSERT_EQUAL(keys[0].count, 1);
	CU_ASSERT_EQUAL(keys[1].count, 0);
	CU_ASSERT_EQUAL(keys[2].count, 1);
	CU_ASSERT_PTR_EQUAL(keys[0].pairs[0].key, keys[2].pairs[0].key);
	CU_ASSERT_STRING_EQUAL(keys[0].pairs[0].cert, "CERT");
	CU_ASSERT_STRING_EQUAL(keys[0].pairs[0].key, "KEY");
	certificates_free(&certificates);
	CU_ASSERT_PTR_NULL(certificates);
	free(files.cert);
	free(files.key);
	close_folder(&folder);
}

static void
joins_key_and_chain(void)
{
	struct certificates *certificates;
	const struct host_keys *keys;
	struct conf_certificate files;
	struct conf_host hosts[3];
	struct conf_errors errors;
	struct folder folder;
	struct conf conf;

	open_folder(&folder);
	fill_conf(&conf, hosts, &files, &folder);
	/* The key in the certificate's file, which then is a secret, too. */
	free(files.key);
	files.key = NULL;
	files.chain = folder.key;
	memset(&errors, 0, sizeof(errors));
	certificates = load(&conf, &errors);
	CU_ASSERT_EQUAL(errors.count, 1);
	certificates_free(&certificates);
	conf_errors_free(&errors);
	CU_ASSERT_EQUAL(chmod(folder.cert, 0600), 0);
	certificates = load(&conf, &errors);
	CU_ASSERT_EQUAL(errors.count, 0);
	keys = certificates_keys(certificates);
	CU_ASSERT_STRING_EQUAL(keys[0].pairs[0].cert, "CERT\nKEY");
	CU_ASSERT_PTR_EQUAL(keys[0].pairs[0].cert, keys[0].pairs[0].key);
	certificates_free(&certificates);
	free(files.cert);
	close_folder(&folder);
}

static void
check_place(const struct conf_error *error,
    const struct conf_certificate *files, const char *path, const char *why)
{
	char text[PATH_MAX + 100];

	(void)snprintf(text, sizeof(text), "%s: %s", path, why);
	CU_ASSERT_STRING_EQUAL(error->file, files->file);
	CU_ASSERT_EQUAL(error->line, files->line);
	CU_ASSERT_EQUAL(error->column, files->column);
	CU_ASSERT_STRING_EQUAL(error->text, text);
}

static void
names_what_is_missing(void)
{
	struct certificates *certificates;
	struct conf_certificate files;
	struct conf_host hosts[3];
	struct conf_errors errors;
	struct folder folder;
	struct conf conf;

	open_folder(&folder);
	fill_conf(&conf, hosts, &files, &folder);
	memset(&errors, 0, sizeof(errors));
	(void)unlink(folder.key);
	CU_ASSERT_EQUAL(mkfifo(folder.key, 0600), 0);
	certificates = load(&conf, &errors);
	CU_ASSERT_EQUAL(errors.count, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(errors.items[0].text, "regular"));
	CU_ASSERT_STRING_EQUAL(errors.items[0].file, folder.key);
	certificates_free(&certificates);
	conf_errors_free(&errors);

	put(folder.cert, "", 0644);
	(void)unlink(folder.key);
	memset(&errors, 0, sizeof(errors));
	files.file = folder.top;
	files.line = 14;
	files.column = 9;
	certificates = load(&conf, &errors);
	CU_ASSERT_EQUAL_FATAL(errors.count, 2);
	check_place(&errors.items[0], &files, folder.cert, "is empty");
	check_place(&errors.items[1], &files, folder.key, strerror(ENOENT));
	certificates_free(&certificates);
	conf_errors_free(&errors);
	free(files.cert);
	free(files.key);
	close_folder(&folder);
}

/* Loads again what previous was made of. */
static struct certificates *
load_after(const struct conf *conf, const struct certificates *previous,
    bool renew, struct conf_errors *errors)
{
	const struct certificates_wish wish = { .conf = conf,
		.service = getuid(),
		.errors = errors,
		.previous = previous,
		.renew = renew };

	memset(errors, 0, sizeof(*errors));
	return (certificates_load(&wish));
}

static void
keeps_what_was_good(void)
{
	struct certificates *first, *second, *third;
	struct conf_certificate files;
	struct conf_host hosts[3];
	struct conf_errors errors;
	struct folder folder;
	struct conf conf;

	open_folder(&folder);
	fill_conf(&conf, hosts, &files, &folder);
	first = load_after(&conf, NULL, false, &errors);
	certificates_settle(first);
	put(folder.cert, "OTHER", 0644);
	(void)unlink(folder.key);
	second = load_after(&conf, first, false, &errors);
	CU_ASSERT_EQUAL(errors.count, 0);
	certificates_settle(second);
	certificates_free(&first);
	CU_ASSERT_STRING_EQUAL(certificates_keys(second)[2].pairs[0].cert,
	    "CERT");
	CU_ASSERT_STRING_EQUAL(certificates_keys(second)[2].pairs[0].key,
	    "KEY");
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(certificates_at(second, 0)->why, "No such file"));
	/* Read well, but found to be bad by the check. */
	put(folder.key, "OTHER", 0600);
	third = load_after(&conf, second, false, &errors);
	CU_ASSERT_STRING_EQUAL(certificates_keys(third)[0].pairs[0].cert,
	    "OTHER");
	CU_ASSERT_PTR_NULL(certificates_at(third, 0)->why);
	certificates_bad(third, 0, folder.cert, "is bad");
	certificates_settle(third);
	CU_ASSERT_EQUAL(errors.count, 0);
	CU_ASSERT_STRING_EQUAL(certificates_keys(third)[0].pairs[0].cert,
	    "CERT");
	CU_ASSERT_EQUAL(certificates_at(third, 0)->since,
	    certificates_at(second, 0)->since);
	certificates_free(&second);
	certificates_free(&third);
	free(files.cert);
	free(files.key);
	close_folder(&folder);
}

static void
keeps_what_has_not_changed(void)
{
	struct certificates *first, *second;
	struct conf_certificate files;
	struct conf_host hosts[3];
	struct conf_errors errors;
	struct folder folder;
	struct conf conf;

	open_folder(&folder);
	fill_conf(&conf, hosts, &files, &folder);
	first = load_after(&conf, NULL, false, &errors);
	CU_ASSERT(!certificates_at(first, 0)->settled);
	CU_ASSERT_EQUAL(certificates_stamp(first, 0),
	    certificates_at(first, 0)->stamp);
	second = load_after(&conf, first, true, &errors);
	CU_ASSERT(certificates_at(second, 0)->settled);
	CU_ASSERT_STRING_EQUAL(certificates_keys(second)[0].pairs[0].key,
	    "KEY");
	certificates_free(&second);
	put(folder.key, "LONGER", 0600);
	CU_ASSERT_NOT_EQUAL(certificates_stamp(first, 0),
	    certificates_at(first, 0)->stamp);
	second = load_after(&conf, first, true, &errors);
	CU_ASSERT(!certificates_at(second, 0)->settled);
	CU_ASSERT_STRING_EQUAL(certificates_keys(second)[0].pairs[0].key,
	    "LONGER");
	certificates_free(&second);
	certificates_free(&first);
	free(files.cert);
	free(files.key);
	close_folder(&folder);
}

CU_TestInfo certificates_tests[] = {
	{ "keys are for their owner", refuses_files_that_are_open_to_others },
	{ "a pair is read once", reads_each_file_once },
	{ "key and chain may be joined", joins_key_and_chain },
	{ "a missing file is named", names_what_is_missing },
	{ "what was good is kept", keeps_what_was_good },
	{ "what has not changed is kept", keeps_what_has_not_changed },
	CU_TEST_INFO_NULL,
};
