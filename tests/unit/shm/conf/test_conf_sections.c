/* Unit tests of shm/conf: users, directories, and keys below anonymous. */
#include <CUnit/CUnit.h>
#include <stdlib.h>

#include "shm/base/buf.h"
#include "tests/unit/conf_rig.h"
#include "tests/unit/suites.h"

static const char sections[] = LISTEN
    "defaults:\n"
    "  umask: 022\n"
    "  tls: {engine: on, required: ctrl, certificates: [{cert: /d.pem}]}\n"
    "  users: [{name: alice, umask: 07}]\n"
    "  anonymous: {umask: 077, tls: {required: off}}\n"
    "hosts:\n"
    "- name: plain\n"
    "- name: own\n"
    "  users:\n"
    "  - {name: bob, tls: {required: off}}\n"
    "  - {group: staff, umask: 0}\n"
    "  - {group: \"100\", tls: {options: [NoSessionReuseRequired]}}\n"
    "  directories:\n"
    "  - {path: /a, umask: 01}\n"
    "  - {path: /a/b/, umask: 02, tls: {required: \"!data\"}}\n"
    "  - {path: /, umask: 03}\n"
    "  anonymous: {umask: 070}\n";

static unsigned int
umask_of(const struct conf_settings *settings)
{
	const uint32_t *value = conf_setting(settings, CONF_FIELD(umask));

	return (value == NULL ? 9999 : *value);
}

static void
entries_are_inherited_as_a_whole(void)
{
	struct conf *conf = rig_must(sections);
	const struct conf_host *h = conf->hosts;
	const struct conf_section *bob;
	const struct conf_required *required;
	const unsigned int *options;

	CU_ASSERT_EQUAL(h[0].users.count, 1);
	CU_ASSERT_EQUAL_FATAL(h[1].users.count, 1);
	CU_ASSERT_EQUAL(umask_of(&conf_user(&h[1], "alice")->settings), 07);
	CU_ASSERT_PTR_NULL(conf_user(&h[1], "Alice"));
	CU_ASSERT_EQUAL_FATAL(h[2].users.count, 3);
	CU_ASSERT_EQUAL(h[2].users.ngroups, 2);
	CU_ASSERT_PTR_NULL(conf_user(&h[2], "alice"));
	CU_ASSERT_PTR_NULL(conf_user(&h[2], "staff"));
	bob = conf_user(&h[2], "bob");
	CU_ASSERT_PTR_NOT_NULL_FATAL(bob);
	required = conf_setting(&bob->settings, CONF_FIELD(tls.required));
	if (required == NULL)
		abort();
	CU_ASSERT(!required->auth && !required->control);
	CU_ASSERT_EQUAL(umask_of(&bob->settings), 9999);
	CU_ASSERT_STRING_EQUAL(h[2].users.items[2].group, "100");
	options = conf_setting(&h[2].users.items[2].settings,
	    CONF_FIELD(tls.options));
	if (options == NULL)
		abort();
	CU_ASSERT_EQUAL(*options, CONF_TLS_NO_SESSION_REUSE_REQUIRED);
	conf_free(&conf);
}

/* Other than a list, each of these keys is inherited by itself. */
static void
anonymous_keys_are_inherited_singly(void)
{
	struct conf *conf = rig_must(sections);
	const struct conf_host *h = conf->hosts;

	CU_ASSERT_EQUAL(umask_of(&h[0].anonymous.settings), 077);
	CU_ASSERT_EQUAL(umask_of(&h[2].anonymous.settings), 070);
	CU_ASSERT_PTR_NOT_NULL(
	    conf_setting(&h[2].anonymous.settings, CONF_FIELD(tls.required)));
	CU_ASSERT_EQUAL(h[2].umask, 022);
	CU_ASSERT_EQUAL(h[2].anonymous.settings.count, 2);
	conf_free(&conf);
}

static const struct {
	const char *path;
	unsigned int first, second, third;
} paths[] = {
	{ "/", 03, 9999, 9999 },
	{ "/a", 01, 03, 9999 },
	{ "/ab", 03, 9999, 9999 },
	{ "/a/c", 01, 03, 9999 },
	{ "/a/b", 02, 01, 03 },
	{ "/a/b/c/d", 02, 01, 03 },
	{ "/A/b", 03, 9999, 9999 },
};

