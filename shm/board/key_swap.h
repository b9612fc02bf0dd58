/*
 * key_swap - pairs and files of hosts that replace others, in a sealed memfd.
 *
 * The master writes one when files have changed; a worker maps it and works
 * with the bytes where they lie, so that keys are copied nowhere.  The pages
 * are left out of core dumps, and locked where the limit allows.
 */
#ifndef SHM_BOARD_KEY_SWAP_H
#define SHM_BOARD_KEY_SWAP_H

#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/board/start.h"

#define KEY_SWAP_MAX ((size_t)1024 * 1024 * 1024) /* bytes of one */

/* Which of a host's: a file, by enum host_file, or one of its pairs. */
#define KEY_SWAP_PAIR 0x100u /* + its place */

#define KEY_SWAP_KEEP UINT32_MAX /* as blob: what there was stays */

/* What one host gets; a blob may serve many. */
struct key_swap_part {
	uint32_t host;
	uint32_t which;
	uint32_t blob;     /* of a pair: its certificates */
	uint32_t key_blob; /* of a pair: its key; else KEY_SWAP_KEEP */
};

struct key_swap_plan {
	const struct file_bytes *blobs;
	size_t nblobs;
	const struct key_swap_part *parts;
	size_t nparts;
};

/* The memfd, or -1 with errno. */
NODISCARD int key_swap_write(const struct key_swap_plan *plan);

/* One that is mapped. */
struct key_swap {
	const uint8_t *base; /* NULL: none */
	size_t size;
	size_t nblobs, nparts;
};

/*
 * Maps the memfd, which stays the caller's.  0, or -1 with errno: EINVAL when
 * it is not sealed, or what it says does not add up.
 */
NODISCARD int key_swap_open(struct key_swap *swap, int fd);
void key_swap_close(struct key_swap *swap);

/* Part i, below nparts; its numbers of blobs are good, host and which not. */
NODISCARD struct key_swap_part key_swap_part(const struct key_swap *swap,
    size_t i);
/* Valid until the swap is closed. */
NODISCARD struct file_bytes key_swap_blob(const struct key_swap *swap,
    uint32_t blob);

#endif
