#include "worker/agent/change.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "worker/agent/resolve.h"

/* Debian 12's headers are older than the call; the number is the same on all
 * architectures. */
#define FCHMODAT2 452

/* A file that is about to change, and what it should become. */
struct subject {
	const struct jail *jail;
	const char *path;
	int fd; /* O_PATH */
	struct stat st;
	mode_t mode;
	gid_t gid;
	struct timespec times[2];
};

/* Groups ----------------------------------------------------------------- */

void
change_prepare(struct jail *jail)
{
	jail->group_file = open("/etc/group", O_RDONLY | O_CLOEXEC);
}

/* The number in "name:password:number:members"; false: another group's. */
static bool
is_group(char *line, const char *name, gid_t *gid)
{
	char *rest = line, *end, *field;
	unsigned long value;

	if (strcmp(strsep(&rest, ":"), name) != 0 || strsep(&rest, ":") == NULL)
		return (false);
	field = strsep(&rest, ":");
	if (field == NULL || *field < '0' || *field > '9')
		return (false);
	value = strtoul(field, &end, 10);
	*gid = (gid_t)value;
	return (*end == '\0' && value < UINT32_MAX);
}

static bool
find_in_file(FILE *file, const char *name, gid_t *gid)
{
	char *line = NULL;
	bool found = false;
	size_t size = 0;

	rewind(file);
	while (!found && getline(&line, &size, file) > 0)
		found = is_group(line, name, gid);
	free(line);
	return (found);
}

/*
 * Who is in a group is for the kernel to say.  That a group of that name exists
 * at all is not told to those who are not in it.
 */
static int
find_group(const struct jail *jail, const char *name, gid_t *gid)
{
	int fd = fcntl(jail->group_file, F_DUPFD_CLOEXEC, 3);
	FILE *file = fd == -1 ? NULL : fdopen(fd, "r");
	bool found = false;

	if (file == NULL) {
		fd_close(&fd);
	} else {
		found = find_in_file(file, name, gid);
		(void)fclose(file);
	}
	if (found && jail_is_member(jail, *gid))
		return (0);
	errno = ENODATA;
	return (-1);
}

/* What is wanted --------------------------------------------------------- */

/*
 * Special bits: what a file has it may keep, and directories may be
 * set-group-ID and sticky.  set-user-ID is nothing that a client can give.
 */
static int
want_mode(struct subject *subject, const struct fs_change *change)
{
	mode_t now = subject->st.st_mode & 07777, mode, special = now & 07000;

	mode = (now & change->keep) | (change->set & 07777);
	if (S_ISDIR(subject->st.st_mode)) {
		special |= S_ISGID | S_ISVTX;
		mode |= change->set_x & 0111;
	} else if ((now & 0111) != 0)
		mode |= change->set_x & 0111;
	if ((mode & 07000 & ~special) != 0) {
		errno = EINVAL;
		return (-1);
	}
	subject->mode = mode;
	return (0);
}

static int
want_group(struct subject *subject, const struct fs_change *change,
    const char *name)
{
	subject->gid = change->gid;
	if (name[0] != '\0')
		return (find_group(subject->jail, name, &subject->gid));
	if (subject->gid == subject->st.st_gid ||
	    jail_is_member(subject->jail, subject->gid))
		return (0);
	errno = EPERM;
	return (-1);
}

static struct timespec
want_time(const struct fs_time *time, bool wanted)
{
	struct timespec given = { time->seconds, (long)time->nanoseconds };
	struct timespec none = { 0, UTIME_OMIT };

	return (wanted ? given : none);
}

/* All that can be known before anything changes.  0, or -1 with errno. */
static int
want(struct subject *subject, const struct ops_request *request)
{
	const struct fs_change *change = request->change;

	if (!S_ISREG(subject->st.st_mode) && !S_ISDIR(subject->st.st_mode)) {
		errno = EOPNOTSUPP;
		return (-1);
	}
	if (subject->st.st_uid != subject->jail->uid) {
		errno = EPERM;
		return (-1);
	}
	subject->times[0] = want_time(&change->accessed,
	    (change->what & FS_CHANGE_ACCESSED) != 0);
	subject->times[1] = want_time(&change->modified,
	    (change->what & FS_CHANGE_MODIFIED) != 0);
	if ((change->what & FS_CHANGE_MODE) != 0 &&
	    want_mode(subject, change) == -1)
		return (-1);
	if ((change->what & FS_CHANGE_GROUP) != 0)
		return (want_group(subject, change, request->other));
	return (0);
}

/* Changing --------------------------------------------------------------- */

/*
 * Within a chroot the kernel resolves the path just as openat2() did, so that
 * a link that was put there meanwhile leads to another file of the account at
 * worst.  Without one there is /proc.
 */
int
change_mode_old(const struct jail *jail, int fd, const char *path, mode_t mode)
{
	char link[64];

	if (jail->chrooted)
		return (chmod(path, mode));
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return (chmod(link, mode));
}

static int
set_mode(const struct subject *subject, mode_t mode)
{
	if (syscall(FCHMODAT2, subject->fd, "", mode, AT_EMPTY_PATH) == 0)
		return (0);
	if (errno != ENOSYS)
		return (-1);
	return (
	    change_mode_old(subject->jail, subject->fd, subject->path, mode));
}

static int
set_group(const struct subject *subject, gid_t gid)
{
	return (fchownat(subject->fd, "", (uid_t)-1, gid, AT_EMPTY_PATH));
}

/*
 * The group comes first: it may be over its quota, and with it the kernel may
 * take special bits away.
 */
static int
set_all(const struct subject *subject, uint32_t what, uint32_t *done)
{
	const uint32_t times = FS_CHANGE_MODIFIED | FS_CHANGE_ACCESSED;

	if ((what & FS_CHANGE_GROUP) != 0) {
		if (set_group(subject, subject->gid) == -1)
			return (-1);
		*done |= FS_CHANGE_GROUP;
	}
	if ((what & FS_CHANGE_MODE) != 0) {
		if (set_mode(subject, subject->mode) == -1)
			return (-1);
		*done |= FS_CHANGE_MODE;
	}
	if ((what & times) == 0)
		return (0);
	return (utimensat(subject->fd, "", subject->times, AT_EMPTY_PATH));
}

/* It keeps errno: why the rest could not be done is what counts. */
static void
undo(const struct subject *subject, uint32_t done)
{
	int error = errno;

	if ((done & FS_CHANGE_GROUP) != 0)
		(void)!set_group(subject, subject->st.st_gid);
	if (done != 0)
		(void)!set_mode(subject, subject->st.st_mode & 07777);
	errno = error;
}

static int
change_subject(struct subject *subject, const struct ops_request *request)
{
	uint32_t done = 0;

	if (fstat(subject->fd, &subject->st) == -1 ||
	    want(subject, request) == -1)
		return (-1);
	if (set_all(subject, request->change->what, &done) == 0)
		return (0);
	undo(subject, done);
	return (-1);
}

int
change(const struct jail *jail, const struct ops_request *request,
    struct msg_fs_done *done)
{
	struct subject subject = { .jail = jail, .path = request->path };
	unsigned int need = ACCESS_SET;
	int ret;

	if ((request->change->what & FS_CHANGE_MODE) != 0)
		need |= ACCESS_MODE;
	subject.fd = resolve_open(jail, request->path, need, O_PATH);
	if (subject.fd == -1)
		return (-1);
	done->entries = request->change->what;
	ret = change_subject(&subject, request);
	if (ret == 0)
		ret = ops_tell(subject.fd, done);
	fd_close(&subject.fd);
	return (ret);
}