static void
directories_go_by_the_longest_path(void)
{
	struct conf *conf = rig_must(sections);
	const struct conf_sections *list = &conf->hosts[2].directories;
	const struct conf_section *section;
	unsigned int found[3];
	size_t i, j;

	for (i = 0; i < NITEMS(paths); i++) {
		section = NULL;
		for (j = 0; j < NITEMS(found); j++) {
			found[j] = 9999;
			if (j > 0 && section == NULL)
				continue;
			section = conf_directory(list, paths[i].path, section);
			if (section != NULL)
				found[j] = umask_of(&section->settings);
		}
		CHECK_CASE(found[0] == paths[i].first &&
			found[1] == paths[i].second &&
			found[2] == paths[i].third,
		    paths[i].path);
	}
	CU_ASSERT_STRING_EQUAL(list->items[1].name, "/a/b");
	CU_ASSERT_STRING_EQUAL(list->items[2].name, "/");
	CU_ASSERT_PTR_NULL(
	    conf_directory(&conf->hosts[1].directories, "/a", NULL));
	conf_free(&conf);
}

static const struct {
	const char *text;
	size_t column;
	const char *said;
} mistakes[] = {
	{ "users: alice\n", 8, "takes a list" },
	{ "users: {name: a}\n", 8, "takes a list" },
	{ "users: ~\n", 8, "has no value" },
	{ "users: [alice]\n", 9, "takes a list of mappings" },
	{ "users: [{umask: 0}]\n", 9, "needs a name or a group" },
	{ "directories: [{umask: 0}]\n", 15, "needs a path" },
	{ "users: [{name: a, group: b}]\n", 9, "not for both" },
	{ "users: [{name: a}, {name: a}]\n", 20, "a second entry for a" },
	{ "users: [{group: a}, {name: a}, {group: a}]\n", 32,
	    "a second entry for a" },
	{ "directories: [{path: /a}, {path: //a/}]\n", 27,
	    "a second entry for /a" },
	{ "users: [{name: \"\"}]\n", 16, "an empty text" },
	{ "users: [{name: \"a:b\"}]\n", 16, "a:b is not the name" },
	{ "users: [{name: \"a\\x01\"}]\n", 16, "not the name" },
	{ "users: [{group: \"a b\"}]\n", 17, "a b is not a name" },
	{ "users: [{name: [a]}]\n", 16, "takes one value" },
	{ "directories: [{path: a}]\n", 22, "not an absolute path" },
	{ "directories: [{path: /a/../b}]\n", 22, "without \".\" and" },
	{ "directories: [{path: /./b}]\n", 22, "without \".\" and" },
	{ "directories: [{name: a}]\n", 16, "name may not be set below dir" },
	{ "users: [{path: /a}]\n", 10, "unknown key path" },
	{ "users: [{name: a, banner: x}]\n", 19, "may not be set below users" },
	{ "users: [{name: a, workers: 1}]\n", 19, "may not be set below" },
	{ "users: [{name: a, auth: {min_uid: 1}}]\n", 19,
	    "auth may not be set below users" },
	{ "users: [{name: a, tls: {engine: on}}]\n", 25,
	    "tls.engine may not be set below users" },
	{ "users: [{name: a, tls: {requiredd: on}}]\n", 25,
	    "did you mean tls.required?" },
	{ "users: [{name: a, tls: 1}]\n", 24, "takes further keys below it" },
	{ "deny: [a/b]\n", 8, "a/b has a slash, but does not begin" },
	{ "deny: /\n", 7, "the pattern / has an empty name" },
	{ "deny: [x, /a//b]\n", 11, "has an empty name" },
	{ "deny: [/a/../b]\n", 8, "has \".\" or \"..\"" },
	{ "deny: [\"\"]\n", 8, "is empty" },
	{ "deny: [\"a\\x01\"]\n", 8, "a control character" },
	{ "deny: {a: b}\n", 7, "takes words, or a list" },
	{ "directories: [{path: /, deny: [a, none, b/]}]\n", 41, "b/ has a" },
	{ "hide_dotfiles: some\n", 16, "expected one of off, list, all" },
	{ "users: [{name: a, upload_only: x}]\n", 32, "upload_only" },
	{ "active: {address: \"::\"}\n", 19, "is not an address" },
	{ "active: {address: ftp.example}\n", 19, "is not an address" },
	{ "users: [{name: a, umask: 1777}]\n", 26, "from 0 to 0777" },
	{ "users: [{name: a, umask: ~}]\n", 26, "has no value" },
	{ "users: [{name: a, umsk: 0}]\n", 19, "did you mean umask?" },
	{ "users: [{name: a, tls: {required: x}}]\n", 35, "unknown word x" },
	{ "users: [{name: a, tls: {options: [StdEnvVars]}}]\n", 34,
	    "only NoSessionReuseRequired" },
	{ "directories: [{path: /, tls: {options: []}}]\n", 31,
	    "tls.options may not be set below directories" },
	{ "anonymous: {passive: {ports: 1}}\n", 13, "passive" },
	{ "anonymous: {banner: x}\n", 13, "banner may not be set below" },
	{ "anonymous: {umask: 9}\n", 20, "an octal number" },
	{ "anonymous: {users: [{name: a}]}\n", 13, "may not be set below" },
	{ "users: [{name: a, tls: {required: on}}]\n", 1,
	    "users: tls.required of a demands TLS, but tls.engine is off" },
	{ "users: [{name: a, login_message: '%{FILE}'}]\n", 34,
	    "FILE is not known in a login_message" },
	{ "users: [{name: a, login_message: '%{USER'}]\n", 34, "%{NAME}" },
	{ "directories: [{path: /x, directory_messages: a/b}]\n", 46,
	    "a/b is not the name of a file" },
	{ "directories: [{path: /x, directory_messages: ..}]\n", 46,
	    ".. is not the name of a file" },
	{ "directory_messages: ''\n", 21, "an empty text is not the name" },
	{ "directory_messages: \"a\\n\"\n", 21, "is not the name of a file" },
	{ "directories: [{path: /x, tls: {required: data}}]\n", 1,
	    "directories: tls.required of /x demands TLS" },
};

