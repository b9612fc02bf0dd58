/*
 * Gives each file of the folders named to a fuzz target, as libFuzzer would.
 * So what was found once is looked at by every `make check`.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shm/base/attr.h"

#define FILE_MAX ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In memory of its own, whose end the sanitizer watches. */
static int
replay_file(int folder, const char *name)
{
	static uint8_t buffer[FILE_MAX];
	uint8_t *data;
	ssize_t size;
	int fd;

	fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	size = fd == -1 ? -1 : read(fd, buffer, sizeof(buffer));
	(void)close(fd);
	data = size == -1 ? NULL : malloc(size > 0 ? (size_t)size : 1);
	if (data == NULL) {
		perror(name);
		return (-1);
	}
	memcpy(data, buffer, (size_t)size);
	(void)fprintf(stderr, "%s\n", name);
	(void)LLVMFuzzerTestOneInput(data, (size_t)size);
	free(data);
	return (0);
}

/* Returns how many files there were, or -1. */
static int
replay_folder(const char *path)
{
	const struct dirent *entry;
	DIR *folder;
	int count = 0;

	folder = opendir(path);
	if (folder == NULL) {
		perror(path);
		return (-1);
	}
	while (count != -1 && (entry = readdir(folder)) != NULL)
		if (entry->d_name[0] != '.')
			count = replay_file(dirfd(folder), entry->d_name) == 0
			    ? count + 1
			    : -1;
	(void)closedir(folder);
	return (count);
}

int
main(int argc, char **argv)
{
	int i, count;

	for (i = 1; i < argc; i++) {
		count = replay_folder(argv[i]);
		if (count <= 0) {
			(void)fprintf(stderr, "%s: nothing to replay\n",
			    argv[i]);
			return (1);
		}
		printf("%s: %d inputs\n", argv[i], count);
	}
	return (0);
}
