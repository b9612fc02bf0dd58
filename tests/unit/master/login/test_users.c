/* Unit tests of master/login/users.c and users_line.c. */
#include "master/login/users.h"

#include <CUnit/CUnit.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "master/login/password.h"
#include "master/login/users_line.h"
#include "tests/unit/scratch.h"
#include "tests/unit/suites.h"

/* "secret", cheaply hashed. */
#define SHA512                                                                \
	"$6$rounds=1000$aaaaaaaa$FaB0jMrB5pbgMnTOEsHPLSgTlwVwQGTVIXzzPXT6t8k" \
	"3zRpL7hUu2pFBQbKmvD5T2HnNE2eKlDBNkBMo5IT0j."
#define BCRYPT "$2b$04$abcdefghijklmnopqrstuuKHeRHgXxzNG4pfJuCWTtZWPYbCz.Wki"

static const struct {
	const char *what;
	const char *line;
	const char *mistake; /* part of it; NULL: none */
} lines[] = {
	{ "the usual form", "alice:" BCRYPT ":1000:100:Alice:/home/alice:/bin",
	    NULL },
	{ "without a shell", "alice:" BCRYPT ":1000:100::/home/alice", NULL },
	{ "an empty shell", "alice:" BCRYPT ":1000:100::/home/alice:", NULL },
	{ "a locked account", "alice:!:1000:100::/home/alice:", NULL },
	{ "a locked hash", "alice:!" BCRYPT ":1000:100::/h:", NULL },
	{ "a star", "alice:*:1000:100::/home/alice:", NULL },
	{ "an empty password", "alice::1000:100::/home/alice:", NULL },
	{ "a line end of DOS", "alice:*:1:1::/home/alice:\r", NULL },
	{ "yescrypt",
	    "a:$y$j9T$abcdefghijklmnop$xxI14acrF4kcY59GsyqJ1DqdhVdc"
	    "9N0f1.omTKnq.61:1:1::/h:",
	    NULL },
	{ "a password in clear",
	    "alice:secret:1000:100::/home/alice:", "no hash" },
	{ "an old DES hash",
	    "alice:abiQ6Ep3EYTHc:1000:100::/home/alice:", "no hash" },
	{ "an unknown method",
	    "alice:$99$abc:1000:100::/home/alice:", "no hash" },
	{ "too few fields", "alice:*:1000:100:", "too few" },
	{ "a name alone", "alice", "too few" },
	{ "too many fields", "alice:*:1000:100::/home/alice:/bin/sh:x",
	    "too many" },
	{ "no name", ":*:1000:100::/home/alice:", "name is empty" },
	{ "a control character in the name",
	    "al\x1b"
	    "ice:*:1000:100::/h:",
	    "control" },
	{ "no uid", "alice:*::100::/home/alice:", "uid" },
	{ "a uid with a sign", "alice:*:-1:100::/home/alice:", "uid" },
	{ "a uid in hex", "alice:*:0x10:100::/home/alice:", "uid" },
	{ "a uid with a space", "alice:*: 10:100::/home/alice:", "uid" },
	{ "a uid of all ones", "alice:*:4294967295:100::/h:", "uid" },
	{ "a uid that would wrap to 0", "alice:*:4294967296:100::/h:", "uid" },
	{ "a uid of very many digits",
	    "alice:*:99999999999999999999999999999999:100::/h:", "uid" },
	{ "the largest uid", "alice:*:4294967294:100::/h:", NULL },
	{ "a gid that is no number",
	    "alice:*:1000:users::/home/alice:", "gid" },
	{ "no home", "alice:*:1000:100:::", "home" },
	{ "a relative home", "alice:*:1000:100::home/alice:", "home" },
	{ "a control character in the home",
	    "alice:*:1000:100::/h\x7f:", "control" },
};

static void
check_lines(void)
{
	struct users_entry entry;
	const char *mistake;
	char line[1024];
	size_t i;

	for (i = 0; i < NITEMS(lines); i++) {
		(void)snprintf(line, sizeof(line), "%s\n", lines[i].line);
		mistake = users_line_parse(line, strlen(lines[i].line), &entry);
		if (lines[i].mistake == NULL)
			CHECK_CASE(mistake == NULL, lines[i].what);
		else
			CHECK_CASE(mistake != NULL &&
				strstr(mistake, lines[i].mistake) != NULL,
			    lines[i].what);
	}
}

static struct users *
parse(const char *text, size_t len)
{
	struct users *users = users_new("FILE");
	char *copy = malloc(len + 1);

	if (users == NULL || copy == NULL)
		abort();
	memcpy(copy, text, len);
	users_parse(users, copy, len);
	return (users);
}

