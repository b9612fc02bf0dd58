/*
 * list - asks the agent for a listing, which comes with its answer if it is
 * short, or through a pipe.
 */
#ifndef WORKER_FTP_LIST_H
#define WORKER_FTP_LIST_H

#include <stdbool.h>

#include "shm/base/attr.h"
#include "worker/ftp/args.h"
#include "worker/ftp/state.h"
#include "worker/work.h"

struct list_what {
	const char *path;
	const char *prefix; /* NLST: before each name */
	enum fs_list_format format;
	bool hidden, self;
	bool pattern; /* the last component of path is one */
};

/*
 * Asks for a short listing: the answer has its contents, or says EMSGSIZE.  The
 * number of the request, or 0 with errno.
 */
NODISCARD uint32_t list_ask(struct session *session,
    const struct list_what *what);

/*
 * Asks; the listing is read from what is returned, and the answer comes when
 * it is over.  NULL with errno: nothing was asked.
 */
NODISCARD struct work *list_begin(struct session *session,
    const struct list_what *what);

#endif
