#include "worker/ftp/verbs/known.h"

#include <stdlib.h>
#include <string.h>

struct file {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified, changed;
	char *sums[CHECKSUM_COUNT]; /* NULL: not computed */
};

struct known {
	struct file files[KNOWN_MAX]; /* the last one first; inode 0: none */
};

static bool
is_same_time(const struct timespec *a, const struct timespec *b)
{
	return (a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec);
}

static bool
is_same(const struct file *file, const struct stat *st)
{
	return (file->inode == st->st_ino && file->device == st->st_dev &&
	    file->size == st->st_size &&
	    is_same_time(&file->modified, &st->st_mtim) &&
	    is_same_time(&file->changed, &st->st_ctim));
}

static void
forget(struct file *file)
{
	size_t i;

	for (i = 0; i < CHECKSUM_COUNT; i++)
		free(file->sums[i]);
	memset(file, 0, sizeof(*file));
}

/* Makes room for it in the first place: what it was, or the oldest, goes. */
static struct file *
make_room(struct known *known, const struct stat *st)
{
	struct file *files = known->files;
	size_t i;

	for (i = 0; i + 1 < KNOWN_MAX; i++)
		if (files[i].inode == st->st_ino &&
		    files[i].device == st->st_dev)
			break;
	forget(&files[i]);
	memmove(files + 1, files, i * sizeof(*files));
	memset(files, 0, sizeof(*files));
	return (files);
}

void
known_add(struct known **known, const struct stat *st,
    const struct checksum_texts *texts)
{
	struct file *file;
	size_t i;

	if (*known == NULL)
		*known = calloc(1, sizeof(**known));
	if (*known == NULL)
		return;
	file = make_room(*known, st);
	file->device = st->st_dev;
	file->inode = st->st_ino;
	file->size = st->st_size;
	file->modified = st->st_mtim;
	file->changed = st->st_ctim;
	for (i = 0; i < CHECKSUM_COUNT; i++)
		if (texts->text[i][0] != '\0')
			file->sums[i] = strdup(texts->text[i]);
}

const char *
known_find(const struct known *known, const struct stat *st,
    enum checksum_kind kind)
{
	size_t i;

	for (i = 0; known != NULL && i < KNOWN_MAX; i++)
		if (is_same(&known->files[i], st))
			return (known->files[i].sums[kind]);
	return (NULL);
}

void
known_free(struct known **known)
{
	size_t i;

	for (i = 0; *known != NULL && i < KNOWN_MAX; i++)
		forget(&(*known)->files[i]);
	free(*known);
	*known = NULL;
}
