#include "master/keys/random_seed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/base/secret.h"

#define READ_MAX ((size_t)64 * 1024)

/* Written to, it mixes the bytes in and takes no credit for them. */
#define POOL "/dev/urandom"

static bool
mix(int fd, size_t *mixed)
{
	char bytes[RANDOM_SEED_LEN];
	ssize_t n = 1;
	int pool;

	*mixed = 0;
	pool = open(POOL, O_WRONLY | O_CLOEXEC);
	if (pool == -1)
		return (false);
	while (*mixed < READ_MAX) {
		n = read(fd, bytes, sizeof(bytes));
		if (n <= 0 || write(pool, bytes, (size_t)n) != n)
			break;
		*mixed += (size_t)n;
	}
	secret_wipe(bytes, sizeof(bytes));
	fd_close(&pool);
	return (n >= 0 && *mixed > 0);
}

static void
mix_file(const char *path)
{
	struct stat st;
	size_t mixed = 0;
	int fd;

	/* O_NONBLOCK: a FIFO by that name must not hold us up. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1)
		log_notice("tls.random_seed: %s: %s", path, strerror(errno));
	else if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		log_notice("tls.random_seed: %s is not a regular file", path);
	else if (!mix(fd, &mixed))
		log_notice("tls.random_seed: %s: nothing could be mixed in",
		    path);
	else
		log_info("tls.random_seed: %zu bytes of %s mixed in", mixed,
		    path);
	fd_close(&fd);
}

static int
write_bytes(int fd)
{
	char bytes[RANDOM_SEED_LEN];
	ssize_t n;

	secret_random(bytes, sizeof(bytes));
	n = write(fd, bytes, sizeof(bytes));
	secret_wipe(bytes, sizeof(bytes));
	if (n == (ssize_t)sizeof(bytes))
		return (fsync(fd));
	if (n >= 0)
		errno = ENOSPC;
	return (-1);
}

/* Only a whole file takes the place of the old one. */
static int
replace(const char *path, char *temporary)
{
	int fd, ret;

	fd = mkostemp(temporary, O_CLOEXEC); /* 0600 */
	if (fd == -1)
		return (-1);
	ret = write_bytes(fd);
	fd_close(&fd);
	if (ret == 0)
		ret = rename(temporary, path);
	if (ret == -1) {
		int saved = errno;

		(void)unlink(temporary);
		errno = saved;
	}
	return (ret);
}

/* Not in the place of a device or a directory. */
static void
save_file(const char *path)
{
	char temporary[1100];
	struct stat st;

	(void)snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		log_notice("tls.random_seed: %s is not a regular file", path);
	else if (replace(path, temporary) == -1)
		log_notice("tls.random_seed: %s cannot be written: %s", path,
		    strerror(errno));
}

/* Hosts inherit the file: each is used once, if the same ones are neighbours.
 */
static void
each(const struct conf *conf, void (*use)(const char *path))
{
	const char *path, *last = NULL;
	size_t i;

	for (i = 0; i < conf->nhosts; i++) {
		path = conf->hosts[i].tls.random_seed;
		if (path == NULL || (last != NULL && strcmp(path, last) == 0))
			continue;
		use(path);
		last = path;
	}
}

void
random_seed_mix(const struct conf *conf)
{
	each(conf, mix_file);
}

void
random_seed_save(const struct conf *conf)
{
	each(conf, save_file);
}
