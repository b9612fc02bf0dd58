/* Unit tests of worker/agent/access.c, and of how paths are resolved by it. */
#include <CUnit/CUnit.h>
#include <errno.h>
#include <stdbool.h>

#include "shm/base/fd.h"
#include "shm/ipc/body.h"
#include "tests/unit/conf_rig.h"
#include "tests/unit/scratch.h"
#include "tests/unit/suites.h"
#include "worker/agent/resolve.h"
#include "worker/agent/where.h"

/* The rights as letters, "-" where there are none. */
static const char *
letters(unsigned int rights)
{
	static const char all[] = "slerawtdfc";
	static char text[sizeof(all)];
	size_t i, n = 0;

	for (i = 0; all[i] != '\0'; i++)
		if ((rights & 1u << i) != 0)
			text[n++] = all[i];
	if (n == 0)
		text[n++] = '-';
	text[n] = '\0';
	return (text);
}

#define ALL     "slerawtdfc"
#define READING "sler" /* nothing may be changed */

/* What anybody has, and what alice has. */
static const char rules[] =
    LISTEN "tls: {engine: on, certificates: [{cert: /a.pem}]}\n"
	   "deny: [/secret, \"*.key\", \"/home/*/mail\"]\n"
	   "users: [{name: alice, read_only: on}]\n"
	   "directories:\n"
	   "- {path: /pub, read_only: on}\n"
	   "- {path: /pub/mine, read_only: off, hide_dotfiles: all}\n"
	   "- {path: /in, upload_only: on, hide_dotfiles: list}\n"
	   "- {path: /in/out, upload_only: off}\n"
	   "- {path: /keys, deny: none}\n"
	   "- {path: /bare, tls: {required: no-data}}\n"
	   "- {path: /bare/wrapped, tls: {required: data}}\n";

static const struct {
	const char *path, *anybody, *alice;
} paths[] = {
	{ "/", ALL, READING },
	{ "/file", ALL, READING },
	{ "/.dot", ALL, READING },
	{ "/secret", "-", "-" },
	{ "/secret/below/it", "-", "-" },
	{ "/secrets", ALL, READING },
	{ "/not/secret", ALL, READING },
	{ "/my.key", "-", "-" },
	{ "/my.key/below", "-", "-" },
	{ "/a/b/c.key", "-", "-" },
	{ "/my.keys", ALL, READING },
	{ "/home/x/mail", "-", "-" },
	{ "/home/x/mail/1", "-", "-" },
	{ "/home/mail", ALL, READING },
	{ "/home/x/y/mail", ALL, READING },
	{ "/keys/my.key", ALL, READING },
	{ "/keys", ALL, READING },
	{ "/pub", READING, READING },
	{ "/pub/file", READING, READING },
	{ "/pubs", ALL, READING },
	/* It is removed from a directory that is read-only. */
	{ "/pub/mine", "slerwtfc", "slerwtfc" },
	{ "/pub/mine/file", ALL, ALL },
	{ "/pub/mine/.dot", "-", "-" },
	{ "/pub/mine/.dot/file", "-", "-" },
	{ "/in", "seaf", "se" },
	{ "/in/file", "eaf", "e" },
	{ "/in/.file", "eaf", "e" },
	{ "/in/directory/file", "eaf", "e" },
	{ "/in/out", "lerawtfc", "ler" },
	{ "/in/out/.file", "lerawtdfc", "ler" },
	{ "/in/out/file", ALL, READING },
};

static void
rights_go_by_the_path(void)
{
	struct conf *conf = rig_must(rules);
	struct conf_subject subject;
	struct access access;
	size_t i, who;
	const char *wanted;

	for (who = 0; who < 2; who++) {
		subject = subject_of(&conf->hosts[0],
		    who == 0 ? "anybody" : "alice", 0, false);
		CU_ASSERT_FATAL(access_init(&access, &subject) == 0);
		CU_ASSERT(access.by_path);
		CU_ASSERT(!access_read_only(&access));
		for (i = 0; i < NITEMS(paths); i++) {
			wanted = who == 0 ? paths[i].anybody : paths[i].alice;
			CHECK_CASE(strcmp(letters(access_rights(&access,
					      paths[i].path)),
				       wanted) == 0,
			    paths[i].path);
		}
		access_free(&access);
	}
	conf_free(&conf);
}

