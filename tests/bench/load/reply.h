/* reply - takes replies of an FTP server out of a stream of bytes. */
#ifndef TESTS_BENCH_LOAD_REPLY_H
#define TESTS_BENCH_LOAD_REPLY_H

#include <stddef.h>
#include <sys/types.h>

#include "shm/base/attr.h"

struct reply {
	int code;
	const char *text; /* the last line, its code included; not ended */
	size_t len;       /* of text, without the end of the line */
};

/*
 * Takes one reply, of one line or many, from the len bytes at data.  Returns
 * how many bytes it has, 0 when it is not complete yet, -1 when this is no
 * reply.  reply->text points into data.
 */
NODISCARD ssize_t reply_scan(const char *data, size_t len, struct reply *reply);

/* The port in the text of a reply to EPSV, or 0. */
NODISCARD unsigned int reply_port(const struct reply *reply);

#endif
