#include "worker/agent/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "worker/agent/access.h"
#include "worker/agent/resolve.h"
#include "worker/agent/upload.h"

#define PIECE ((uint64_t)4 << 20) /* that the kernel moves in one step */
#define BLOCK 65536               /* that we move ourselves */

struct source {
	struct place place; /* of a file to be removed; parent: -1 */
	int fd;
	struct stat st;
};

struct copy {
	struct source *sources;
	size_t count, at; /* sources; the one that is read */
	bool join, appends;
	enum fs_durability durability;
	struct upload *upload;
	int fd;               /* the upload's */
	int old;              /* to be appended to: what is there; or -1 */
	uint64_t begun, out;  /* in the target: where we began, and are */
	uint64_t written;     /* how long our writing has made the target */
	uint64_t in, data;    /* in the source: where, and where its data end */
	bool tried, complete; /* to share; all of it */
	uint64_t moved;
	uint32_t left;
};

static bool
is_same(const struct stat *a, const struct stat *b)
{
	return (a->st_dev == b->st_dev && a->st_ino == b->st_ino);
}

/* That it can be removed, too, is known before anything has happened. */
static int
open_part(struct jail *jail, const char *path, struct source *source)
{
	unsigned int need = ACCESS_READ | ACCESS_REMOVE;

	if (resolve_place(jail, path, need, &source->place) == -1) {
		if (errno == EBUSY)
			errno = EISDIR;
		return (-1);
	}
	if (faccessat(source->place.parent, ".", W_OK, 0) == -1)
		return (-1);
	source->fd =
	    open_regular_at(&source->place, need, O_RDONLY, &source->st);
	return (source->fd == -1 ? -1 : 0);
}

static int
open_source(struct copy *copy, struct jail *jail, const char *path)
{
	struct source *source = &copy->sources[copy->count++];
	size_t i;

	source->fd = source->place.parent = -1;
	if (copy->join) {
		if (open_part(jail, path, source) == -1)
			return (-1);
	} else {
		source->fd = open_regular(jail, path, ACCESS_READ, O_RDONLY,
		    &source->st);
	}
	if (source->fd == -1)
		return (-1);
	for (i = 0; i + 1 < copy->count; i++) {
		if (is_same(&copy->sources[i].st, &source->st)) {
			errno = ENOTUNIQ;
			return (-1);
		}
	}
	return (0);
}

static int
open_sources(struct copy *copy, struct jail *jail,
    const struct copy_request *request)
{
	const char *path = request->sources;
	size_t i;

	copy->sources = calloc(request->count, sizeof(*copy->sources));
	if (copy->sources == NULL)
		return (-1);
	for (i = 0; i < request->count; i++) {
		if (open_source(copy, jail, path) == -1)
			return (-1);
		path += strlen(path) + 1;
	}
	return (0);
}

/*
 * What is at the target now: 0, or -1 with errno.  Its size stays 0 when there
 * is nothing.  None of the sources may be it, since it may be written in place.
 */
static int
look_at_target(struct copy *copy, struct jail *jail, const char *path,
    struct stat *st)
{
	struct stat opened;
	struct place place;
	int ret;
	size_t i;

	memset(st, 0, sizeof(*st));
	if (resolve_target(jail, path, ACCESS_ADD, &place) == -1)
		return (-1);
	ret = fstatat(place.parent, place.name, st, AT_SYMLINK_NOFOLLOW);
	if (ret == 0 && copy->join)
		copy->old = open_regular_at(&place, 0, O_RDONLY, &opened);
	resolve_free(&place);
	if (ret == -1)
		return (errno == ENOENT ? 0 : -1);
	for (i = 0; i < copy->count; i++) {
		if (is_same(&copy->sources[i].st, st)) {
			errno = ENOTUNIQ;
			return (-1);
		}
	}
	return (0);
}

