/*
 * reply - what the server says on the control connection.
 *
 * Every command gets exactly one final reply (2yz to 5yz); preliminary ones
 * (1yz) may come before it.  That is an invariant: reply_expect() opens the
 * account of a command, its final reply closes it, and a reply too many aborts.
 *
 * Text that goes out is one line: CR, LF and NUL in it are shown as "?".
 */
#ifndef WORKER_FTP_SYNTAX_REPLY_H
#define WORKER_FTP_SYNTAX_REPLY_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "shm/base/attr.h"
#include "shm/base/buf.h"

#define REPLY_MAX  65536 /* bytes that may wait; more ends the session */
#define REPLY_HIGH 4096  /* no command is read while more than this waits */

struct charset;

struct reply {
	struct buf buf;
	unsigned int owed; /* final replies */
	int code;          /* of the multi-line reply that is open */
	bool failed;       /* a reply was lost: the session must end */
	const struct charset *charset; /* of the client; NULL: UTF-8 */
};

void reply_init(struct reply *reply);
void reply_free(struct reply *reply);

/* A final reply is owed from now on. */
void reply_expect(struct reply *reply);

/* "code text"; a final one when code is 200 or more. */
void reply_send(struct reply *reply, int code, const char *format, ...)
    PRINTF_LIKE(3, 4);

void reply_vsend(struct reply *reply, int code, const char *format,
    va_list args) PRINTF_LIKE(3, 0);

/* "code-text", lines of " text", "code text". */
void reply_begin(struct reply *reply, int code, const char *format, ...)
    PRINTF_LIKE(3, 4);
void reply_line(struct reply *reply, const char *format, ...) PRINTF_LIKE(2, 3);
void reply_end(struct reply *reply, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
