#include "worker/agent/storage.h"

#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>

/*
 * Names as in /proc/filesystems, with what fstatfs() says.  The numbers that
 * have no name here are not in linux/magic.h.
 */
static const struct {
	const char *name;
	unsigned long magic;
} known[] = {
	{ "9p", V9FS_MAGIC },
	{ "afs", AFS_FS_MAGIC },
	{ "bcachefs", 0xca451a4eUL },
	{ "btrfs", BTRFS_SUPER_MAGIC },
	{ "ceph", CEPH_SUPER_MAGIC },
	{ "cifs", 0xff534d42UL },
	{ "ecryptfs", ECRYPTFS_SUPER_MAGIC },
	{ "erofs", EROFS_SUPER_MAGIC_V1 },
	{ "exfat", EXFAT_SUPER_MAGIC },
	{ "ext2", EXT2_SUPER_MAGIC },
	{ "ext3", EXT3_SUPER_MAGIC },
	{ "ext4", EXT4_SUPER_MAGIC },
	{ "f2fs", F2FS_SUPER_MAGIC },
	{ "fuse", FUSE_SUPER_MAGIC },
	{ "iso9660", ISOFS_SUPER_MAGIC },
	{ "jfs", 0x3153464aUL },
	{ "nfs", NFS_SUPER_MAGIC },
	{ "nilfs2", NILFS_SUPER_MAGIC },
	{ "ntfs3", 0x7366746eUL },
	{ "overlay", OVERLAYFS_SUPER_MAGIC },
	{ "ramfs", RAMFS_MAGIC },
	{ "reiserfs", REISERFS_SUPER_MAGIC },
	{ "smb3", 0xfe534d42UL },
	{ "squashfs", SQUASHFS_MAGIC },
	{ "tmpfs", TMPFS_MAGIC },
	{ "udf", UDF_SUPER_MAGIC },
	{ "vfat", MSDOS_SUPER_MAGIC },
	{ "xfs", XFS_SUPER_MAGIC },
	{ "zfs", 0x2fc12fc1UL },
};

void
storage_init(struct storage *storage, const char *const *names, size_t count)
{
	size_t i, k;

	storage->count = 0;
	for (k = 0; k < NITEMS(known); k++) {
		for (i = 0; i < count; i++)
			if (strcmp(names[i], known[k].name) == 0)
				break;
		if (i < count && storage->count < STORAGE_MAX)
			storage->local[storage->count++] = known[k].magic;
	}
}

bool
storage_is_local(const struct storage *storage, int fd)
{
	struct statfs facts;
	size_t i;

	if (fstatfs(fd, &facts) == -1)
		return (false);
	for (i = 0; i < storage->count; i++)
		if (storage->local[i] == (unsigned long)facts.f_type)
			return (true);
	return (false);
}