static int
begin_upload(struct copy *copy, struct jail *jail,
    const struct upload_request *request)
{
	struct upload_facts facts;

	copy->upload = upload_new(jail, request);
	if (copy->upload == NULL)
		return (-1);
	upload_facts(copy->upload, &facts);
	copy->fd = facts.fd;
	copy->begun = copy->out = copy->written = facts.start;
	return (0);
}

/*
 * Begins a new file with what is in the target, at no cost: so that until all
 * is there nobody sees a change.  Where that cannot be, false.
 */
static bool
begin_shared(struct copy *copy, struct jail *jail,
    const struct upload_request *request, off_t size)
{
	struct upload_request whole = *request;
	struct stat st;

	whole.whole = true;
	if (copy->old == -1 || begin_upload(copy, jail, &whole) == -1)
		return (false);
	if (ioctl(copy->fd, FICLONE, copy->old) == 0 &&
	    fstat(copy->fd, &st) == 0 && st.st_size == size) {
		copy->out = (uint64_t)size;
		return (true);
	}
	upload_free(&copy->upload);
	return (false);
}

static int
begin(struct copy *copy, struct jail *jail, const struct copy_request *request)
{
	struct upload_request upload = { .path = request->target,
		.how = FS_CREATE_REPLACE,
		.mode = request->mode };
	struct stat st;

	if (open_sources(copy, jail, request) == -1 ||
	    look_at_target(copy, jail, request->target, &st) == -1)
		return (-1);
	upload.like = copy->sources[0].st.st_mode;
	if (copy->join && st.st_ino != 0) {
		if (begin_shared(copy, jail, &upload, st.st_size))
			return (0);
		copy->appends = true;
		upload.how = FS_CREATE_RESUME;
		upload.offset = (uint64_t)st.st_size;
	}
	return (begin_upload(copy, jail, &upload));
}

struct copy *
copy_new(struct jail *jail, const struct copy_request *request)
{
	struct copy *copy = calloc(1, sizeof(*copy));
	int error;

	if (copy == NULL)
		return (NULL);
	copy->join = request->join;
	copy->durability = request->durability;
	copy->fd = copy->old = -1;
	if (begin(copy, jail, request) == -1) {
		error = errno;
		copy_free(&copy);
		errno = error;
	}
	return (copy);
}

/*
 * All of it at once, where files can share what is in them.  Whatever hinders
 * that, to copy is another matter.
 */
static bool
clone_whole(struct copy *copy)
{
	struct stat st;

	if (copy->join || ioctl(copy->fd, FICLONE, copy->sources[0].fd) == -1 ||
	    fstat(copy->fd, &st) == -1)
		return (false);
	copy->out = (uint64_t)st.st_size;
	copy->moved = copy->out;
	return (true);
}

/* The next bytes that are no hole; what cannot be asked has none. */
static void
find_data(struct copy *copy, const struct source *source)
{
	uint64_t end = (uint64_t)source->st.st_size;
	off_t data, hole;

	copy->data = end;
	data = lseek(source->fd, (off_t)copy->in, SEEK_DATA);
	if (data == -1 && errno != ENXIO)
		return;
	if (data == -1 || (uint64_t)data > end)
		data = (off_t)end; /* a hole to the end */
	copy->out += (uint64_t)data - copy->in;
	copy->in = (uint64_t)data;
	hole = lseek(source->fd, data, SEEK_HOLE);
	if (hole != -1 && (uint64_t)hole < end)
		copy->data = (uint64_t)hole;
}

/* Where the kernel does not do it: from another file system, for example. */
static ssize_t
move_block(struct copy *copy, int from, size_t len)
{
	static uint8_t block[BLOCK];
	ssize_t got, done = 0, n;

	got = pread(from, block, len < BLOCK ? len : BLOCK, (off_t)copy->in);
	while (done < got) {
		n = pwrite(copy->fd, block + done, (size_t)(got - done),
		    (off_t)copy->out + done);
		if (n == -1 && errno != EINTR)
			return (-1);
		done += n == -1 ? 0 : n;
		copy->written = copy->out + (uint64_t)done;
	}
	return (got);
}

