/*
 * scan - reads a directory and the facts of its entries, and nothing else: what
 * no listing can do without.  Says how many microseconds each pass took.
 *
 *	scan DIRECTORY [PASSES]
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shm/base/attr.h"

#define BLOCK_SIZE ((size_t)64 * 1024)
#define PASSES_MAX 1000

NORETURN static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t
now(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return (
	    (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000);
}

/* The facts that a listing shows of one block of names. */
static uint64_t
look(int directory, const char *block, ssize_t len)
{
	const unsigned int mask = STATX_TYPE | STATX_MODE | STATX_SIZE |
	    STATX_MTIME | STATX_INO | STATX_NLINK | STATX_UID | STATX_GID;
	const struct dirent64 *entry;
	struct statx facts;
	uint64_t count = 0;
	ssize_t at;

	for (at = 0; at < len; at += entry->d_reclen) {
		entry = (const void *)(block + at);
		if (entry->d_name[0] != '.' &&
		    statx(directory, entry->d_name,
			AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT |
			    AT_STATX_DONT_SYNC,
			mask, &facts) == 0)
			count++;
	}
	return (count);
}

static uint64_t
pass(const char *path)
{
	static char block[BLOCK_SIZE] __attribute__((aligned(8)));
	uint64_t count = 0;
	ssize_t len;
	int fd;

	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		die(path);
	while ((len = getdents64(fd, block, sizeof(block))) > 0)
		count += look(fd, block, len);
	if (len == -1)
		die(path);
	(void)close(fd);
	return (count);
}

int
main(int argc, char **argv)
{
	uint64_t began, count, took;
	long passes, i;

	if (argc < 2) {
		(void)fprintf(stderr, "usage: scan directory [passes]\n");
		return (2);
	}
	passes = argc > 2 ? strtol(argv[2], NULL, 10) : 1;
	if (passes < 1 || passes > PASSES_MAX)
		passes = 1;
	for (i = 0; i < passes; i++) {
		began = now();
		count = pass(argv[1]);
		took = now() - began;
		(void)printf("{\"entries\":%" PRIu64 ",\"us\":%" PRIu64 "}\n",
		    count, took);
	}
	return (0);
}
