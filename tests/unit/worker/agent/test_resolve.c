/* Unit tests of worker/agent/resolve.c: no path leads out of the jail. */
#include <CUnit/CUnit.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "shm/base/fd.h"
#include "shm/ipc/body.h"
#include "tests/unit/scratch.h"
#include "tests/unit/suites.h"
#include "worker/agent/resolve.h"

static const struct {
	const char *path;
	size_t len; /* 0: as long as it looks */
	bool valid;
} paths[] = {
	{ "/", 0, true },
	{ "/a", 0, true },
	{ "/a/b c/...", 0, true },
	{ "/.hidden/..x", 0, true },
	{ "/\xff\x01", 0, true },
	{ "", 0, false },
	{ "a", 0, false },
	{ "a/b", 0, false },
	{ "//", 0, false },
	{ "//a", 0, false },
	{ "/a/", 0, false },
	{ "/a//b", 0, false },
	{ "/.", 0, false },
	{ "/..", 0, false },
	{ "/a/../b", 0, false },
	{ "/a/..", 0, false },
	{ "/./a", 0, false },
	{ "/a\0b", 4, false },
	{ "/a\0", 3, false },
};

static void
only_normal_paths_are_valid(void)
{
	char path[FS_PATH_MAX + 2];
	size_t i, len;

	for (i = 0; i < NITEMS(paths); i++) {
		len = paths[i].len != 0 ? paths[i].len : strlen(paths[i].path);
		CHECK_CASE(resolve_valid((const uint8_t *)paths[i].path, len) ==
			paths[i].valid,
		    paths[i].path);
	}
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	CHECK_CASE(resolve_valid((const uint8_t *)path, FS_PATH_MAX),
	    "the longest");
	CHECK_CASE(!resolve_valid((const uint8_t *)path, FS_PATH_MAX + 1),
	    "a byte more");
}

static struct jail
jail_at(int root)
{
	struct jail jail;

	memset(&jail, 0, sizeof(jail));
	jail.root = root;
	return (jail);
}

