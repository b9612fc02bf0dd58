/*
 * staples - responses for our own certificates, fetched before they are needed.
 *
 * Knows for each certificate what its responder has said, and when to ask
 * again: at half the life of a response, or after a pause that grows with each
 * failure.  However many there are, only so many questions begin in a second.
 * What is good goes to the keeper, from where the workers take it, and into a
 * file, from where the next process takes it.
 */
#ifndef MASTER_OCSP_STAPLES_H
#define MASTER_OCSP_STAPLES_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/base/digest.h"
#include "shm/base/loop.h"
#include "shm/conf/conf.h"
#include "shm/ipc/body.h"

struct staples;

/* A response that workers may give to clients. */
struct staple {
	const uint8_t *key; /* DIGEST_LEN bytes, as all keys here */
	const uint8_t *der;
	size_t len;
	uint64_t fetched, expires; /* seconds since 1970 */
};

struct staples_handlers {
	/* To the keeper; false: not now, so try later. */
	bool (*put)(const struct staple *staple);
	/* The keeper's is not good any more; false likewise. */
	bool (*remove)(const uint8_t *key);
};

/* NULL with errno. */
NODISCARD struct staples *staples_new(struct loop *loop,
    const struct staples_handlers *handlers);
void staples_free(struct staples **staples); /* NULL is allowed */

/* The newest configuration, of that generation: what is wanted of hosts. */
void staples_configure(struct staples *staples, uint32_t generation,
    const struct conf *conf);

/* The certificates of its hosts, a memfd that stays the caller's. */
void staples_take(struct staples *staples, uint32_t generation, int fd);

/* -1: there is no such wish. */
NODISCARD int staples_want(struct staples *staples, uint32_t wish);

/* Fills in the page from entry first on: count and last, and the entries. */
void staples_list(const struct staples *staples, uint32_t first,
    struct msg_staple_page *page,
    struct msg_staple_entry entries[STAPLE_PAGE_ENTRIES]);

#endif