static const struct users_entry *
must_find(const struct users *users, const char *name)
{
	const struct users_entry *entry = users_find(users, name);

	if (entry == NULL)
		abort();
	return (entry);
}

static void
check_file(void)
{
	static const char text[] = "# accounts\n"
				   "\n"
				   "carol:*:1003:100::/home/carol:\n"
				   "alice:" BCRYPT ":1001:100::/home/alice:\n"
				   "wrong line\n"
				   "bob:" SHA512 ":1002:100::/home/bob:\n"
				   "alice:*:0:0::/:\n"
				   "dave:*:1004:100::/home/dave:";
	struct users *users = parse(text, sizeof(text) - 1);
	const struct users_entry *entry;

	CU_ASSERT(users->count == 4);
	CU_ASSERT(users->nmistakes == 2);
	CU_ASSERT_STRING_EQUAL(users->mistakes,
	    "FILE:5: there are too few fields "
	    "(name:hash:uid:gid:gecos:home:shell)");
	entry = must_find(users, "alice");
	CU_ASSERT(entry->uid == 1001 && entry->gid == 100 && entry->line == 4);
	CU_ASSERT_STRING_EQUAL(entry->home, "/home/alice");
	CU_ASSERT(users_can_log_in(entry));
	entry = must_find(users, "carol");
	CU_ASSERT(!users_can_log_in(entry));
	/* The last line has no line end, and counts. */
	CU_ASSERT_PTR_NOT_NULL(users_find(users, "dave"));
	CU_ASSERT_PTR_NULL(users_find(users, "ALICE"));
	CU_ASSERT_PTR_NULL(users_find(users, "alic"));
	CU_ASSERT_PTR_NULL(users_find(users, ""));
	CU_ASSERT(users->nmethods == 2);
	users_free(&users);
	CU_ASSERT_PTR_NULL(users);
	users_free(&users);
}

static void
check_hostile_files(void)
{
	static const struct {
		const char *what;
		const char *text;
		size_t len;
		size_t count;
		unsigned int mistakes;
	} cases[] = {
		{ "an empty file", "", 0, 0, 0 },
		{ "line ends only", "\n\n\n", 3, 0, 0 },
		{ "a NUL in a line",
		    "a:*:1:1::/:\nb\0:*:1:1::/:\nc:*:1:1::/:", 35, 2, 1 },
		{ "a NUL alone", "\0", 1, 0, 1 },
		{ "colons only", ":::::::::::", 11, 0, 1 },
		{ "high bytes in a name", "\xc3\xa9:*:1:1::/:", 12, 1, 0 },
	};
	struct users *users;
	size_t i;

	for (i = 0; i < NITEMS(cases); i++) {
		users = parse(cases[i].text, cases[i].len);
		CHECK_CASE(users->count == cases[i].count, cases[i].what);
		CHECK_CASE(users->nmistakes == cases[i].mistakes,
		    cases[i].what);
		users_free(&users);
	}
}

static void
check_long_lines(void)
{
	static const char start[] = "a:*:1:1::/";
	size_t len = USERS_LINE_MAX + 100, i;
	char *text = malloc(len + 40);
	struct users *users;

	if (text == NULL)
		abort();
	memset(text, 'x', len);
	for (i = 0; i < strlen(start); i++)
		text[i] = start[i];
	(void)snprintf(text + len, 40, "\nb:*:1:1::/home/b:\n");
	users = parse(text, strlen(text));
	CU_ASSERT(users->count == 1 && users->nmistakes == 1);
	CU_ASSERT_PTR_NOT_NULL(users_find(users, "b"));
	users_free(&users);
	free(text);
}

static const struct {
	const char *hash;
	size_t method;
} methods[] = {
	{ "$6$salt$hash", 3 },
	{ "$6$rounds=5000$salt$hash", 15 },
	{ "$5$salt$hash", 3 },
	{ "$2b$12$saltandhash", 7 },
	{ "$y$j9T$salt$hash", 7 },
	{ "$gy$j9T$salt$hash", 8 },
	{ "$7$CU..../....salt$hash", 14 },
	{ "$1$salt$hash", 3 },
	{ "$7$short", 3 },
	{ "$", 0 },
};

static void
check_methods(void)
{
	struct users_method method = { "$2b$12$saltandhash", 7 };
	size_t i;

	for (i = 0; i < NITEMS(methods); i++)
		CHECK_CASE(users_line_method_len(methods[i].hash) ==
			methods[i].method,
		    methods[i].hash);
	CU_ASSERT(users_same_method(&method, "$2b$12$othersalt"));
	CU_ASSERT(!users_same_method(&method, "$2b$11$othersalt"));
	CU_ASSERT(!users_same_method(&method, "$6$salt$hash"));
}

