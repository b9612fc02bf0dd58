#include "shm/board/key_swap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "shm/base/ensure.h"
#include "shm/base/fd.h"
#include "shm/base/secret.h"

#define SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)

/* Followed by blobs, parts, and the bytes. */
struct head {
	uint32_t nblobs, nparts;
};

struct blob {
	uint64_t offset, len; /* from the beginning of all */
};

static size_t
parts_at(size_t nblobs)
{
	return (sizeof(struct head) + nblobs * sizeof(struct blob));
}

static size_t
bytes_at(size_t nblobs, size_t nparts)
{
	return (parts_at(nblobs) + nparts * sizeof(struct key_swap_part));
}

/* --- writing -------------------------------------------------------------- */

static size_t
size_of(const struct key_swap_plan *plan)
{
	size_t i, size = bytes_at(plan->nblobs, plan->nparts);

	for (i = 0; i < plan->nblobs; i++)
		size += plan->blobs[i].len;
	return (size);
}

static void
fill(uint8_t *base, const struct key_swap_plan *plan)
{
	struct head head = { (uint32_t)plan->nblobs, (uint32_t)plan->nparts };
	size_t i, at = bytes_at(plan->nblobs, plan->nparts);
	struct blob blob;

	memcpy(base, &head, sizeof(head));
	if (plan->nparts > 0)
		memcpy(base + parts_at(plan->nblobs), plan->parts,
		    plan->nparts * sizeof(*plan->parts));
	for (i = 0; i < plan->nblobs; i++) {
		blob.offset = at;
		blob.len = plan->blobs[i].len;
		memcpy(base + sizeof(head) + i * sizeof(blob), &blob,
		    sizeof(blob));
		if (blob.len > 0)
			memcpy(base + at, plan->blobs[i].data, blob.len);
		at += blob.len;
	}
}

int
key_swap_write(const struct key_swap_plan *plan)
{
	size_t size = size_of(plan);
	void *text;
	int fd;

	if (size > KEY_SWAP_MAX) {
		errno = EFBIG;
		return (-1);
	}
	text = secret_alloc(size, SECRET_WIPE_ON_FORK);
	if (text == NULL)
		return (-1);
	fill(text, plan);
	fd = fd_sealed("ftpsd-keys", text, size);
	secret_free(text, size);
	return (fd);
}

/* --- reading -------------------------------------------------------------- */

static int
map(struct key_swap *swap, int fd)
{
	struct stat st;
	void *base;
	int seals;

	seals = fcntl(fd, F_GET_SEALS);
	if (seals == -1 || (seals & SEALS) != SEALS || fstat(fd, &st) == -1 ||
	    st.st_size < (off_t)sizeof(struct head) ||
	    st.st_size > (off_t)KEY_SWAP_MAX) {
		errno = EINVAL;
		return (-1);
	}
	swap->size = (size_t)st.st_size;
	/* Shared ones of sealed memory are refused by older kernels. */
	base = mmap(NULL, swap->size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (base == MAP_FAILED)
		return (-1);
	swap->base = base;
	(void)madvise(base, swap->size, MADV_DONTDUMP);
	(void)mlock(base, swap->size);
	return (0);
}

static struct blob
blob_of(const struct key_swap *swap, size_t i)
{
	struct blob blob;

	memcpy(&blob,
	    swap->base + sizeof(struct head) + i * sizeof(struct blob),
	    sizeof(blob));
	return (blob);
}

static bool
is_blob(const struct key_swap *swap, uint32_t number)
{
	return (number == KEY_SWAP_KEEP || number < swap->nblobs);
}

static bool
adds_up(const struct key_swap *swap)
{
	struct key_swap_part part;
	struct blob blob;
	size_t i, least;

	/* Both are 32 bits wide, so the products cannot run over. */
	least = bytes_at(swap->nblobs, swap->nparts);
	if (least > swap->size)
		return (false);
	for (i = 0; i < swap->nblobs; i++) {
		blob = blob_of(swap, i);
		if (blob.offset < least || blob.offset > swap->size ||
		    blob.len > swap->size - blob.offset)
			return (false);
	}
	for (i = 0; i < swap->nparts; i++) {
		part = key_swap_part(swap, i);
		if (!is_blob(swap, part.blob) || !is_blob(swap, part.key_blob))
			return (false);
	}
	return (true);
}

int
key_swap_open(struct key_swap *swap, int fd)
{
	struct head head;

	memset(swap, 0, sizeof(*swap));
	if (map(swap, fd) == -1)
		return (-1);
	memcpy(&head, swap->base, sizeof(head));
	swap->nblobs = head.nblobs;
	swap->nparts = head.nparts;
	if (adds_up(swap))
		return (0);
	key_swap_close(swap);
	errno = EINVAL;
	return (-1);
}

void
key_swap_close(struct key_swap *swap)
{
	void *base;

	if (swap->base == NULL)
		return;
	/* It is our own mapping: const for all who only read it. */
	memcpy(&base, &swap->base, sizeof(base));
	(void)munmap(base, swap->size);
	memset(swap, 0, sizeof(*swap));
}

struct key_swap_part
key_swap_part(const struct key_swap *swap, size_t i)
{
	struct key_swap_part part;

	ensure(i < swap->nparts);
	memcpy(&part,
	    swap->base + parts_at(swap->nblobs) +
		i * sizeof(struct key_swap_part),
	    sizeof(part));
	return (part);
}

struct file_bytes
key_swap_blob(const struct key_swap *swap, uint32_t number)
{
	struct file_bytes bytes;
	struct blob blob;

	ensure(number < swap->nblobs);
	blob = blob_of(swap, number);
	bytes.data = (const char *)swap->base + blob.offset;
	bytes.len = blob.len;
	return (bytes);
}
