#include "worker/agent/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "shm/base/secret.h"
#include "worker/agent/keep.h"
#include "worker/agent/rename.h"
#include "worker/agent/resolve.h"
#include "worker/agent/temporary.h"

#define NAMES_MAX  16 /* tries for a name not in use */
#define SUFFIX_LEN 7  /* of a chosen name: a dot and six digits */

struct upload {
	struct jail *jail;
	struct place place;
	enum fs_create_how how;
	int fd;
	char temporary[TEMPORARY_NAME_LEN + 1]; /* "": in place */
	bool created;                           /* in place: the name is new */
	bool at_once;                           /* nobody else has the file */
	bool whole;                             /* not in place */
	mode_t mode;
	uint64_t start, size;
	int64_t modified;
};

/* Opens the file itself, which must be there. */
static int
open_in_place(struct upload *upload, int flags)
{
	struct stat st;

	upload->temporary[0] = '\0';
	upload->fd = open_regular_at(&upload->place, ACCESS_WRITE,
	    O_WRONLY | flags, &st);
	if (upload->fd == -1)
		return (-1);
	upload->size = (uint64_t)st.st_size;
	upload->modified = st.st_mtim.tv_sec;
	return (0);
}

/* Makes the file under its own name, which must be free. */
static int
create_in_place(struct upload *upload, int flags)
{
	upload->fd = openat(upload->place.parent, upload->place.name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC |
		flags,
	    upload->mode);
	upload->created = upload->fd != -1;
	return (upload->fd == -1 ? -1 : 0);
}

static int
begin_append(struct upload *upload)
{
	int i;

	if (resolve_need(&upload->place, ACCESS_WRITE) == -1)
		return (create_in_place(upload, O_APPEND));
	/* Twice: it may come or go between the two calls. */
	for (i = 0; i < 2; i++) {
		if (open_in_place(upload, O_APPEND) == 0)
			break;
		if (errno != ENOENT)
			return (-1);
		if (create_in_place(upload, O_APPEND) == 0)
			break;
		if (errno != EEXIST)
			return (-1);
	}
	upload->start = upload->size;
	return (upload->fd == -1 ? -1 : 0);
}

/* A range from the first byte on may make the file. */
static int
begin_resume(struct upload *upload, uint64_t offset)
{
	if (offset == 0 && resolve_need(&upload->place, ACCESS_WRITE) == -1)
		return (create_in_place(upload, 0));
	if (open_in_place(upload, 0) == -1 &&
	    (errno != ENOENT || offset != 0 ||
		create_in_place(upload, 0) == -1))
		return (-1);
	if (offset > upload->size) {
		errno = ERANGE;
		return (-1);
	}
	upload->start = offset;
	return (0);
}

static int
begin_temporary(struct upload *upload)
{
	upload->fd = temporary_new(upload->place.parent, upload->temporary,
	    !upload->at_once);
	if (upload->fd == -1)
		upload->temporary[0] = '\0';
	return (upload->fd == -1 ? -1 : 0);
}

static int
truncate_in_place(struct upload *upload)
{
	if (upload->whole) {
		errno = EOPNOTSUPP;
		return (-1);
	}
	if (open_in_place(upload, 0) == -1)
		return (-1);
	return (ftruncate(upload->fd, 0));
}

static void
drop_temporary(struct upload *upload)
{
	if (upload->temporary[0] != '\0')
		(void)unlinkat(upload->place.parent, upload->temporary, 0);
	upload->temporary[0] = '\0';
	fd_close(&upload->fd);
}

static bool
is_taken(const struct place *place)
{
	struct stat st;

	return (fstatat(place->parent, place->name, &st, AT_SYMLINK_NOFOLLOW) ==
		0 ||
	    errno != ENOENT);
}

/*
 * Begins under the name, if it is free.  Of those that want it at the same time
 * one gets the temporary that goes with it; and when that can be had since the
 * other one has ended, the name is there.  0, 1 when it is taken, or -1.
 */