/* Only the first ways of hashing are kept; the rest is a mistake. */
static void
check_method_bound(void)
{
	char text[4096];
	struct users *users;
	size_t i, len = 0;

	for (i = 0; i < USERS_METHODS_MAX + 3; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "u%zu:$6$rounds=%zu$aaaaaaaa$x:1:1::/h:\n", i, 1000 + i);
	users = parse(text, len);
	CU_ASSERT(users->count == USERS_METHODS_MAX + 3);
	CU_ASSERT(users->nmethods == USERS_METHODS_MAX);
	CU_ASSERT(users->nmistakes == 1);
	users_free(&users);
}

static void
check_loading(void)
{
	static const struct {
		const char *what;
		mode_t mode;
		enum users_load load;
	} modes[] = {
		{ "others may read", 0604, USERS_REFUSED },
		{ "others may write", 0602, USERS_REFUSED },
		{ "the group may write", 0620, USERS_REFUSED },
		{ "the usual mode of a file", 0644, USERS_REFUSED },
		{ "the group may read", 0640, USERS_READ },
		{ "the owner only", 0600, USERS_READ },
	};
	struct scratch scratch;
	struct users *users;
	char path[128];
	size_t i;

	scratch_new(&scratch);
	(void)snprintf(path, sizeof(path), "%s/users", scratch.path);
	users = users_new(path);
	if (users == NULL)
		abort();
	CU_ASSERT(users_load(users) == USERS_MISSING);
	scratch_write(&scratch, "users", "alice:*:1000:100::/home/alice:\n");
	for (i = 0; i < NITEMS(modes); i++) {
		CU_ASSERT(chmod(path, modes[i].mode) == 0);
		CHECK_CASE(users_load(users) == modes[i].load, modes[i].what);
		CHECK_CASE((users_find(users, "alice") != NULL) ==
			(modes[i].load == USERS_READ),
		    modes[i].what);
		CHECK_CASE((users->mistakes[0] != '\0') ==
			(modes[i].load == USERS_REFUSED),
		    modes[i].what);
	}
	/* A file of this moment may change without a trace: read each time. */
	CU_ASSERT(users_load(users) == USERS_READ);
	users->settled = true;
	CU_ASSERT(users_load(users) == USERS_SAME);
	scratch_write(&scratch, "users", "bob:*:1000:100::/home/bob:\n");
	CU_ASSERT(chmod(path, 0600) == 0);
	CU_ASSERT(users_load(users) == USERS_READ);
	CU_ASSERT_PTR_NULL(users_find(users, "alice"));
	CU_ASSERT_PTR_NOT_NULL(users_find(users, "bob"));
	CU_ASSERT(unlink(path) == 0);
	CU_ASSERT(users_load(users) == USERS_MISSING);
	CU_ASSERT_PTR_NULL(users_find(users, "bob"));
	/* What is no file is refused and not waited for. */
	CU_ASSERT(mkfifo(path, 0600) == 0);
	CU_ASSERT(users_load(users) == USERS_REFUSED);
	CU_ASSERT(unlink(path) == 0 && mkdir(path, 0700) == 0);
	CU_ASSERT(users_load(users) == USERS_REFUSED);
	users_free(&users);
	scratch_free(&scratch);
}

static void
check_passwords(void)
{
	char nonsense[33], other[33];

	CU_ASSERT(password_matches("U*U",
	    "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO"
	    "9kmyuRGyh0XouQYb4YMJKvyOeW"));
	CU_ASSERT(!password_matches("U*V",
	    "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO"
	    "9kmyuRGyh0XouQYb4YMJKvyOeW"));
	CU_ASSERT(!password_matches("x", "*0"));
	CU_ASSERT(!password_matches("x", "!"));
	CU_ASSERT(!password_matches("x", "$6$cut"));
	password_waste_time("x", NULL);
	password_random(nonsense, sizeof(nonsense));
	password_random(other, sizeof(other));
	CU_ASSERT(strlen(nonsense) == 32);
	CU_ASSERT(strcmp(nonsense, other) != 0);
}

CU_TestInfo users_tests[] = {
	{ "lines are taken apart or refused", check_lines },
	{ "a file of good and bad lines", check_file },
	{ "hostile files", check_hostile_files },
	{ "a line that is too long", check_long_lines },
	{ "how a hash was made", check_methods },
	{ "ways of hashing are bounded", check_method_bound },
	{ "files are loaded, refused, loaded anew", check_loading },
	{ "passwords and their hashes", check_passwords },
	CU_TEST_INFO_NULL,
};
