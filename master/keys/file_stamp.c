#include "master/keys/file_stamp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#define PRIME     UINT64_C(1099511628211)
#define FILES_MAX 8192

/* FNV-1a: nobody gains by two files with one stamp. */
static uint64_t
add(uint64_t stamp, const void *data, size_t len)
{
	const uint8_t *bytes = data;
	size_t i;

	for (i = 0; i < len; i++)
		stamp = (stamp ^ bytes[i]) * PRIME;
	return (stamp);
}

static uint64_t
add_file(uint64_t stamp, int folder, const char *path)
{
	struct stat st;
	uint64_t facts[9];

	memset(facts, 0, sizeof(facts));
	if (fstatat(folder, path, &st, 0) == -1) {
		facts[0] = (uint64_t)errno;
	} else {
		facts[1] = (uint64_t)st.st_dev;
		facts[2] = (uint64_t)st.st_ino;
		facts[3] = (uint64_t)st.st_size;
		facts[4] = (uint64_t)st.st_mtim.tv_sec;
		facts[5] = (uint64_t)st.st_mtim.tv_nsec;
		/* A change of the mode or of the owner may heal it. */
		facts[6] = (uint64_t)st.st_ctim.tv_sec;
		facts[7] = (uint64_t)st.st_ctim.tv_nsec;
		facts[8] = (uint64_t)st.st_mode;
	}
	return (add(stamp, facts, sizeof(facts)));
}

uint64_t
file_stamp(uint64_t stamp, const char *path)
{
	return (add_file(stamp, AT_FDCWD, path));
}

/* Entries come in any order: their stamps are summed up. */
uint64_t
file_stamp_folder(uint64_t stamp, const char *path)
{
	const struct dirent *entry;
	uint64_t sum = 0;
	size_t n = 0;
	DIR *folder;

	stamp = add_file(stamp, AT_FDCWD, path);
	folder = opendir(path);
	if (folder == NULL)
		return (stamp);
	while ((entry = readdir(folder)) != NULL && n++ < FILES_MAX)
		if (entry->d_name[0] != '.')
			sum += add_file(add(FILE_STAMP_BEGIN, entry->d_name,
					    strlen(entry->d_name)),
			    dirfd(folder), entry->d_name);
	(void)closedir(folder);
	return (add(stamp, &sum, sizeof(sum)));
}
