/*
 * list - a listing under way.
 *
 * A cursor in a directory that is advanced when its pipe takes more, at most
 * a pipe's fill and LIST_TURN milliseconds at a time, so that a listing holds
 * up no other request, however long it is, however slow the disk, and whoever
 * does not read it.  Its memory does not grow, but for names that are sorted,
 * which have a bound.
 */
#ifndef WORKER_AGENT_LIST_H
#define WORKER_AGENT_LIST_H

#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/base/loop.h"
#include "shm/ipc/body.h"
#include "worker/agent/jail.h"

#define LIST_TURN 2

struct list;

/* What is asked for; nothing of it is kept. */
struct list_request {
	const struct msg_fs_list *body;
	const char *path;
	const uint8_t *prefix, *user, *group; /* as long as body says */
};

struct list_end {
	int error; /* an errno (EPIPE: the reader went), or 0 */
	uint32_t entries;
	uint32_t cut; /* bits of enum fs_cut */
};

/* The listing has ended.  The handler frees the list. */
typedef void (*list_handler)(const struct list_end *end, void *context);

/*
 * Begins a listing into the pipe, which it takes over (closed in any case).
 * NULL with errno; then handler is not called.  It is never called from within
 * this function.
 */
NODISCARD struct list *list_new(struct loop *loop, const struct jail *jail,
    const struct list_request *request, int pipe, list_handler handler,
    void *context);

/*
 * A listing that is all there: list_text() has its len bytes, until it is
 * freed. NULL with errno: EMSGSIZE when it is too long for a message, or takes
 * long, or a bound has made it other than was asked for.
 */
NODISCARD struct list *list_short(const struct jail *jail,
    const struct list_request *request);
NODISCARD const char *list_text(const struct list *list, size_t *len);

/* Ends the listing, closes the pipe, sets *list to NULL; NULL is allowed. */
void list_free(struct list **list);

#endif