/* A jail in "home", with a secret beside it. */
static int
make_jail(const struct scratch *scratch)
{
	scratch_write(scratch, "secret", "secret");
	if (mkdirat(scratch->fd, "home", 0755) == -1 ||
	    mkdirat(scratch->fd, "home/dir", 0755) == -1)
		abort();
	scratch_write(scratch, "home/file", "mine");
	scratch_write(scratch, "home/dir/inner", "inner");
	return (openat(scratch->fd, "home", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

static const struct {
	const char *target;
	int error; /* of "/link", and of a name below it */
} links[] = {
	{ "file", 0 },
	{ "/file", 0 },
	{ "dir/inner", 0 },
	{ "dir/../file", 0 },
	{ "../../../../file", 0 },
	{ "../secret", ENOENT },
	{ "dir/../../secret", ENOENT },
	{ "/../secret", ENOENT },
	{ "/etc/passwd", ENOENT },
	{ "../../../../../../../../etc/passwd", ENOENT },
	{ "/proc/self/root/etc/passwd", ENOENT },
	{ "link", ELOOP },
	{ "dir/missing", ENOENT },
};

static void
links_lead_nowhere_but_inside(void)
{
	struct scratch scratch;
	struct jail jail;
	struct stat st;
	int root, fd;
	size_t i;

	scratch_new(&scratch);
	root = make_jail(&scratch);
	jail = jail_at(root);
	for (i = 0; i < NITEMS(links); i++) {
		CU_ASSERT(symlinkat(links[i].target, root, "link") == 0);
		errno = 0;
		fd = open_regular(&jail, "/link", ACCESS_READ, O_RDONLY, &st);
		CHECK_CASE((fd != -1) == (links[i].error == 0) &&
			(fd != -1 || errno == links[i].error),
		    links[i].target);
		fd_close(&fd);
		(void)unlinkat(root, "link", 0);
	}
	fd = resolve_open(&jail, "/../../..", ACCESS_ENTER,
	    O_PATH | O_DIRECTORY);
	CU_ASSERT(fd != -1 && faccessat(fd, "file", R_OK, 0) == 0);
	fd_close(&fd);
	/* A magic link would leave even a chroot. */
	fd = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CU_ASSERT(
	    fd != -1 && resolve_below(fd, "0", O_PATH) == -1 && errno == ELOOP);
	fd_close(&fd);
	fd_close(&root);
	scratch_free(&scratch);
}

static void
other_files_are_never_opened(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct scratch scratch;
	struct jail jail;
	struct stat st;
	int listener, writer;

	scratch_new(&scratch);
	jail = jail_at(scratch.fd);
	CU_ASSERT(mkfifoat(scratch.fd, "fifo", 0666) == 0);
	CU_ASSERT(symlinkat("fifo", scratch.fd, "to-fifo") == 0);
	CU_ASSERT(mkdirat(scratch.fd, "dir", 0755) == 0);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket",
	    scratch.path);
	CU_ASSERT(bind(listener, (const struct sockaddr *)&address,
		      sizeof(address)) == 0);
	CU_ASSERT(open_regular(&jail, "/fifo", 0, O_RDONLY, &st) == -1 &&
	    errno == EOPNOTSUPP);
	CU_ASSERT(open_regular(&jail, "/to-fifo", 0, O_WRONLY, &st) == -1 &&
	    errno == EOPNOTSUPP);
	CU_ASSERT(open_regular(&jail, "/socket", 0, O_RDONLY, &st) == -1 &&
	    errno == EOPNOTSUPP);
	CU_ASSERT(open_regular(&jail, "/dir", 0, O_RDONLY, &st) == -1 &&
	    errno == EISDIR);
	CU_ASSERT(open_regular(&jail, "/to-fifo", 0, O_RDONLY | O_NOFOLLOW,
		      &st) == -1 &&
	    errno == ELOOP);
	/* That nobody is reading shows that nobody has opened it. */
	writer = openat(scratch.fd, "fifo", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	CU_ASSERT(writer == -1 && errno == ENXIO);
	/* Only root can make a device, such as tapes that would rewind. */
	if (mknodat(scratch.fd, "null", S_IFCHR | 0666, makedev(1, 3)) == 0) {
		CU_ASSERT(
		    open_regular(&jail, "/null", 0, O_RDONLY, &st) == -1 &&
		    errno == EOPNOTSUPP);
	} else
		(void)printf("(no device without root: skipped) ");
	fd_close(&writer);
	fd_close(&listener);
	scratch_free(&scratch);
}

static const struct {
	const char *path;
	int place_error, target_error;
	const char *name; /* of the target */
} places[] = {
	{ "/", EBUSY, EISDIR, NULL },
	{ "/file", 0, 0, "file" },
	{ "/new", 0, 0, "new" },
	{ "/dir/new", 0, 0, "new" },
	{ "/missing/new", ENOENT, ENOENT, NULL },
	{ "/file/new", ENOTDIR, ENOTDIR, NULL },
	{ "/to-new", 0, 0, "new" },
	{ "/to-inner", 0, 0, "inner" },
	{ "/to-secret", 0, 0, "secret" },
	{ "/to-dir", 0, 0, "dir" },
	{ "/to-dir/new", 0, 0, "new" },
	{ "/to-dots", 0, EISDIR, NULL },
	{ "/loop", 0, ELOOP, NULL },
	{ "/.ftpsd.0123456789abcdef.part", EPERM, EPERM, NULL },
	{ "/.ftpsd.0123456789abcdeg.part", 0, 0,
	    ".ftpsd.0123456789abcdeg.part" },
};

static void
check_place(const struct jail *jail, size_t row)
{
	const char *path = places[row].path;
	struct place place;
	int ret;

	ret = resolve_place(jail, path, ACCESS_LOOK, &place);
	CHECK_CASE((ret == 0 ? 0 : errno) == places[row].place_error, path);
	resolve_free(&place);
	ret = resolve_target(jail, path, ACCESS_LOOK, &place);
	CHECK_CASE((ret == 0 ? 0 : errno) == places[row].target_error, path);
	if (ret == 0)
		CHECK_CASE(strcmp(place.name, places[row].name) == 0, path);
	/* "secret" is a name in the jail, where there is none. */
	if (ret == 0 && strcmp(place.name, "secret") == 0)
		CU_ASSERT(faccessat(place.parent, "secret", F_OK, 0) == -1);
	resolve_free(&place);
	resolve_free(&place);
}

static void
places_are_found_or_refused(void)
{
	struct scratch scratch;
	struct jail jail;
	size_t i;
	int root;

	scratch_new(&scratch);
	root = make_jail(&scratch);
	jail = jail_at(root);
	CU_ASSERT(symlinkat("dir/new", root, "to-new") == 0);
	CU_ASSERT(symlinkat("/to-dir/inner", root, "to-inner") == 0);
	CU_ASSERT(symlinkat("../secret", root, "to-secret") == 0);
	CU_ASSERT(symlinkat("dir", root, "to-dir") == 0);
	CU_ASSERT(symlinkat("dir/..", root, "to-dots") == 0);
	CU_ASSERT(symlinkat("loop", root, "loop") == 0);
	for (i = 0; i < NITEMS(places); i++)
		check_place(&jail, i);
	fd_close(&root);
	scratch_free(&scratch);
}

/* Swaps a directory and a link that leads out, until it is killed. */
static pid_t
start_swapper(int root)
{
	pid_t pid = fork();

	if (pid != 0)
		return (pid);
	for (;;)
		(void)renameat2(root, "swap", root, "out", RENAME_EXCHANGE);
}

static void
a_racing_owner_gains_nothing(void)
{
	struct scratch scratch;
	struct place place;
	struct stat secret, st;
	struct jail jail;
	int root, i, fd, won = 0, reached = 0;
	pid_t pid;

	scratch_new(&scratch);
	root = make_jail(&scratch);
	jail = jail_at(root);
	CU_ASSERT(mkdirat(root, "swap", 0755) == 0);
	scratch_write(&scratch, "home/swap/secret", "mine");
	CU_ASSERT(symlinkat("../../../../../..", root, "out") == 0);
	CU_ASSERT(symlinkat("../../secret", root, "dir/secret") == 0);
	CU_ASSERT(fstatat(scratch.fd, "secret", &secret, 0) == 0);
	pid = start_swapper(root);
	/* It may be that the swapper sleeps, and has left the link there. */
	for (i = 0; i < 3000 || (reached == 0 && i < 3000000); i++) {
		fd = open_regular(&jail,
		    i % 2 == 0 ? "/swap/secret" : "/swap/../dir/secret",
		    ACCESS_READ, O_RDONLY, &st);
		won += fd != -1 && st.st_ino == secret.st_ino;
		reached += fd != -1;
		fd_close(&fd);
		if (resolve_place(&jail, "/swap/secret", 0, &place) == 0)
			won += fstatat(place.parent, place.name, &st, 0) == 0 &&
			    st.st_ino == secret.st_ino;
		resolve_free(&place);
	}
	(void)kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	CU_ASSERT_EQUAL(won, 0);
	CU_ASSERT(reached > 0);
	fd_close(&root);
	scratch_free(&scratch);
}

CU_TestInfo resolve_tests[] = {
	{ "only normal paths are valid", only_normal_paths_are_valid },
	{ "links lead nowhere but inside", links_lead_nowhere_but_inside },
	{ "other files are never opened", other_files_are_never_opened },
	{ "places are found or refused", places_are_found_or_refused },
	{ "a racing owner gains nothing", a_racing_owner_gains_nothing },
	CU_TEST_INFO_NULL,
};