static bool
is_for_us(int error)
{
	return (error == EXDEV || error == EINVAL || error == ENOSYS ||
	    error == EOPNOTSUPP || error == EBADF || error == EPERM);
}

static int
move_piece(struct copy *copy, int from)
{
	uint64_t left = copy->data - copy->in;
	size_t len = (size_t)(left < PIECE ? left : PIECE);
	off_t in = (off_t)copy->in, out = (off_t)copy->out;
	ssize_t n;

	n = copy_file_range(from, &in, copy->fd, &out, len, 0);
	/* Some tell that there is nothing when they mean that they cannot. */
	if (n == 0 || (n == -1 && is_for_us(errno)))
		n = move_block(copy, from, len);
	if (n == -1)
		return (errno == EINTR ? 0 : -1);
	if (n == 0) { /* it has become shorter */
		copy->in = copy->data =
		    (uint64_t)copy->sources[copy->at].st.st_size;
		return (0);
	}
	copy->in += (uint64_t)n;
	copy->out += (uint64_t)n;
	copy->written = copy->out;
	copy->moved += (uint64_t)n;
	return (0);
}

/* The name must be that of the very file that was copied. */
static void
remove_sources(struct copy *copy)
{
	struct source *source;
	struct stat st;
	size_t i;

	for (i = 0; i < copy->count; i++) {
		source = &copy->sources[i];
		if (fstatat(source->place.parent, source->place.name, &st,
			AT_SYMLINK_NOFOLLOW) == -1 ||
		    !is_same(&st, &source->st) ||
		    unlinkat(source->place.parent, source->place.name, 0) == -1)
			copy->left++;
	}
}

static int
finish(struct copy *copy)
{
	struct stat st;

	if (fstat(copy->fd, &st) == -1)
		return (-1);
	/* A hole at the end has not been written. */
	if ((uint64_t)st.st_size < copy->out &&
	    ftruncate(copy->fd, (off_t)copy->out) == -1)
		return (-1);
	if (upload_commit(copy->upload, copy->out - copy->begun,
		copy->durability) == -1)
		return (-1);
	copy->complete = true;
	if (copy->join)
		remove_sources(copy);
	return (0);
}

int
copy_step(struct copy *copy)
{
	const struct source *source = &copy->sources[copy->at];

	if (!copy->tried) {
		copy->tried = true;
		if (clone_whole(copy))
			copy->at = copy->count;
		return (1);
	}
	if (copy->at == copy->count)
		return (finish(copy));
	if (copy->in == copy->data && copy->in < (uint64_t)source->st.st_size)
		find_data(copy, source);
	if (copy->in < copy->data)
		return (move_piece(copy, source->fd) == -1 ? -1 : 1);
	if (copy->in >= (uint64_t)source->st.st_size) {
		copy->at++;
		copy->in = copy->data = 0;
	}
	return (1);
}

uint64_t
copy_moved(const struct copy *copy)
{
	return (copy->moved);
}

uint32_t
copy_left(const struct copy *copy)
{
	return (copy->left);
}

/* Unless others have appended, too: they have been told that it is there. */
static void
cut_off(const struct copy *copy)
{
	struct stat st;

	if (fstat(copy->fd, &st) == -1 || (uint64_t)st.st_size != copy->written)
		return;
	/* If that fails, nothing better can be done. */
	if (ftruncate(copy->fd, (off_t)copy->begun) == -1)
		return;
}

void
copy_free(struct copy **copy)
{
	struct copy *ended = *copy;
	size_t i;

	if (ended == NULL)
		return;
	*copy = NULL;
	if (ended->appends && !ended->complete && ended->upload != NULL)
		cut_off(ended);
	upload_free(&ended->upload);
	fd_close(&ended->old);
	for (i = 0; i < ended->count; i++) {
		fd_close(&ended->sources[i].fd);
		resolve_free(&ended->sources[i].place);
	}
	free(ended->sources);
	free(ended);
}
