#include "worker/agent/ops.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "worker/agent/rename.h"
#include "worker/agent/resolve.h"
#include "worker/agent/temporary.h"

int
ops_tell(int fd, struct msg_fs_done *done)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return (-1);
	done->size = (uint64_t)st.st_size;
	done->modified = st.st_mtim.tv_sec;
	done->modified_ns = (uint32_t)st.st_mtim.tv_nsec;
	done->mode = st.st_mode;
	done->gid = st.st_gid;
	return (0);
}

/* What an upload would come upon, if it may be made at all: else errno. */
static int
tell_upload(const struct jail *jail, const struct ops_request *request,
    struct msg_fs_done *done)
{
	struct place place;
	int fd, ret = -1;

	if (resolve_target(jail, request->path,
		ACCESS_ADD | access_transfer(request->data), &place) == -1)
		return (-1);
	done->entries = place.rules->hash_on_upload;
	fd = resolve_below(place.parent, place.name, O_PATH | O_NOFOLLOW);
	if (fd == -1 && errno == ENOENT)
		ret = faccessat(place.parent, ".", W_OK, 0);
	else if (fd != -1 && resolve_need(&place, ACCESS_WRITE) == 0)
		ret = ops_tell(fd, done);
	if (ret == 0 && S_ISREG(done->mode))
		ret = faccessat(place.parent, place.name, W_OK,
		    AT_SYMLINK_NOFOLLOW);
	fd_close(&fd);
	resolve_free(&place);
	return (ret);
}

int
ops_stat(const struct jail *jail, const struct ops_request *request,
    struct msg_fs_done *done)
{
	int fd, ret;

	if (request->mode == FS_STAT_UPLOAD)
		return (tell_upload(jail, request, done));
	if (request->mode == FS_STAT_SELF)
		fd = resolve_open(jail, request->path, ACCESS_REMOVE,
		    O_PATH | O_NOFOLLOW);
	else
		fd = resolve_open(jail, request->path, ACCESS_LOOK, O_PATH);
	if (fd == -1)
		return (-1);
	ret = ops_tell(fd, done);
	fd_close(&fd);
	return (ret);
}

int
ops_chdir(const struct jail *jail, const struct ops_request *request,
    struct msg_fs_done *done UNUSED)
{
	int fd, inner;

	fd = resolve_open(jail, request->path, ACCESS_ENTER,
	    O_PATH | O_DIRECTORY);
	if (fd == -1)
		return (-1);
	/* To look up a name in it, even ".", takes the right to search. */
	inner = resolve_below(fd, ".", O_PATH | O_DIRECTORY);
	fd_close(&fd);
	if (inner == -1)
		return (-1);
	fd_close(&inner);
	return (0);
}

int
ops_mkdir(const struct jail *jail, const struct ops_request *request,
    struct msg_fs_done *done UNUSED)
{
	struct place place;
	int ret;

	if (resolve_place(jail, request->path, ACCESS_ADD, &place) == -1) {
		if (errno == EBUSY)
			errno = EEXIST;
		return (-1);
	}
	ret = mkdirat(place.parent, place.name,
	    rules_mode(place.rules, 0777, request->mode));
	resolve_free(&place);
	return (ret);
}

int
ops_rmdir(const struct jail *jail, const struct ops_request *request,
    struct msg_fs_done *done UNUSED)
{
	struct place place;
	int fd, ret;

	if (resolve_place(jail, request->path, ACCESS_REMOVE, &place) == -1)
		return (-1);
	ret = unlinkat(place.parent, place.name, AT_REMOVEDIR);
	if (ret == -1 && (errno == ENOTEMPTY || errno == EEXIST)) {
		fd = resolve_below(place.parent, place.name,
		    O_PATH | O_DIRECTORY | O_NOFOLLOW);
		if (fd != -1 && temporary_sweep_all(fd))
			ret = unlinkat(place.parent, place.name, AT_REMOVEDIR);
		else
			errno = ENOTEMPTY;
		fd_close(&fd);
	}
	resolve_free(&place);
	return (ret);
}

int
ops_unlink(const struct jail *jail, const struct ops_request *request,
    struct msg_fs_done *done UNUSED)
{
	struct place place;
	int ret;

	if (resolve_place(jail, request->path, ACCESS_REMOVE, &place) == -1) {
		if (errno == EBUSY)
			errno = EISDIR;
		return (-1);
	}
	ret = unlinkat(place.parent, place.name, 0);
	resolve_free(&place);
	return (ret);
}

int
ops_rename(const struct jail *jail, const struct ops_request *request,
    struct msg_fs_done *done UNUSED)
{
	struct place from, to;
	int ret;

	if (resolve_place(jail, request->path, ACCESS_REMOVE, &from) == -1)
		return (-1);
	ret = resolve_place(jail, request->other, ACCESS_ADD, &to);
	if (ret == 0)
		ret = resolve_may_move(jail, &from, &to);
	if (ret == 0)
		ret = to.rules->rename_replaces &&
			resolve_need(&to, ACCESS_WRITE) == 0
		    ? renameat(from.parent, from.name, to.parent, to.name)
		    : rename_new(&from, &to);
	resolve_free(&from);
	resolve_free(&to);
	return (ret);
}
