#include "master/ocsp/staple_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "shm/base/log.h"

#define SUFFIX   ".ocsp"
#define HEX_LEN  ((size_t)2 * DIGEST_LEN)
#define NAME_LEN (HEX_LEN + sizeof(SUFFIX)) /* with a NUL */
#define FRESH    "fresh.tmp"

static void
file_name(char name[NAME_LEN], const uint8_t key[DIGEST_LEN])
{
	size_t i;

	for (i = 0; i < DIGEST_LEN; i++)
		(void)snprintf(name + 2 * i, 3, "%02x", key[i]);
	memcpy(name + HEX_LEN, SUFFIX, sizeof(SUFFIX));
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	return (c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1);
}

/* The key in a name; false: it is no name of ours. */
static bool
key_of(const char *name, uint8_t key[DIGEST_LEN])
{
	int high, low;
	size_t i;

	if (strlen(name) != NAME_LEN - 1 || strcmp(name + HEX_LEN, SUFFIX) != 0)
		return (false);
	for (i = 0; i < DIGEST_LEN; i++) {
		high = digit(name[2 * i]);
		low = digit(name[2 * i + 1]);
		if (high == -1 || low == -1)
			return (false);
		key[i] = (uint8_t)(high << 4 | low);
	}
	return (true);
}

void
staple_store_open(struct staple_store *store, const char *path)
{
	staple_store_close(store);
	store->troubled = false;
	if (path == NULL)
		return;
	store->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->fd == -1)
		log_warn("%s: responses for stapling will not survive a "
			 "restart: %s",
		    path, strerror(errno));
}

void
staple_store_close(struct staple_store *store)
{
	fd_close(&store->fd);
}

size_t
staple_store_read(const struct staple_store *store,
    const uint8_t key[DIGEST_LEN], void *out, size_t size, uint64_t *written)
{
	char name[NAME_LEN];
	ssize_t len = 0;
	struct stat st;
	int fd;

	if (store->fd == -1)
		return (0);
	file_name(name, key);
	fd = openat(store->fd, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return (0);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    (size_t)st.st_size <= size)
		len = read(fd, out, size);
	fd_close(&fd);
	if (len <= 0 || len != st.st_size)
		return (0);
	*written = st.st_mtime < 0 ? 0 : (uint64_t)st.st_mtime;
	return ((size_t)len);
}

/* Said once: it is tried again each time. */
static void
complain(struct staple_store *store)
{
	if (!store->troubled)
		log_warn("a response for stapling cannot be written, and will "
			 "not survive a restart: %s",
		    strerror(errno));
	store->troubled = true;
}

/*
 * No fsync: after a crash of the machine a file may be empty or half of it, is
 * no response then, and is asked for anew.
 */
void
staple_store_write(struct staple_store *store, const uint8_t key[DIGEST_LEN],
    const void *data, size_t len)
{
	char name[NAME_LEN];
	bool good;
	int fd;

	if (store->fd == -1)
		return;
	file_name(name, key);
	fd = openat(store->fd, FRESH,
	    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1) {
		complain(store);
		return;
	}
	good = write(fd, data, len) == (ssize_t)len;
	if (good && renameat(store->fd, FRESH, store->fd, name) == 0) {
		store->troubled = false;
	} else {
		complain(store);
		(void)unlinkat(store->fd, FRESH, 0);
	}
	fd_close(&fd);
}

void
staple_store_remove(const struct staple_store *store,
    const uint8_t key[DIGEST_LEN])
{
	char name[NAME_LEN];

	if (store->fd == -1)
		return;
	file_name(name, key);
	(void)unlinkat(store->fd, name, 0);
}

void
staple_store_sweep(const struct staple_store *store, staple_store_wanted wanted,
    const void *context)
{
	int fd = store->fd == -1
	    ? -1
	    : openat(store->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd == -1 ? NULL : fdopendir(fd);
	const struct dirent *item;
	uint8_t key[DIGEST_LEN];

	if (directory == NULL) {
		fd_close(&fd);
		return;
	}
	while ((item = readdir(directory)) != NULL)
		if (key_of(item->d_name, key) && !wanted(key, context))
			(void)unlinkat(store->fd, item->d_name, 0);
	closedir(directory);
}
