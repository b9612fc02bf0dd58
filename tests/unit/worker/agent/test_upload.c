/* Unit tests of worker/agent/upload.c: what is under a name, and when. */
#include <CUnit/CUnit.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/xattr.h>

#include "shm/base/fd.h"
#include "tests/unit/scratch_jail.h"
#include "tests/unit/suites.h"
#include "worker/agent/temporary.h"
#include "worker/agent/upload.h"

#define OLD  "the old contents"
#define ACL  "system.posix_acl_access"
#define LEFT ".ftpsd.0123456789abcdef.part"

static struct upload *
begin(struct jail *jail, const char *path, enum fs_create_how how,
    uint64_t offset)
{
	struct upload_request request = {
		.path = path,
		.how = how,
		.offset = offset,
		.mode = 0640,
	};

	return (upload_new(jail, &request));
}

static bool
put(const struct upload *upload, const char *text)
{
	struct upload_facts facts;
	ssize_t len = (ssize_t)strlen(text);

	upload_facts(upload, &facts);
	return (pwrite(facts.fd, text, (size_t)len, (off_t)facts.start) == len);
}

static bool
in_place(const struct upload *upload)
{
	struct upload_facts facts;

	upload_facts(upload, &facts);
	return (facts.in_place);
}

/* How many names there are in the directory, temporaries included. */
static int
count_names(const struct scratch *scratch)
{
	DIR *dir = opendir(scratch->path);
	int n = 0;

	while (dir != NULL && readdir(dir) != NULL)
		n++;
	if (dir != NULL)
		closedir(dir);
	return (n - 2);
}