static int
claim(struct upload *upload)
{
	upload->fd = temporary_claim(upload->place.parent, upload->place.name,
	    upload->temporary);
	if (upload->fd == -1) {
		upload->temporary[0] = '\0';
		return (errno == EEXIST ? 1 : -1);
	}
	if (!is_taken(&upload->place))
		return (0);
	drop_temporary(upload);
	return (1);
}

/*
 * The name that was asked for where it is free, else one made from it, which
 * may be one that is not allowed.
 */
static int
begin_unique(struct upload *upload)
{
	char *name = upload->place.name;
	int i, ret, error = EEXIST;
	uint32_t number;
	size_t keep;

	ret = claim(upload);
	keep = strnlen(name, NAME_MAX - SUFFIX_LEN);
	/* Not in the middle of a UTF-8 character. */
	while (keep > 0 && ((unsigned char)name[keep] & 0xc0) == 0x80)
		keep--;
	for (i = 0; i < NAMES_MAX && ret == 1; i++) {
		secret_random(&number, sizeof(number));
		(void)snprintf(name + keep, SUFFIX_LEN + 1, ".%06x",
		    number & 0xffffff);
		if (resolve_renamed(upload->jail, &upload->place, ACCESS_ADD) ==
		    0)
			ret = claim(upload);
		else
			error = errno;
	}
	if (ret == 1)
		errno = error;
	return (ret == 0 ? 0 : -1);
}

/*
 * Replaces a file that is there: by a temporary, if that can be given the same
 * owner, group and attributes.
 */
static int
begin_overwrite(struct upload *upload, const struct stat *old)
{
	const struct place *place = &upload->place;
	struct stat new;

	if (old->st_nlink > 1 || old->st_uid != upload->jail->uid)
		return (truncate_in_place(upload));
	/* That the name could be replaced is no right to change the file. */
	if (faccessat(place->parent, place->name, W_OK, AT_SYMLINK_NOFOLLOW) ==
	    -1)
		return (-1);
	if ((old->st_mode & S_IRUSR) == 0 && !keep_is_possible(place))
		return (truncate_in_place(upload));
	if (begin_temporary(upload) == -1)
		return (errno == EACCES || errno == EPERM
			? truncate_in_place(upload)
			: -1);
	if (fstat(upload->fd, &new) == -1)
		return (-1);
	if (new.st_gid != old->st_gid &&
	    fchown(upload->fd, (uid_t)-1, old->st_gid) == -1) {
		drop_temporary(upload);
		return (truncate_in_place(upload));
	}
	return (0);
}

static int
begin_replace(struct upload *upload)
{
	struct stat old;

	if (fstatat(upload->place.parent, upload->place.name, &old,
		AT_SYMLINK_NOFOLLOW) == -1)
		return (errno == ENOENT ? begin_temporary(upload) : -1);
	if (resolve_need(&upload->place, ACCESS_WRITE) == -1)
		return (-1);
	if (!S_ISREG(old.st_mode)) {
		errno = S_ISDIR(old.st_mode) ? EISDIR : EOPNOTSUPP;
		return (-1);
	}
	upload->size = (uint64_t)old.st_size;
	upload->modified = old.st_mtim.tv_sec;
	return (begin_overwrite(upload, &old));
}

/* A copy may be executed as its original may, by those who may read it. */
static mode_t
mode_of_new(const struct upload *upload, const struct upload_request *request)
{
	const struct rules *rules = upload->place.rules;
	mode_t mode = rules_mode(rules, rules->file_mode, request->mode);

	return (request->like == 0
		? mode
		: (mode | (mode & 0444) >> 2) & request->like);
}

static int
begin(struct upload *upload, const struct upload_request *request)
{
	if (resolve_target(upload->jail, request->path,
		ACCESS_ADD | request->need, &upload->place) == -1)
		return (-1);
	upload->mode = mode_of_new(upload, request);
	switch (request->how) {
	case FS_CREATE_REPLACE:
		return (begin_replace(upload));
	case FS_CREATE_UNIQUE:
		return (begin_unique(upload));
	case FS_CREATE_APPEND:
		return (begin_append(upload));
	case FS_CREATE_RESUME:
		return (begin_resume(upload, request->offset));
	}
	errno = EINVAL;
	return (-1);
}