static void
wrong_entries_are_refused(void)
{
	struct conf_errors errors;
	struct conf *conf;
	char whole[256];
	size_t i;
	bool found;

	for (i = 0; i < NITEMS(mistakes); i++) {
		(void)snprintf(whole, sizeof(whole), LISTEN "%s",
		    mistakes[i].text);
		conf = rig_parse(whole, &errors);
		found =
		    rig_has(&errors, 2, mistakes[i].column, mistakes[i].said);
		CHECK_CASE(conf == NULL && found, mistakes[i].text);
		if (!found && errors.count > 0)
			printf("%zu:%zu: %s\n", errors.items[0].line,
			    errors.items[0].column, errors.items[0].text);
		conf_errors_free(&errors);
		conf_free(&conf);
	}
}

/* AllowPerUser where it is the same for all users. */
static const struct {
	const char *text;
	bool good;
} per_user[] = {
	{ "", false },
	{ "users: [{name: a, tls: {required: auth}}]\n", false },
	{ "users: [{name: a, tls: {required: data}}]\n", true },
	{ "users: [{group: a, tls: {required: off}}]\n", true },
	{ "anonymous: {tls: {required: off}}\n", false },
	{ "anonymous: {tls: {required: off}, enabled: on, directory: /a,\n"
	  "  user: ftp}\n",
	    true },
};

static void
per_user_needs_somebody(void)
{
	struct conf_errors errors;
	struct conf *conf;
	char whole[512];
	size_t i;

	for (i = 0; i < NITEMS(per_user); i++) {
		(void)snprintf(whole, sizeof(whole),
		    LISTEN "defaults:\n  tls: {engine: on, required: on,\n"
			   "    certificates: [{cert: /a}]}\n"
			   "tls: {options: AllowPerUser}\n%s",
		    per_user[i].text);
		conf = rig_parse(whole, &errors);
		CHECK_CASE((conf != NULL) == per_user[i].good,
		    per_user[i].text);
		CHECK_CASE(conf != NULL ||
			rig_has(&errors, 5, 7, "AllowPerUser:"),
		    per_user[i].text);
		conf_errors_free(&errors);
		conf_free(&conf);
	}
}

/* Whether a list of count entries, for names or groups, is accepted. */
static bool
list_is_good(const char *subject, unsigned int count,
    struct conf_errors *errors)
{
	struct conf *conf;
	struct buf buf;
	unsigned int i;
	bool good;

	buf_init(&buf, 0);
	CU_ASSERT_EQUAL(buf_printf(&buf, LISTEN "users:\n"), 0);
	for (i = 0; i < count; i++)
		CU_ASSERT_EQUAL(buf_printf(&buf, "- {%s: \"%u\"}\n", subject,
				    i),
		    0);
	conf = conf_parse("test.yaml", (const char *)buf_data(&buf),
	    buf_len(&buf), errors);
	good = conf != NULL;
	conf_free(&conf);
	buf_free(&buf);
	return (good);
}

