/* Unit tests of where keys and their pass phrases come from. */
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/keys/key_job.h"
#include "master/keys/opened_keys.h"
#include "master/keys/phrase.h"
#include "shm/base/loop.h"
#include "shm/base/provider.h"
#include "shm/base/secret.h"
#include "shm/base/uri.h"
#include "tests/unit/scratch.h"
#include "tests/unit/suites.h"
#include "worker/tls/schedule.h"

/* --- what is remembered --------------------------------------------------- */

static void
remembers_opened_keys(void)
{
	struct key_request request, other;
	struct key_opened opened, found;
	char cert[] = "certificate", key[] = "key";

	memset(&request, 0, sizeof(request));
	memset(&opened, 0, sizeof(opened));
	request.form = KEY_PEM;
	request.key = "protected";
	request.key_len = 9;
	other = request;
	other.form = KEY_PKCS12;
	opened.cert = cert;
	opened.cert_len = strlen(cert);
	opened.key = key;
	opened.key_len = strlen(key);
	CU_ASSERT_FALSE(opened_keys_find(&request, &found));
	opened_keys_add(&request, &opened);
	opened_keys_add(&request, &opened);
	CU_ASSERT_FALSE(opened_keys_find(&other, &found));
	opened_keys_settle();
	CU_ASSERT_TRUE_FATAL(opened_keys_find(&request, &found));
	CU_ASSERT(found.cert_len == strlen(cert) &&
	    memcmp(found.cert, cert, found.cert_len) == 0);
	CU_ASSERT(found.key_len == strlen(key) &&
	    memcmp(found.key, key, found.key_len) == 0);
	opened_keys_settle(); /* it was found since */
	CU_ASSERT_TRUE(opened_keys_find(&request, &found));
	opened_keys_settle();
	opened_keys_settle();
	CU_ASSERT_FALSE(opened_keys_find(&request, &found));
}

/* --- programs ------------------------------------------------------------- */

struct talk {
	struct loop *loop;
	struct phrase_run *run;
	char *phrase;
	char why[200];
};

static void
told(const char *why, void *context)
{
	struct talk *talk = context;

	(void)snprintf(talk->why, sizeof(talk->why), "%s",
	    why == NULL ? "" : why);
	phrase_run_free(&talk->run);
	loop_stop(talk->loop);
}

/* What the program with that body comes to: "" and the phrase, or why not. */
static void
run_program(const struct scratch *scratch, const char *body, struct talk *talk)
{
	char path[128], text[256], argument[] = "argument";
	char *words[] = { path, argument };
	struct conf_strings command = { words, 2 };
	struct phrase_question question = { &command, "host:21", "RSA" };
	struct phrase_setup setup = { talk->loop, talk->phrase, told, talk };

	(void)snprintf(path, sizeof(path), "%s/program", scratch->path);
	(void)snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", body);
	(void)unlink(path);
	scratch_write(scratch, "program", text);
	CU_ASSERT_EQUAL(chmod(path, 0700), 0);
	CU_ASSERT_PTR_NULL(phrase_check_program(path));
	talk->run = phrase_run_new(&setup, &question);
	CU_ASSERT_PTR_NOT_NULL_FATAL(talk->run);
	(void)loop_run(talk->loop);
}

static void
asks_programs(void)
{
	static const struct {
		const char *body, *phrase, *why;
	} cases[] = {
		{ "echo secret", "secret", "" },
		{ "printf 'two words\\r\\nmore\\n'", "two words", "" },
		{ "printf unended", "unended", "" },
		{ "echo $1/$2/$3", "argument/host:21/RSA", "" },
		{ "echo secret; sleep 100 & exit 0", "secret", "" },
		{ "echo secret; exit 1", "", "status is 1" },
		{ "kill -15 $$", "", "signal 15" },
		{ ":", "", "no pass phrase" },
		{ "echo", "", "no pass phrase" },
		{ "printf 'a\\0b\\n'", "", "NUL" },
		{ "head -c 3000 /dev/zero | tr '\\0' x", "", "too long" },
		{ "head -c 1023 /dev/zero | tr '\\0' x; echo; seq 9999", NULL,
		    "" },
	};
	struct scratch scratch;
	struct talk talk;
	char *phrase = secret_alloc(KEY_PHRASE_MAX, SECRET_WIPE_ON_FORK);
	size_t i;

	scratch_new(&scratch);
	memset(&talk, 0, sizeof(talk));
	talk.loop = loop_new();
	talk.phrase = phrase;
	for (i = 0; i < NITEMS(cases); i++) {
		run_program(&scratch, cases[i].body, &talk);
		CHECK_CASE(cases[i].why[0] == '\0'
			? talk.why[0] == '\0'
			: strstr(talk.why, cases[i].why) != NULL,
		    cases[i].body);
		CHECK_CASE(cases[i].phrase == NULL
			? strlen(phrase) == KEY_PHRASE_MAX - 1
			: strcmp(phrase, cases[i].phrase) == 0,
		    cases[i].body);
	}
	loop_free(&talk.loop);
	secret_free(phrase, KEY_PHRASE_MAX);
	scratch_free(&scratch);
}