static const struct {
	const char *keys;
	const char *file, *dot; /* rights to names */
	bool by_path, read_only;
} plain[] = {
	{ "", ALL, ALL, false, false },
	{ "read_only: on\n", READING, READING, false, true },
	{ "upload_only: on\n", "eaf", "eaf", false, false },
	{ "read_only: on\nupload_only: on\n", "e", "e", false, true },
	{ "hide_dotfiles: list\n", ALL, "lerawtdfc", false, false },
	{ "hide_dotfiles: all\n", ALL, "-", true, false },
	{ "read_only: on\ndirectories: [{path: /a, umask: 0}]\n", READING,
	    READING, true, true },
	{ "read_only: on\ndirectories: [{path: /a, read_only: on}]\n", READING,
	    READING, true, true },
	{ "read_only: on\ndirectories: [{path: /a, read_only: off}]\n", READING,
	    READING, true, false },
	{ "users: [{group: g, read_only: on}, {group: h, upload_only: on}]\n",
	    "eaf", "eaf", false, false },
};

/* Who has no rules for some paths, has no path asked for. */
static void
rights_without_paths(void)
{
	char text[512];
	struct conf_subject subject;
	struct access access;
	struct conf *conf;
	const char *where;
	size_t i;

	for (i = 0; i < NITEMS(plain); i++) {
		(void)snprintf(text, sizeof(text), LISTEN "%s", plain[i].keys);
		conf = rig_must(text);
		subject = subject_of(&conf->hosts[0], "bob", 2, false);
		CU_ASSERT_FATAL(access_init(&access, &subject) == 0);
		where = plain[i].by_path ? "/" : NULL;
		CHECK_CASE(access.by_path == plain[i].by_path, plain[i].keys);
		CHECK_CASE(access_read_only(&access) == plain[i].read_only,
		    plain[i].keys);
		CHECK_CASE(strcmp(letters(access_entry(&access, where, "f")),
			       plain[i].file) == 0,
		    plain[i].keys);
		CHECK_CASE(strcmp(letters(access_entry(&access, where, ".f")),
			       plain[i].dot) == 0,
		    plain[i].keys);
		access_free(&access);
		conf_free(&conf);
	}
}

/* Anonymous sessions change nothing, unless they are let. */
static void
anonymous_is_read_only(void)
{
	static const char base[] =
	    LISTEN "users: [{name: anonymous, upload_only: on}]\n"
		   "directories: [{path: /, upload_only: on}]\n"
		   "anonymous:\n"
		   "  enabled: on\n"
		   "  directory: /srv\n"
		   "  user: ftp\n";
	static const struct {
		const char *more;
		bool read_only;
	} rows[] = { { "", true }, { "  read_only: off\n", false },
		{ "  umask: 077\n", true },
		{ "  directories: [{path: /in, read_only: off}]\n", false } };
	char text[512];
	struct conf_subject subject;
	struct access access;
	struct conf *conf;
	size_t i;

	for (i = 0; i < NITEMS(rows); i++) {
		(void)snprintf(text, sizeof(text), "%s%s", base, rows[i].more);
		conf = rig_must(text);
		subject = subject_of(&conf->hosts[0], "anonymous", ~0u, true);
		CU_ASSERT_FATAL(access_init(&access, &subject) == 0);
		CHECK_CASE(access_read_only(&access) == rows[i].read_only,
		    rows[i].more);
		access_free(&access);
		conf_free(&conf);
	}
}

static const struct {
	const char *from, *to;
	bool allowed;
} moves[] = {
	{ "/a", "/b", true },
	{ "/a", "/home/x", false }, /* its mail would be there */
	{ "/home/x/y", "/home/x/z", true },
	{ "/home/x", "/home/z", false },
	{ "/home", "/house", false },
	{ "/in", "/out", false },
	{ "/a", "/in/a", false },
	{ "/pub/mine/a", "/pub/mine/b", true },
	{ "/pub/mine/a", "/b", false },
	{ "/keys/a", "/keys/b", true },
	{ "/keys/a", "/b", false },
};

