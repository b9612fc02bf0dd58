#include "master/logger/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "master/logger/line.h"
#include "shm/base/fd.h"
#include "shm/base/loop.h"

#define BUCKETS  1024
#define RETRY_MS 5000

/* A path that was written to; it stays known, its descriptor may not. */
struct log_file {
	SLIST_ENTRY(log_file) bucket;
	TAILQ_ENTRY(log_file) used; /* while it is open: last used last */
	char *path;
	int fd;
	int error;      /* of the last try, 0: fine */
	uint64_t retry; /* loop_now() before which it is not tried */
	uint64_t lost;
};

struct log_files {
	SLIST_HEAD(, log_file) buckets[BUCKETS];
	TAILQ_HEAD(, log_file) open;
	size_t nopen, open_max;
	log_files_report report;
	void *context;
};

struct log_files *
log_files_new(size_t open_max, log_files_report report, void *context)
{
	struct log_files *files;

	files = calloc(1, sizeof(*files));
	if (files == NULL)
		return (NULL);
	TAILQ_INIT(&files->open);
	files->open_max = open_max;
	files->report = report;
	files->context = context;
	return (files);
}

static void
close_file(struct log_files *files, struct log_file *file)
{
	if (file->fd == -1)
		return;
	TAILQ_REMOVE(&files->open, file, used);
	files->nopen--;
	fd_close(&file->fd);
}

void
log_files_free(struct log_files **files)
{
	struct log_file *file;
	size_t i;

	if (*files == NULL)
		return;
	for (i = 0; i < BUCKETS; i++)
		while ((file = SLIST_FIRST(&(*files)->buckets[i])) != NULL) {
			SLIST_REMOVE_HEAD(&(*files)->buckets[i], bucket);
			close_file(*files, file);
			free(file->path);
			free(file);
		}
	free(*files);
	*files = NULL;
}

/* Paths come from the configuration, not from clients: FNV-1a will do. */
static size_t
hash(const char *path)
{
	uint64_t value = 0xcbf29ce484222325;

	for (; *path != '\0'; path++)
		value = (value ^ (uint8_t)*path) * 0x100000001b3;
	return ((size_t)(value % BUCKETS));
}

static struct log_file *
find(struct log_files *files, const char *path)
{
	size_t i = hash(path);
	struct log_file *file;

	SLIST_FOREACH (file, &files->buckets[i], bucket)
		if (strcmp(file->path, path) == 0)
			return (file);
	file = calloc(1, sizeof(*file));
	if (file == NULL)
		return (NULL);
	file->fd = -1;
	file->path = strdup(path);
	if (file->path == NULL) {
		free(file);
		return (NULL);
	}
	SLIST_INSERT_HEAD(&files->buckets[i], file, bucket);
	return (file);
}

/*
 * The directory of a file.  Where everybody may make files somebody could put
 * one of his own, or a link, in the place of ours.
 */
static int
open_directory(const char *path, const char *name)
{
	char directory[PATH_MAX];
	size_t len = (size_t)(name - path);
	struct stat st;
	int fd;

	if (len >= sizeof(directory)) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	memcpy(directory, path, len);
	directory[len] = '\0';
	fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return (-1);
	if (fstat(fd, &st) == -1 || (st.st_mode & S_IWOTH) != 0) {
		fd_close(&fd);
		errno = EXDEV;
	}
	return (fd);
}

/* O_NONBLOCK: a FIFO by that name must not hold us up; it is refused. */
static int
open_path(const char *path)
{
	const char *name = strrchr(path, '/') + 1; /* it is absolute */
	struct stat st;
	int directory, fd, error;

	directory = open_directory(path, name);
	if (directory == -1)
		return (-1);
	fd = openat(directory, name,
	    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
		O_NONBLOCK | O_NOCTTY,
	    0640);
	error = errno;
	fd_close(&directory);
	errno = error;
	if (fd == -1)
		return (-1);
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		fd_close(&fd);
		errno = EINVAL;
	}
	return (fd);
}

const char *
log_files_error(int error)
{
	if (error == EXDEV)
		return ("everybody may write to its directory");
	if (error == ELOOP)
		return ("it is a symbolic link");
	if (error == EINVAL || error == ENXIO)
		return ("it is no regular file");
	return (strerror(error));
}

static int
open_file(struct log_files *files, struct log_file *file)
{
	if (file->fd != -1)
		TAILQ_REMOVE(&files->open, file, used);
	else {
		if (files->nopen >= files->open_max)
			close_file(files, TAILQ_FIRST(&files->open));
		file->fd = open_path(file->path);
		if (file->fd == -1)
			return (-1);
		files->nopen++;
	}
	TAILQ_INSERT_TAIL(&files->open, file, used);
	return (0);
}

static int
failed(struct log_files *files, struct log_file *file, int error)
{
	close_file(files, file);
	file->retry = loop_now() + RETRY_MS;
	if (file->error == 0) {
		file->error = error;
		files->report(file->path, error, 0, files->context);
	}
	return (-1);
}

int
log_files_write(struct log_files *files, const char *path, const void *data,
    size_t len)
{
	struct log_file *file = find(files, path);
	uint64_t lost;

	if (file == NULL)
		return (-1);
	if (file->error != 0 && loop_now() < file->retry) {
		file->lost += log_line_count(data, len);
		return (-1);
	}
	if (open_file(files, file) == -1 ||
	    fd_write(file->fd, data, len) == -1) {
		file->lost += log_line_count(data, len);
		return (failed(files, file, errno));
	}
	if (file->error != 0) {
		lost = file->lost;
		file->error = 0;
		file->lost = 0;
		files->report(file->path, 0, lost, files->context);
	}
	return (0);
}

/* A file that failed gets another chance at once. */
void
log_files_reopen(struct log_files *files)
{
	struct log_file *file;
	size_t i;

	for (i = 0; i < BUCKETS; i++)
		SLIST_FOREACH (file, &files->buckets[i], bucket) {
			close_file(files, file);
			file->retry = 0;
		}
}

size_t
log_files_open(const struct log_files *files)
{
	return (files->nopen);
}
