#include "worker/agent/space.h"

#include <fcntl.h>
#include <string.h>
#include <sys/quota.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "worker/agent/resolve.h"

/*
 * By a descriptor, since the device is not to be seen from within the jail.
 * Linux 5.14; the number is the same on all architectures.
 */
#define QUOTACTL_FD 443

#define BLOCK 1024 /* the unit of limits, whatever the file system's is */

static void
convert_part(struct fs_quota_part *part, uint64_t hard, uint64_t soft,
    uint64_t until)
{
	part->hard = hard;
	part->soft = soft;
	/* A time has no meaning before soft is exceeded. */
	if (soft != 0 && part->used > soft)
		part->until = (int64_t)until;
}

void
space_convert(const struct dqblk *kernel, struct fs_quota *quota)
{
	uint32_t valid = kernel->dqb_valid;

	memset(quota, 0, sizeof(*quota));
	if ((valid & QIF_SPACE) != 0)
		quota->bytes.used = kernel->dqb_curspace;
	if ((valid & QIF_INODES) != 0)
		quota->files.used = kernel->dqb_curinodes;
	if ((valid & QIF_BLIMITS) != 0)
		convert_part(&quota->bytes, kernel->dqb_bhardlimit * BLOCK,
		    kernel->dqb_bsoftlimit * BLOCK,
		    (valid & QIF_BTIME) != 0 ? kernel->dqb_btime : 0);
	if ((valid & QIF_ILIMITS) != 0)
		convert_part(&quota->files, kernel->dqb_ihardlimit,
		    kernel->dqb_isoftlimit,
		    (valid & QIF_ITIME) != 0 ? kernel->dqb_itime : 0);
}

/*
 * A kernel or file system without quotas, and one that does not tell, are the
 * same to us: the write itself will be told.
 */
static bool
look_up(int fd, unsigned int type, uint32_t id, struct fs_quota *quota)
{
	/* As QCMD(), which shifts into the sign. */
	const unsigned int command =
	    (unsigned int)Q_GETQUOTA << SUBCMDSHIFT | type;
	struct dqblk kernel;

	memset(&kernel, 0, sizeof(kernel));
	if (syscall(QUOTACTL_FD, fd, command, id, &kernel) != 0)
		return (false);
	space_convert(&kernel, quota);
	return (true);
}

static int
look(const struct jail *jail, int fd, struct msg_fs_room *room)
{
	struct statvfs facts;

	if (fstatvfs(fd, &facts) == -1)
		return (-1);
	room->now = time(NULL);
	room->bytes = (uint64_t)facts.f_bavail * facts.f_frsize;
	/* Some make files as long as there are blocks, and count none. */
	room->files = facts.f_files == 0 ? UINT64_MAX : facts.f_favail;
	if (look_up(fd, USRQUOTA, jail->uid, &room->quota[FS_QUOTA_USER]))
		room->quotas |= 1u << FS_QUOTA_USER;
	if (look_up(fd, GRPQUOTA, jail->gid, &room->quota[FS_QUOTA_GROUP]))
		room->quotas |= 1u << FS_QUOTA_GROUP;
	return (0);
}

int
space_look(const struct jail *jail, const char *path, struct msg_fs_room *room)
{
	int fd, ret;

	memset(room, 0, sizeof(*room));
	fd = resolve_open(jail, path, ACCESS_LOOK, O_PATH);
	if (fd == -1)
		return (-1);
	ret = look(jail, fd, room);
	fd_close(&fd);
	return (ret);
}