static void
no_directory_is_moved_away_from_its_rules(void)
{
	struct conf *conf = rig_must(rules);
	struct conf_subject subject =
	    subject_of(&conf->hosts[0], "x", 0, false);
	struct access access;
	size_t i;

	CU_ASSERT_FATAL(access_init(&access, &subject) == 0);
	for (i = 0; i < NITEMS(moves); i++)
		CHECK_CASE(access_may_move(&access, moves[i].from,
			       moves[i].to) == moves[i].allowed,
		    moves[i].from);
	access_free(&access);
	conf_free(&conf);
}

static const struct {
	unsigned int rights, wanted;
	int error;
} errors[] = {
	{ 0, ACCESS_READ, EACCES },
	{ 0, ACCESS_ADD, EACCES },
	{ ACCESS_ALL & ~ACCESS_CHANGE, ACCESS_ADD, EROFS },
	{ ACCESS_ALL & ~ACCESS_CHANGE, ACCESS_REMOVE, EROFS },
	{ ACCESS_ENTER | ACCESS_ADD, ACCESS_READ, FS_ERROR_UPLOAD_ONLY },
	{ ACCESS_ENTER | ACCESS_ADD, ACCESS_REMOVE, FS_ERROR_UPLOAD_ONLY },
	{ ACCESS_ENTER | ACCESS_ADD, ACCESS_WRITE, EEXIST },
	{ ACCESS_ENTER, ACCESS_ADD, EACCES },
	{ ACCESS_ALL & ~ACCESS_PLAIN, ACCESS_READ | ACCESS_PLAIN,
	    FS_ERROR_CLEAR },
	{ ACCESS_ALL & ~ACCESS_PRIVATE, ACCESS_ADD | ACCESS_PRIVATE,
	    FS_ERROR_PRIVATE },
	{ 0, ACCESS_READ | ACCESS_PLAIN, EACCES },
	{ ACCESS_ALL & ~ACCESS_MODE, ACCESS_SET | ACCESS_MODE, FS_ERROR_MODE },
	{ ACCESS_ALL & ~ACCESS_LINK, ACCESS_ADD | ACCESS_LINK,
	    FS_ERROR_SYMLINK },
	{ ACCESS_ALL & ~ACCESS_CHANGE, ACCESS_SET | ACCESS_MODE, EROFS },
};

static void
errors_say_why(void)
{
	size_t i;

	for (i = 0; i < NITEMS(errors); i++)
		CU_ASSERT_EQUAL(access_error(errors[i].rights,
				    errors[i].wanted),
		    errors[i].error);
}

static const struct {
	const char *path;
	bool clear, private;
} transfers[] = {
	{ "/", true, true },
	{ "/bare", true, false },
	{ "/bare/file", true, false },
	{ "/bare/wrapped", false, true },
	{ "/bare/wrapped/a/b", false, true },
	{ "/barely", true, true },
	{ "/in/file", true, true },
	{ "/secret", false, false },
};

static void
transfers_go_by_the_path(void)
{
	struct conf *conf = rig_must(rules);
	struct conf_subject subject =
	    subject_of(&conf->hosts[0], "x", 0, false);
	struct access access;
	unsigned int may;
	size_t i;

	CU_ASSERT_FATAL(access_init(&access, &subject) == 0);
	CU_ASSERT_EQUAL(access_transfer(FS_DATA_NONE), 0);
	for (i = 0; i < NITEMS(transfers); i++) {
		may = access_rights(&access, transfers[i].path);
		CHECK_CASE(((may & access_transfer(FS_DATA_CLEAR)) != 0) ==
			transfers[i].clear,
		    transfers[i].path);
		CHECK_CASE(((may & access_transfer(FS_DATA_PRIVATE)) != 0) ==
			transfers[i].private,
		    transfers[i].path);
	}
	access_free(&access);
	conf_free(&conf);
}

