#include "master/login/dot_login.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "master/login/home.h"
#include "shm/base/fd.h"
#include "shm/base/pem_list.h"

/* Whoever may write it may log in. */
static const char *
refuse_file(const struct account *account, const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return ("not a regular file");
	if (st->st_uid != account->uid && st->st_uid != 0)
		return ("its owner is neither the user nor root");
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return ("its group or others may write it");
	if (st->st_size > DOT_LOGIN_MAX)
		return ("it is too large");
	return (NULL);
}

/* What has grown since it was looked at is cut. */
static ssize_t
read_all(int fd, char *text, size_t size)
{
	size_t at = 0;
	ssize_t n = 1;

	while (at < size && n != 0) {
		n = read(fd, text + at, size - at);
		if (n == -1 && errno != EINTR)
			return (-1);
		if (n > 0)
			at += (size_t)n;
	}
	return ((ssize_t)at);
}

static const char *
search(const struct account *account, int fd, const uint8_t digest[DIGEST_LEN])
{
	static char text[DOT_LOGIN_MAX];
	const char *why;
	struct stat st;
	ssize_t len;

	if (fstat(fd, &st) == -1)
		return (strerror(errno));
	why = refuse_file(account, &st);
	if (why != NULL)
		return (why);
	len = read_all(fd, text, sizeof(text));
	if (len == -1)
		return (strerror(errno));
	return (pem_list_has(text, (size_t)len, digest)
		? NULL
		: "the certificate is not in it");
}

const char *
dot_login_refuse(const struct account *account,
    const uint8_t digest[DIGEST_LEN])
{
	const char *why;
	int fd;

	fd = home_open(account, DOT_LOGIN_FILE);
	if (fd == -1)
		return (errno == ENOENT  ? "not there"
			: errno == ELOOP ? "a symbolic link"
					 : strerror(errno));
	why = search(account, fd, digest);
	fd_close(&fd);
	return (why);
}
