/*
 * list - asks the agent for a listing, which comes with its answer if it is
 * short, or through a pipe.
 */
#ifndef WORKER_FTP_TRANSFER_LIST_H
#define WORKER_FTP_TRANSFER_LIST_H

#include <stdbool.h>

#include "shm/base/attr.h"
#include "worker/ftp/state.h"
#include "worker/ftp/syntax/args.h"
#include "worker/work.h"

struct list_what {
	const char *path;
	const char *prefix; /* before each name; NULL: nothing */
	enum fs_list_format format;
	enum fs_data data;
	const struct args_list *options;
	size_t
	    pattern; /* where the patterns begin in path; 0: there are none */
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

/*
 * What the final reply says of a listing, by the bits of enum fs_cut that came
 * with its end: which bound has made it other than was asked for.  That is
 * logged and counted, too.
 */
NODISCARD const char *list_end_text(const struct session *session,
    const char *path, uint32_t cut);

#endif