static const struct {
	const char *path;
	uint32_t wanted;
	mode_t file, directory;
} modes[] = {
	{ "/a", 0777, 0644, 0755 },
	{ "/a", FS_MODE_OWN | 0777, 0666, 0777 },
	{ "/a", FS_MODE_OWN | 0700, 0600, 0700 },
	{ "/fixed/a", 0777, 0644, 0755 },
	{ "/fixed/a", FS_MODE_OWN | 0777, 0644, 0755 },
	{ "/fixed/a", FS_MODE_OWN | 0700, 0600, 0700 },
	{ "/tight/a", 0777, 0700, 0700 },
	{ "/tight", FS_MODE_OWN | 0750, 0750, 0750 },
	{ "/tight/a", ~0u, 0777, 0777 },
};

static void
modes_go_by_the_path(void)
{
	struct conf *conf =
	    rig_must(LISTEN "umask: 022\n"
			    "directories:\n"
			    "- {path: /fixed, allow_chmod: off}\n"
			    "- {path: /tight, umask: 077, file_mode: 0777}\n");
	struct conf_subject subject =
	    subject_of(&conf->hosts[0], "x", 0, false);
	const struct rules *found;
	struct rulebook book;
	size_t i;

	CU_ASSERT_FATAL(rulebook_init(&book, &subject) == 0);
	for (i = 0; i < NITEMS(modes); i++) {
		found = rulebook_at(&book, modes[i].path);
		CHECK_CASE(rules_mode(found, found->file_mode,
			       modes[i].wanted) == modes[i].file,
		    modes[i].path);
		CHECK_CASE(rules_mode(found, 0777, modes[i].wanted) ==
			modes[i].directory,
		    modes[i].path);
	}
	rulebook_free(&book);
	conf_free(&conf);
}

/* --- resolved ------------------------------------------------------------- */

struct rig {
	struct scratch scratch;
	struct conf *conf;
	struct access access;
	struct jail jail;
	int before; /* the current directory of the tests */
};

static void
rig_open(struct rig *rig)
{
	struct conf_subject subject;

	memset(rig, 0, sizeof(*rig));
	rig->before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	scratch_new(&rig->scratch);
	rig->conf = rig_must(rules);
	subject = subject_of(&rig->conf->hosts[0], "anybody", 0, false);
	CU_ASSERT_FATAL(access_init(&rig->access, &subject) == 0);
	rig->jail.root = rig->scratch.fd;
	rig->jail.access = &rig->access;
	if (mkdirat(rig->scratch.fd, "secret", 0755) == -1 ||
	    mkdirat(rig->scratch.fd, "pub", 0755) == -1 ||
	    mkdirat(rig->scratch.fd, "in", 0755) == -1 ||
	    mkdirat(rig->scratch.fd, "d", 0755) == -1 ||
	    symlinkat("secret", rig->scratch.fd, "to-secret") == -1 ||
	    symlinkat("/secret/file", rig->scratch.fd, "to-file") == -1 ||
	    symlinkat("../to-file", rig->scratch.fd, "d/to-link") == -1 ||
	    symlinkat("../in/.", rig->scratch.fd, "d/to-in") == -1 ||
	    symlinkat("../secret/..", rig->scratch.fd, "d/to-root") == -1 ||
	    symlinkat("../secret/new", rig->scratch.fd, "d/to-new") == -1 ||
	    symlinkat("..", rig->scratch.fd, "secret/up") == -1)
		abort();
	scratch_write(&rig->scratch, "secret/file", "secret");
	scratch_write(&rig->scratch, "pub/file", "public");
	scratch_write(&rig->scratch, "in/file", "uploaded");
	scratch_write(&rig->scratch, "d/file", "mine");
}

static void
rig_close(struct rig *rig)
{
	CU_ASSERT(fchdir(rig->before) == 0);
	fd_close(&rig->before);
	access_free(&rig->access);
	conf_free(&rig->conf);
	scratch_free(&rig->scratch);
}