static void
refuses_open_programs(void)
{
	struct scratch scratch;
	char path[128];

	scratch_new(&scratch);
	scratch_write(&scratch, "p", "#!/bin/sh\n");
	(void)snprintf(path, sizeof(path), "%s/p", scratch.path);
	CU_ASSERT_PTR_NOT_NULL(strstr(phrase_check_program(path), "not exec"));
	CU_ASSERT_EQUAL(chmod(path, 0720), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(phrase_check_program(path), "go-w"));
	CU_ASSERT_EQUAL(chmod(path, 0702), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(phrase_check_program(path), "go-w"));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(phrase_check_program(scratch.path), "regular"));
	scratch_free(&scratch);
}

/* --- a child that is not what it should be -------------------------------- */

struct result {
	struct loop *loop;
	enum key_outcome outcome;
	char text[200];
};

static void
job_done(const struct key_opened *opened, void *context)
{
	struct result *result = context;

	result->outcome = opened->outcome;
	memcpy(result->text, opened->text, sizeof(result->text));
	loop_stop(result->loop);
}

/* The shell runs the script "@keys" in our place: its answer is on 3. */
static const struct {
	const char *what, *script;
	enum key_outcome outcome;
} answers[] = {
	{ "nothing", "exit 0", KEY_BAD },
	{ "too little", "printf 'xx' >&3", KEY_BAD },
	{ "an outcome that there is not",
	    "head -c 228 /dev/zero | tr '\\0' '\\377' >&3", KEY_BAD },
	{ "a key that does not come",
	    "{ printf '\\0\\0\\0\\0\\0\\0\\0\\0\\20\\0\\0\\0EC';"
	    " head -c 214 /dev/zero; } >&3",
	    KEY_BAD },
	{ "opened without a key",
	    "{ printf '\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0EC';"
	    " head -c 214 /dev/zero; } >&3",
	    KEY_BAD },
	{ "a certificate that nobody wants",
	    "{ printf '\\0\\0\\0\\0\\1\\0\\0\\0\\1\\0\\0\\0EC';"
	    " head -c 216 /dev/zero; } >&3",
	    KEY_BAD },
	{ "a type that there is not",
	    "{ printf '\\1\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0XX';"
	    " head -c 214 /dev/zero; } >&3",
	    KEY_BAD },
	{ "a key of four gigabytes",
	    "{ printf '\\0\\0\\0\\0\\0\\0\\0\\0\\377\\377\\377\\377EC';"
	    " head -c 214 /dev/zero; } >&3",
	    KEY_BAD },
	{ "an honest one",
	    "{ printf '\\1\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0EC';"
	    " head -c 214 /dev/zero; sleep 1; } >&3",
	    KEY_LOCKED },
	{ "escapes",
	    "{ printf '\\2\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0EC';"
	    " head -c 14 /dev/zero; printf '\\33['; "
	    " head -c 198 /dev/zero; sleep 1; } >&3",
	    KEY_BAD },
};

static void
distrusts_the_child(void)
{
	struct key_job_setup setup;
	struct key_request request;
	struct scratch scratch;
	struct result result;
	struct key_job *job;
	size_t i;

	scratch_new(&scratch);
	CU_ASSERT_EQUAL_FATAL(chdir(scratch.path), 0);
	memset(&setup, 0, sizeof(setup));
	memset(&request, 0, sizeof(request));
	setup.loop = result.loop = loop_new();
	setup.self = open("/bin/sh", O_RDONLY | O_CLOEXEC);
	setup.done = job_done;
	setup.context = &result;
	request.key = "key";
	request.key_len = 3;
	for (i = 0; i < NITEMS(answers); i++) {
		scratch_write(&scratch, "@keys", answers[i].script);
		job = key_job_new(&setup, &request);
		CU_ASSERT_PTR_NOT_NULL_FATAL(job);
		(void)loop_run(result.loop);
		key_job_free(&job);
		CHECK_CASE(result.outcome == answers[i].outcome,
		    answers[i].what);
		CHECK_CASE(strchr(result.text, 033) == NULL, answers[i].what);
	}
	close(setup.self);
	loop_free(&setup.loop);
	CU_ASSERT_EQUAL(chdir("/"), 0);
	scratch_free(&scratch);
}