static const struct {
	const char *subject;
	unsigned int most;
	const char *said;
} bounds[] = {
	{ "group", CONF_GROUPS_MAX, "more than 64 entries for groups" },
	{ "name", 1024, "too many items in a list" },
};

static void
lists_are_bounded(void)
{
	struct conf_errors errors;
	size_t i;

	for (i = 0; i < NITEMS(bounds); i++) {
		CHECK_CASE(list_is_good(bounds[i].subject, bounds[i].most,
			       &errors),
		    bounds[i].said);
		conf_errors_free(&errors);
		CHECK_CASE(!list_is_good(bounds[i].subject, bounds[i].most + 1,
			       &errors),
		    bounds[i].said);
		CHECK_CASE(errors.count > 0 &&
			strstr(errors.items[0].text, bounds[i].said) != NULL,
		    bounds[i].said);
		conf_errors_free(&errors);
	}
}

#define ANONYMOUS "anonymous: {enabled: on, directory: /, user: u"
#define NOTHING   "lets nothing be added"

static const struct {
	const char *text;
	size_t line, column; /* of the notice; 0: there is none */
	const char *said;
} drop_boxes[] = {
	{ "upload_only: on\n", 0, 0, NULL },
	{ "upload_only: on\nread_only: on\n", 2, 1, "upload_only " NOTHING },
	{ "upload_only: on\nread_only: on\n"
	  "directories: [{path: /in, read_only: off}]\n",
	    0, 0, NULL },
	{ "users: [{name: a, upload_only: on, read_only: on}]\n", 2, 1,
	    "users: upload_only of a " NOTHING },
	{ "users: [{group: g, upload_only: on}]\nread_only: on\n", 2, 1,
	    "users: upload_only of g " NOTHING },
	{ "directories: [{path: /in, upload_only: on}]\nread_only: on\n", 2, 1,
	    "directories: upload_only of /in " NOTHING },
	{ "directories: [{path: /in, upload_only: on, read_only: off}]\n"
	  "read_only: on\n",
	    0, 0, NULL },
	{ "users: [{name: a, read_only: off}]\nread_only: on\n"
	  "directories: [{path: /in, upload_only: on}]\n",
	    0, 0, NULL },
	{ ANONYMOUS ", upload_only: on}\n", 2, 49,
	    "anonymous.upload_only " NOTHING },
	{ ANONYMOUS ", upload_only: on, read_only: off}\n", 0, 0, NULL },
	{ ANONYMOUS ", directories: [{path: /in, upload_only: on}]}\n", 2, 49,
	    "anonymous.directories: upload_only of /in " NOTHING },
	{ ANONYMOUS ", directories: [{path: /in, upload_only: on,"
		    " read_only: off}]}\n",
	    0, 0, NULL },
	{ "anonymous: {upload_only: on}\n", 0, 0, NULL },
};

/* Where files may only be added they can be. */
static void
notices_tell_of_drop_boxes_that_are_shut(void)
{
	struct conf *conf;
	char text[512];
	size_t i;

	for (i = 0; i < NITEMS(drop_boxes); i++) {
		(void)snprintf(text, sizeof(text), LISTEN "%s",
		    drop_boxes[i].text);
		conf = rig_must(text);
		CHECK_CASE(conf->notices.count ==
			    (drop_boxes[i].line == 0 ? 0 : 1) &&
			(drop_boxes[i].line == 0 ||
			    rig_has(&conf->notices, drop_boxes[i].line,
				drop_boxes[i].column, drop_boxes[i].said)),
		    drop_boxes[i].text);
		conf_free(&conf);
	}
}

CU_TestInfo conf_sections_tests[] = {
	{ "entries are inherited as a whole",
	    entries_are_inherited_as_a_whole },
	{ "keys below anonymous are inherited singly",
	    anonymous_keys_are_inherited_singly },
	{ "directories go by the longest path",
	    directories_go_by_the_longest_path },
	{ "wrong entries are refused", wrong_entries_are_refused },
	{ "AllowPerUser needs somebody", per_user_needs_somebody },
	{ "lists are bounded", lists_are_bounded },
	{ "notices tell of drop boxes that are shut",
	    notices_tell_of_drop_boxes_that_are_shut },
	CU_TEST_INFO_NULL,
};