struct upload *
upload_new(struct jail *jail, const struct upload_request *request)
{
	struct upload *upload;
	int error;

	upload = calloc(1, sizeof(*upload));
	if (upload == NULL)
		return (NULL);
	upload->jail = jail;
	upload->how = request->how;
	upload->at_once = request->at_once;
	upload->whole = request->whole;
	upload->place.parent = -1;
	upload->fd = -1;
	if (begin(upload, request) == -1) {
		error = errno;
		upload_free(&upload);
		errno = error;
		return (NULL);
	}
	return (upload);
}

void
upload_facts(const struct upload *upload, struct upload_facts *facts)
{
	facts->fd = upload->fd;
	facts->name = upload->place.name;
	facts->start = upload->start;
	facts->size = upload->size;
	facts->modified = upload->modified;
	facts->in_place = upload->temporary[0] == '\0';
	facts->sums = upload->place.rules->hash_on_upload;
}

/*
 * Others may write to a file that is written in place, so it may be longer;
 * the temporary is ours alone.
 */
static int
check_size(const struct upload *upload, uint64_t written)
{
	struct stat st;
	uint64_t size;

	if (fstat(upload->fd, &st) == -1)
		return (-1);
	size = (uint64_t)st.st_size;
	if (upload->temporary[0] == '\0'
		? size < upload->start || size - upload->start < written
		: size != written) {
		errno = EIO;
		return (-1);
	}
	return (0);
}

static int
sync_file(const struct upload *upload, enum fs_durability durability)
{
	if (durability == FS_DURABLE_NONE)
		return (0);
	return (durability == FS_DURABLE_DATA ? fdatasync(upload->fd)
					      : fsync(upload->fd));
}

/* A directory that may not be read cannot be opened: then everything goes. */
static int
sync_name(const struct upload *upload)
{
	int fd, ret;

	fd = openat(upload->place.parent, ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return (syncfs(upload->fd));
	ret = fsync(fd);
	fd_close(&fd);
	return (ret);
}

/* Nobody may have taken the name meanwhile. */
static int
rename_unique(const struct upload *upload)
{
	struct place from = { .parent = upload->place.parent };

	memcpy(from.name, upload->temporary, sizeof(upload->temporary));
	return (rename_new(&from, &upload->place));
}

static int
rename_temporary(struct upload *upload)
{
	int parent = upload->place.parent, ret;

	/* The worker's descriptor would go on to hold the lock. */
	if (!upload->at_once)
		(void)flock(upload->fd, LOCK_UN);
	ret = upload->how == FS_CREATE_UNIQUE ||
		resolve_need(&upload->place, ACCESS_WRITE) == -1
	    ? rename_unique(upload)
	    : renameat(parent, upload->temporary, parent, upload->place.name);
	if (ret == 0)
		upload->temporary[0] = '\0';
	return (ret);
}

int
upload_commit(struct upload *upload, uint64_t written,
    enum fs_durability durability)
{
	bool named = upload->created;

	if (check_size(upload, written) == -1)
		return (-1);
	if (upload->temporary[0] != '\0' &&
	    keep_attributes(&upload->place, upload->fd, upload->mode) == -1)
		return (-1);
	if (sync_file(upload, durability) == -1)
		return (-1);
	if (upload->temporary[0] != '\0') {
		if (rename_temporary(upload) == -1)
			return (-1);
		named = true;
	}
	if (named && durability == FS_DURABLE_FULL)
		return (sync_name(upload));
	return (0);
}

void
upload_free(struct upload **upload)
{
	struct upload *ended = *upload;

	if (ended == NULL)
		return;
	*upload = NULL;
	drop_temporary(ended);
	resolve_free(&ended->place);
	free(ended);
}
