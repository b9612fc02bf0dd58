/*
 * control - what the server's control socket and ftpsctl have in common.
 *
 * The protocol is lines of JSON over a Unix stream socket, described in
 * ftpsctl(8).  A request is one object with "command" and, for some commands,
 * "verbose", or "arguments", a list of texts.  An answer is one or more
 * objects, a line each; the last one has "end": true and "status", one of the
 * words below.
 */
#ifndef SHM_BASE_CONTROL_H
#define SHM_BASE_CONTROL_H

#define CONTROL_LINE_MAX  (64 * 1024) /* a request, its line end included */
#define CONTROL_WORDS_MAX 8           /* arguments of a command */

#define CONTROL_OK      "ok"
#define CONTROL_REFUSED "refused" /* the rules do not allow it */
#define CONTROL_UNKNOWN "unknown" /* no such command, or no request at all */
#define CONTROL_FAILED  "failed"

enum control_command {
#define CONTROL(name, text, options, help) CONTROL_##name,
#include "shm/base/control.def"
#undef CONTROL
	CONTROL_COUNT
};

#endif