/* --- names ---------------------------------------------------------------- */

static void
reads_uris(void)
{
	static const struct {
		const char *text, *path;
		bool uri;
	} cases[] = {
		{ "/etc/key.pem", NULL, false },
		{ "", NULL, false },
		{ "key.pem", NULL, false },
		{ "1a:b", NULL, false },
		{ "pkcs11:object=x", NULL, true },
		{ "file:/etc/key", "/etc/key", true },
		{ "FILE:///etc/key", "/etc/key", true },
		{ "file://localhost/etc/key", "/etc/key", true },
		{ "file://else/etc/key", NULL, true },
		{ "file:key", NULL, true },
		{ "file:", NULL, true },
	};
	const char *path;
	size_t i;

	for (i = 0; i < NITEMS(cases); i++) {
		path = uri_file(cases[i].text);
		CHECK_CASE(uri_is(cases[i].text) == cases[i].uri,
		    cases[i].text);
		CHECK_CASE(cases[i].path == NULL
			? path == NULL
			: path != NULL && strcmp(path, cases[i].path) == 0,
		    cases[i].text);
	}
}

static void
reads_providers(void)
{
	static const struct {
		const char *text, *name, *query;
	} cases[] = {
		{ "none", "", "" },
		{ "All", "", "" },
		{ "provider:tpm2", "tpm2", "" },
		{ "provider:tpm2  ?provider=tpm2,fips=yes", "tpm2",
		    "?provider=tpm2,fips=yes" },
		{ "provider:/opt/a.so q", "/opt/a.so", "q" },
		{ "provider:", NULL, NULL },
		{ "provider:../x", NULL, NULL },
		{ "provider:a/b", NULL, NULL },
		{ "cryptodev", NULL, NULL },
		{ "", NULL, NULL },
	};
	struct provider_name name;
	size_t i;

	for (i = 0; i < NITEMS(cases); i++) {
		CHECK_CASE(provider_parse(&name, cases[i].text) ==
			(cases[i].name != NULL),
		    cases[i].text);
		if (cases[i].name == NULL)
			continue;
		CHECK_CASE(strcmp(name.name, cases[i].name) == 0,
		    cases[i].text);
		CHECK_CASE(strcmp(name.query, cases[i].query) == 0,
		    cases[i].text);
	}
}

/* In a process of its own: what is loaded stays.  0, or the check that failed.
 */
static int
load_some(void)
{
	char why[512] = "";

	if (provider_load("none", false, why, sizeof(why)) != 0 ||
	    !provider_is_usual())
		return (1);
	if (provider_load("provider:none-such", false, why, sizeof(why)) !=
		-1 ||
	    strstr(why, "none-such") == NULL)
		return (2);
	if (provider_load("nonsense", false, why, sizeof(why)) != -1 ||
	    !provider_is_usual())
		return (3);
	if (provider_load("provider:base ?a=b", false, why, sizeof(why)) != 0 ||
	    provider_is_usual())
		return (4);
	return (strcmp(schedule_query(), "?a=b") == 0 ? 0 : 5);
}

static void
leaves_the_schedule_to_others(void)
{
	int status = -1;
	pid_t pid;

	pid = fork();
	CU_ASSERT_FATAL(pid != -1);
	if (pid == 0)
		_exit(load_some());
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_EQUAL(status, 0);
}

CU_TestInfo key_sources_tests[] = {
	{ "opened keys are remembered", remembers_opened_keys },
	{ "programs are asked for phrases", asks_programs },
	{ "programs are their owner's", refuses_open_programs },
	{ "the child is not trusted", distrusts_the_child },
	{ "keys may be named by URI", reads_uris },
	{ "devices are named by provider", reads_providers },
	{ "the key schedule may be a provider's",
	    leaves_the_schedule_to_others },
	CU_TEST_INFO_NULL,
};