static mode_t
mode_of(const struct scratch *scratch, const char *name)
{
	struct stat st;

	if (fstatat(scratch->fd, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return (0);
	return (st.st_mode & 07777);
}

static void
the_name_shows_old_or_new(void)
{
	static const enum fs_durability durabilities[] = { FS_DURABLE_NONE,
		FS_DURABLE_DATA, FS_DURABLE_FULL };
	struct scratch scratch;
	struct upload *upload;
	struct jail jail;
	size_t i;

	scratch_new(&scratch);
	jail = scratch_jail(&scratch);
	for (i = 0; i < NITEMS(durabilities); i++) {
		scratch_write(&scratch, "f", OLD);
		upload = begin(&jail, "/f", FS_CREATE_REPLACE, 0);
		CU_ASSERT_FATAL(upload != NULL);
		CU_ASSERT(!in_place(upload) && put(upload, "new"));
		CU_ASSERT(scratch_holds(&scratch, "f", OLD));
		CU_ASSERT(upload_commit(upload, 3, durabilities[i]) == 0);
		CU_ASSERT(scratch_holds(&scratch, "f", "new"));
		upload_free(&upload);
		CU_ASSERT(upload == NULL);
		CU_ASSERT(scratch_holds(&scratch, "f", "new"));
	}
	upload = begin(&jail, "/g", FS_CREATE_REPLACE, 0);
	CU_ASSERT_FATAL(upload != NULL);
	CU_ASSERT(put(upload, "gone") && !scratch_exists(&scratch, "g"));
	upload_free(&upload);
	upload_free(&upload);
	CU_ASSERT_EQUAL(count_names(&scratch), 1);
	upload = begin(&jail, "/g", FS_CREATE_REPLACE, 0);
	CU_ASSERT(upload != NULL && put(upload, "short"));
	CU_ASSERT(
	    upload_commit(upload, 6, FS_DURABLE_NONE) == -1 && errno == EIO);
	CU_ASSERT(
	    upload_commit(upload, 4, FS_DURABLE_NONE) == -1 && errno == EIO);
	upload_free(&upload);
	CU_ASSERT_EQUAL(count_names(&scratch), 1);
	scratch_free(&scratch);
}

static void
of_two_uploads_the_last_wins_whole(void)
{
	struct upload *first, *second;
	struct scratch scratch;
	struct jail jail;

	scratch_new(&scratch);
	jail = scratch_jail(&scratch);
	first = begin(&jail, "/f", FS_CREATE_REPLACE, 0);
	second = begin(&jail, "/f", FS_CREATE_REPLACE, 0);
	CU_ASSERT_FATAL(first != NULL && second != NULL);
	CU_ASSERT(put(second, "second") && put(first, "1"));
	CU_ASSERT(upload_commit(second, 6, FS_DURABLE_NONE) == 0);
	CU_ASSERT(scratch_holds(&scratch, "f", "second"));
	CU_ASSERT(upload_commit(first, 1, FS_DURABLE_NONE) == 0);
	CU_ASSERT(scratch_holds(&scratch, "f", "1"));
	upload_free(&first);
	upload_free(&second);
	CU_ASSERT_EQUAL(count_names(&scratch), 1);
	scratch_free(&scratch);
}

static void
an_overwritten_file_keeps_its_own(void)
{
	/* user::rw-,user:61234:r--,group::---,mask::r--,other::--- */
	static const uint8_t acl[] = { 2, 0, 0, 0, 1, 0, 6, 0, 0xff, 0xff, 0xff,
		0xff, 2, 0, 4, 0, 0x32, 0xef, 0, 0, 4, 0, 0, 0, 0xff, 0xff,
		0xff, 0xff, 0x10, 0, 4, 0, 0xff, 0xff, 0xff, 0xff, 0x20, 0, 0,
		0, 0xff, 0xff, 0xff, 0xff };
	struct scratch scratch;
	struct upload *upload;
	struct jail jail;
	char path[96], value[256];
	bool user, list;

	scratch_new(&scratch);
	jail = scratch_jail(&scratch);
	scratch_write(&scratch, "f", OLD);
	(void)snprintf(path, sizeof(path), "%s/f", scratch.path);
	CU_ASSERT(chmod(path, 04604) == 0);
	user = setxattr(path, "user.colour", "red", 3, 0) == 0;
	list = setxattr(path, ACL, acl, sizeof(acl), 0) == 0;
	if (!user || !list)
		(void)printf("(no attributes on this file system: skipped) ");
	upload = begin(&jail, "/f", FS_CREATE_REPLACE, 0);
	CU_ASSERT_FATAL(upload != NULL);
	CU_ASSERT(put(upload, "new") &&
	    upload_commit(upload, 3, FS_DURABLE_NONE) == 0);
	upload_free(&upload);
	CU_ASSERT(scratch_holds(&scratch, "f", "new"));
	/* New contents are not set-user-ID. */
	CU_ASSERT_EQUAL(mode_of(&scratch, "f"), list ? 0640 : 0604);
	if (user)
		CU_ASSERT(getxattr(path, "user.colour", value, 256) == 3);
	if (list)
		CU_ASSERT(getxattr(path, ACL, value, 256) == sizeof(acl) &&
		    memcmp(value, acl, sizeof(acl)) == 0);
	upload = begin(&jail, "/new", FS_CREATE_REPLACE, 0);
	CU_ASSERT(
	    upload != NULL && upload_commit(upload, 0, FS_DURABLE_NONE) == 0);
	upload_free(&upload);
	CU_ASSERT_EQUAL(mode_of(&scratch, "new"), 0640);
	scratch_free(&scratch);
}

static void
links_keep_their_inode(void)
{
	struct scratch scratch;
	struct upload *upload;
	struct jail jail;

	scratch_new(&scratch);
	jail = scratch_jail(&scratch);
	scratch_write(&scratch, "f", OLD);
	CU_ASSERT(linkat(scratch.fd, "f", scratch.fd, "other", 0) == 0);
	upload = begin(&jail, "/f", FS_CREATE_REPLACE, 0);
	CU_ASSERT_FATAL(upload != NULL);
	CU_ASSERT(in_place(upload) && scratch_holds(&scratch, "other", ""));
	CU_ASSERT(put(upload, "new") &&
	    upload_commit(upload, 3, FS_DURABLE_FULL) == 0);
	upload_free(&upload);
	CU_ASSERT(scratch_holds(&scratch, "other", "new"));
	/* A symbolic link stays, and what it leads to is replaced. */
	CU_ASSERT(mkdirat(scratch.fd, "d", 0755) == 0);
	CU_ASSERT(symlinkat("d/target", scratch.fd, "link") == 0);
	scratch_write(&scratch, "d/target", OLD);
	upload = begin(&jail, "/link", FS_CREATE_REPLACE, 0);
	CU_ASSERT_FATAL(upload != NULL);
	CU_ASSERT(!in_place(upload) && put(upload, "via link"));
	CU_ASSERT(upload_commit(upload, 8, FS_DURABLE_NONE) == 0);
	upload_free(&upload);
	CU_ASSERT(scratch_holds(&scratch, "d/target", "via link"));
	CU_ASSERT(readlinkat(scratch.fd, "link", (char[8]){ 0 }, 8) == 8);
	scratch_free(&scratch);
}

static void
a_file_of_another_stays_his(void)
{
	struct scratch scratch;
	struct upload *upload;
	struct jail jail;
	struct stat st;

	if (geteuid() != 0) {
		skip_test("only root can make files of others");
		return;
	}
	scratch_new(&scratch);
	jail = scratch_jail(&scratch);
	scratch_write(&scratch, "f", OLD);
	CU_ASSERT(fchownat(scratch.fd, "f", 61234, 61234, 0) == 0);
	upload = begin(&jail, "/f", FS_CREATE_REPLACE, 0);
	CU_ASSERT_FATAL(upload != NULL);
	CU_ASSERT(in_place(upload) && put(upload, "new"));
	CU_ASSERT(upload_commit(upload, 3, FS_DURABLE_DATA) == 0);
	upload_free(&upload);
	CU_ASSERT(fstatat(scratch.fd, "f", &st, 0) == 0 && st.st_uid == 61234 &&
	    scratch_holds(&scratch, "f", "new"));
	scratch_free(&scratch);
}

static const struct {
	const char *what, *path;
	uint64_t offset;
	enum fs_create_how how;
	int error;
} refusals[] = {
	{ "a directory", "/d", 0, FS_CREATE_REPLACE, EISDIR },
	{ "a FIFO", "/fifo", 0, FS_CREATE_REPLACE, EOPNOTSUPP },
	{ "a link to a FIFO", "/to-fifo", 0, FS_CREATE_REPLACE, EOPNOTSUPP },
	{ "to append to a directory", "/d", 0, FS_CREATE_APPEND, EISDIR },
	{ "to append to a FIFO", "/fifo", 0, FS_CREATE_APPEND, EOPNOTSUPP },
	{ "to resume a FIFO", "/fifo", 0, FS_CREATE_RESUME, EOPNOTSUPP },
	{ "to resume beyond the end", "/f", 17, FS_CREATE_RESUME, ERANGE },
	{ "to resume far beyond", "/f", UINT64_MAX, FS_CREATE_RESUME, ERANGE },
	{ "to resume nothing", "/none", 1, FS_CREATE_RESUME, ENOENT },
	{ "the root", "/", 0, FS_CREATE_REPLACE, EISDIR },
	{ "below a file", "/f/x", 0, FS_CREATE_REPLACE, ENOTDIR },
	{ "below nothing", "/none/x", 0, FS_CREATE_UNIQUE, ENOENT },
	{ "a name of ours", "/" LEFT, 0, FS_CREATE_REPLACE, EPERM },
	{ "a link to such a name", "/to-ours", 0, FS_CREATE_APPEND, EPERM },
	{ "a link that bites its tail", "/loop", 0, FS_CREATE_REPLACE, ELOOP },
};

static void
what_is_no_file_is_refused(void)
{
	struct scratch scratch;
	struct upload *upload;
	struct jail jail;
	size_t i;
	int names;

	scratch_new(&scratch);
	jail = scratch_jail(&scratch);
	scratch_write(&scratch, "f", OLD);
	CU_ASSERT(mkdirat(scratch.fd, "d", 0755) == 0 &&
	    mkfifoat(scratch.fd, "fifo", 0644) == 0 &&
	    symlinkat("fifo", scratch.fd, "to-fifo") == 0 &&
	    symlinkat(LEFT, scratch.fd, "to-ours") == 0 &&
	    symlinkat("loop", scratch.fd, "loop") == 0);
	names = count_names(&scratch);
	for (i = 0; i < NITEMS(refusals); i++) {
		errno = 0;
		upload = begin(&jail, refusals[i].path, refusals[i].how,
		    refusals[i].offset);
		CHECK_CASE(upload == NULL && errno == refusals[i].error,
		    refusals[i].what);
		upload_free(&upload);
	}
	CU_ASSERT(scratch_holds(&scratch, "f", OLD));
	CU_ASSERT_EQUAL(count_names(&scratch), names);
	/* One that comes while the upload runs is not replaced either. */
	upload = begin(&jail, "/late", FS_CREATE_REPLACE, 0);
	CU_ASSERT(upload != NULL && mkfifoat(scratch.fd, "late", 0644) == 0);
	CU_ASSERT(upload_commit(upload, 0, FS_DURABLE_NONE) == -1 &&
	    errno == EOPNOTSUPP);
	upload_free(&upload);
	CU_ASSERT_EQUAL(count_names(&scratch), names + 1);
	scratch_free(&scratch);
}

static void
appending_and_resuming_keep_the_rest(void)
{
	struct scratch scratch;
	struct upload *upload;
	struct jail jail;

	scratch_new(&scratch);
	jail = scratch_jail(&scratch);
	scratch_write(&scratch, "f", "0123456789");
	upload = begin(&jail, "/f", FS_CREATE_APPEND, 0);
	CU_ASSERT(upload != NULL && in_place(upload) && put(upload, "ab"));
	CU_ASSERT(upload_commit(upload, 2, FS_DURABLE_DATA) == 0);
	upload_free(&upload);
	CU_ASSERT(scratch_holds(&scratch, "f", "0123456789ab"));
	upload = begin(&jail, "/f", FS_CREATE_RESUME, 4);
	CU_ASSERT(upload != NULL && in_place(upload) && put(upload, "XYZ"));
	CU_ASSERT(upload_commit(upload, 3, FS_DURABLE_NONE) == 0);
	upload_free(&upload);
	CU_ASSERT(scratch_holds(&scratch, "f", "0123XYZ789ab"));
	upload = begin(&jail, "/f", FS_CREATE_RESUME, 12);
	CU_ASSERT(upload != NULL && put(upload, "c"));
	CU_ASSERT(
	    upload_commit(upload, 2, FS_DURABLE_NONE) == -1 && errno == EIO);
	upload_free(&upload);
	CU_ASSERT(scratch_holds(&scratch, "f", "0123XYZ789abc"));
	upload = begin(&jail, "/range", FS_CREATE_RESUME, 0);
	CU_ASSERT(upload != NULL && in_place(upload) && put(upload, "r"));
	CU_ASSERT(upload_commit(upload, 1, FS_DURABLE_FULL) == 0);
	upload_free(&upload);
	CU_ASSERT(scratch_holds(&scratch, "range", "r"));
	CU_ASSERT_EQUAL(mode_of(&scratch, "range"), 0640);
	upload = begin(&jail, "/new", FS_CREATE_APPEND, 0);
	CU_ASSERT(upload != NULL && put(upload, "n"));
	CU_ASSERT(upload_commit(upload, 1, FS_DURABLE_FULL) == 0);
	upload_free(&upload);
	CU_ASSERT(scratch_holds(&scratch, "new", "n"));
	CU_ASSERT_EQUAL(mode_of(&scratch, "new"), 0640);
	scratch_free(&scratch);
}

static void
unique_names_are_unique(void)
{
	struct upload *first, *second, *third;
	struct upload_facts facts;
	struct scratch scratch;
	char name[NAME_MAX + 2];
	struct jail jail, other;

	scratch_new(&scratch);
	jail = scratch_jail(&scratch);
	other = scratch_jail(&scratch); /* of another agent */
	first = begin(&jail, "/u", FS_CREATE_UNIQUE, 0);
	second = begin(&other, "/u", FS_CREATE_UNIQUE, 0);
	CU_ASSERT_FATAL(first != NULL && second != NULL);
	upload_facts(first, &facts);
	CU_ASSERT_STRING_EQUAL(facts.name, "u");
	upload_facts(second, &facts);
	CU_ASSERT(strlen(facts.name) == 8 && memcmp(facts.name, "u.", 2) == 0);
	(void)snprintf(name, sizeof(name), "%s", facts.name);
	CU_ASSERT(put(first, "1") && put(second, "22"));
	CU_ASSERT(upload_commit(second, 2, FS_DURABLE_NONE) == 0);
	CU_ASSERT(upload_commit(first, 1, FS_DURABLE_NONE) == 0);
	CU_ASSERT(scratch_holds(&scratch, "u", "1") &&
	    scratch_holds(&scratch, name, "22"));
	/* Nobody's file is replaced, whoever was faster. */
	third = begin(&jail, "/v", FS_CREATE_UNIQUE, 0);
	scratch_write(&scratch, "v", OLD);
	CU_ASSERT(upload_commit(third, 0, FS_DURABLE_NONE) == -1 &&
	    errno == EEXIST && scratch_holds(&scratch, "v", OLD));
	upload_free(&third);
	/* The longest name, in the middle of a character. */
	name[0] = '/';
	memset(name + 1, 'x', NAME_MAX);
	memcpy(name + 1 + 247, "\xc3\xa9", 2);
	name[NAME_MAX + 1] = '\0';
	scratch_write(&scratch, name + 1, OLD);
	third = begin(&jail, name, FS_CREATE_UNIQUE, 0);
	CU_ASSERT_FATAL(third != NULL);
	upload_facts(third, &facts);
	CU_ASSERT(strlen(facts.name) == 247 + 7 && facts.name[247] == '.');
	upload_free(&first);
	upload_free(&second);
	upload_free(&third);
	CU_ASSERT_EQUAL(count_names(&scratch), 4);
	scratch_free(&scratch);
}

/* Makes a file that looks like a temporary of that age. */
static void
leave(const struct scratch *scratch, const char *name, time_t age)
{
	struct timespec times[2];

	scratch_write(scratch, name, "rest");
	(void)clock_gettime(CLOCK_REALTIME, &times[0]);
	times[0].tv_sec -= age;
	times[1] = times[0];
	CU_ASSERT(utimensat(scratch->fd, name, times, 0) == 0);
}

static void
only_what_was_left_behind_is_swept(void)
{
	struct scratch scratch;
	int fd;

	scratch_new(&scratch);
	leave(&scratch, LEFT, TEMPORARY_AGE_LISTED + 10);
	temporary_sweep(scratch.fd, LEFT, TEMPORARY_AGE_LISTED);
	CHECK_CASE(!scratch_exists(&scratch, LEFT), "old and forgotten");
	leave(&scratch, LEFT, TEMPORARY_AGE_LISTED - 10);
	temporary_sweep(scratch.fd, LEFT, TEMPORARY_AGE_LISTED);
	CHECK_CASE(scratch_exists(&scratch, LEFT), "not old enough");
	leave(&scratch, LEFT, TEMPORARY_AGE_LISTED + 10);
	fd = openat(scratch.fd, LEFT, O_WRONLY | O_CLOEXEC);
	CU_ASSERT(flock(fd, LOCK_EX | LOCK_NB) == 0);
	temporary_sweep(scratch.fd, LEFT, TEMPORARY_AGE_LISTED);
	CHECK_CASE(scratch_exists(&scratch, LEFT), "old, but in use");
	fd_close(&fd);
	CU_ASSERT(linkat(scratch.fd, LEFT, scratch.fd, "kept", 0) == 0);
	temporary_sweep(scratch.fd, LEFT, TEMPORARY_AGE_LISTED);
	CHECK_CASE(scratch_exists(&scratch, LEFT), "somebody kept a link");
	CU_ASSERT(unlinkat(scratch.fd, "kept", 0) == 0);
	CHECK_CASE(temporary_sweep_all(scratch.fd) &&
		!scratch_exists(&scratch, LEFT),
	    "it was all there was");
	leave(&scratch, LEFT, TEMPORARY_AGE_LISTED + 10);
	scratch_write(&scratch, "file", OLD);
	CHECK_CASE(!temporary_sweep_all(scratch.fd), "there is a file too");
	CU_ASSERT(unlinkat(scratch.fd, LEFT, 0) == 0 || errno == ENOENT);
	CU_ASSERT(symlinkat("file", scratch.fd, LEFT) == 0);
	temporary_sweep(scratch.fd, LEFT, 0);
	CHECK_CASE(scratch_exists(&scratch, LEFT) &&
		scratch_exists(&scratch, "file"),
	    "a link is none of ours");
	scratch_free(&scratch);
}

CU_TestInfo upload_tests[] = {
	{ "the name shows old or new", the_name_shows_old_or_new },
	{ "of two uploads the last wins whole",
	    of_two_uploads_the_last_wins_whole },
	{ "an overwritten file keeps its own",
	    an_overwritten_file_keeps_its_own },
	{ "links keep their inode", links_keep_their_inode },
	{ "a file of another stays his", a_file_of_another_stays_his },
	{ "what is no file is refused", what_is_no_file_is_refused },
	{ "appending and resuming keep the rest",
	    appending_and_resuming_keep_the_rest },
	{ "unique names are unique", unique_names_are_unique },
	{ "only what was left behind is swept",
	    only_what_was_left_behind_is_swept },
	CU_TEST_INFO_NULL,
};