static const struct {
	const char *path;
	unsigned int need;
	int error;
} opened[] = {
	{ "/", ACCESS_ENTER, 0 },
	{ "/d/file", ACCESS_READ, 0 },
	{ "/secret", ACCESS_ENTER, EACCES },
	{ "/secret/file", ACCESS_LOOK, EACCES },
	{ "/secret/none", ACCESS_LOOK, EACCES },
	/* Whether there is such a directory, or a file of that name. */
	{ "/secret/none/file", ACCESS_LOOK, EACCES },
	{ "/secret/file/file", ACCESS_LOOK, EACCES },
	{ "/to-secret/none/file", ACCESS_LOOK, EACCES },
	{ "/none/my.key/file", ACCESS_LOOK, ENOENT },
	{ "/d/my.key/none/file", ACCESS_LOOK, EACCES },
	{ "/secret/up/none/file", ACCESS_LOOK, ENOENT },
	{ "/d/file/file", ACCESS_LOOK, ENOTDIR },
	{ "/secret/up", ACCESS_ENTER, 0 },
	{ "/secret/up/d/file", ACCESS_READ, 0 },
	{ "/to-secret", ACCESS_ENTER, EACCES },
	{ "/to-secret/file", ACCESS_READ, EACCES },
	{ "/to-file", ACCESS_READ, EACCES },
	{ "/d/to-link", ACCESS_READ, EACCES },
	{ "/d/to-root", ACCESS_ENTER, 0 },
	{ "/d/to-root/secret/file", ACCESS_READ, EACCES },
	{ "/d/to-in", ACCESS_ENTER, 0 },
	{ "/d/to-in", ACCESS_LOOK, 0 },
	{ "/d/to-in", ACCESS_SET, FS_ERROR_UPLOAD_ONLY },
	{ "/d/to-in/file", ACCESS_READ, FS_ERROR_UPLOAD_ONLY },
	{ "/in", ACCESS_LOOK, 0 },
	{ "/in/file", ACCESS_LOOK, FS_ERROR_UPLOAD_ONLY },
	{ "/in/none", ACCESS_LOOK, FS_ERROR_UPLOAD_ONLY },
	{ "/none", ACCESS_LOOK, ENOENT },
	{ "/pub/file", ACCESS_READ, 0 },
	{ "/pub/file", ACCESS_SET, EROFS },
};

static int
open_error(const struct rig *rig, const char *path, unsigned int need)
{
	int fd = resolve_open(&rig->jail, path, need, O_PATH), error;

	error = fd == -1 ? errno : 0;
	fd_close(&fd);
	return (error);
}

static void
links_lead_past_no_rule(void)
{
	struct place place;
	struct stat st;
	struct rig rig;
	size_t i;
	int fd;

	rig_open(&rig);
	for (i = 0; i < NITEMS(opened); i++)
		CHECK_CASE(open_error(&rig, opened[i].path, opened[i].need) ==
			opened[i].error,
		    opened[i].path);
	fd = open_regular(&rig.jail, "/d/to-link", ACCESS_READ, O_RDONLY, &st);
	CU_ASSERT(fd == -1 && errno == EACCES);
	fd = open_regular(&rig.jail, "/d/file", ACCESS_READ, O_RDONLY, &st);
	CU_ASSERT(fd != -1 && st.st_size == 4);
	fd_close(&fd);
	CU_ASSERT(
	    resolve_target(&rig.jail, "/d/to-new", ACCESS_ADD, &place) == -1 &&
	    errno == EACCES);
	/* The link itself is nowhere that is denied. */
	CU_ASSERT(
	    resolve_place(&rig.jail, "/d/to-new", ACCESS_REMOVE, &place) == 0);
	resolve_free(&place);
	rig_close(&rig);
}

/* An account that may only upload still asks about directories. */
static void
directories_are_looked_at(void)
{
	struct conf *conf = rig_must(LISTEN "upload_only: on\n");
	struct conf_subject subject =
	    subject_of(&conf->hosts[0], "anybody", 0, false);
	struct access access;
	struct rig rig;

	rig_open(&rig);
	CU_ASSERT_FATAL(access_init(&access, &subject) == 0);
	CU_ASSERT(!access.by_path);
	rig.jail.access = &access;
	CU_ASSERT_EQUAL(open_error(&rig, "/", ACCESS_LOOK), 0);
	CU_ASSERT_EQUAL(open_error(&rig, "/d", ACCESS_LOOK), 0);
	CU_ASSERT_EQUAL(open_error(&rig, "/d/to-in", ACCESS_LOOK), 0);
	CU_ASSERT_EQUAL(open_error(&rig, "/d/file", ACCESS_LOOK),
	    FS_ERROR_UPLOAD_ONLY);
	CU_ASSERT_EQUAL(open_error(&rig, "/d/none", ACCESS_LOOK),
	    FS_ERROR_UPLOAD_ONLY);
	CU_ASSERT_EQUAL(open_error(&rig, "/d", ACCESS_SET),
	    FS_ERROR_UPLOAD_ONLY);
	rig_close(&rig);
	access_free(&access);
	conf_free(&conf);
}

static void
places_know_their_rights(void)
{
	struct place from, to;
	struct rig rig;

	rig_open(&rig);
	CU_ASSERT(resolve_place(&rig.jail, "/in/new", ACCESS_ADD, &to) == 0);
	CU_ASSERT(resolve_need(&to, ACCESS_WRITE) == -1 && errno == EEXIST);
	CU_ASSERT(
	    resolve_place(&rig.jail, "/d/file", ACCESS_REMOVE, &from) == 0);
	CU_ASSERT(resolve_may_move(&rig.jail, &from, &to) == 0);
	resolve_free(&from);
	CU_ASSERT(resolve_place(&rig.jail, "/d", ACCESS_REMOVE, &from) == 0);
	CU_ASSERT(
	    resolve_may_move(&rig.jail, &from, &to) == -1 && errno == EPERM);
	resolve_free(&to);
	CU_ASSERT(resolve_place(&rig.jail, "/e", ACCESS_ADD, &to) == 0);
	CU_ASSERT(resolve_may_move(&rig.jail, &from, &to) == 0);
	resolve_free(&from);
	resolve_free(&to);
	CU_ASSERT(
	    resolve_place(&rig.jail, "/pub/file", ACCESS_REMOVE, &from) == -1 &&
	    errno == EROFS);
	CU_ASSERT(
	    resolve_place(&rig.jail, "/in/file", ACCESS_REMOVE, &from) == -1 &&
	    errno == FS_ERROR_UPLOAD_ONLY);
	rig_close(&rig);
}

/* A directory is where it is now, not where it was opened. */
static void
where_a_directory_is(void)
{
	char path[PATH_MAX];
	struct rig rig;
	int fd;

	rig_open(&rig);
	fd = resolve_below(rig.jail.root, "d", O_PATH | O_DIRECTORY);
	CU_ASSERT(where_is(&rig.jail, fd, path) == 0);
	CU_ASSERT_STRING_EQUAL(path, "/d");
	CU_ASSERT(renameat(rig.jail.root, "d", rig.jail.root, "pub/e") == 0);
	CU_ASSERT(where_is(&rig.jail, fd, path) == 0);
	CU_ASSERT_STRING_EQUAL(path, "/pub/e");
	CU_ASSERT(where_is(&rig.jail, rig.jail.root, path) == 0);
	CU_ASSERT_STRING_EQUAL(path, "/");
	fd_close(&fd);
	/* Above the root there is nothing to tell. */
	fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CU_ASSERT(where_is(&rig.jail, fd, path) == -1 && errno == EACCES);
	fd_close(&fd);
	rig_close(&rig);
}

CU_TestInfo access_tests[] = {
	{ "rights go by the path", rights_go_by_the_path },
	{ "rights without paths", rights_without_paths },
	{ "anonymous is read-only", anonymous_is_read_only },
	{ "no directory is moved away from its rules",
	    no_directory_is_moved_away_from_its_rules },
	{ "errors say why", errors_say_why },
	{ "transfers go by the path", transfers_go_by_the_path },
	{ "modes go by the path", modes_go_by_the_path },
	{ "links lead past no rule", links_lead_past_no_rule },
	{ "directories are looked at", directories_are_looked_at },
	{ "places know their rights", places_know_their_rights },
	{ "where a directory is", where_a_directory_is },
	CU_TEST_INFO_NULL,
};
