/*
 * msg - the messages between processes: their numbers, rules and bodies.
 *
 * A message is one SOCK_SEQPACKET datagram: a header, the fixed body, variable
 * bytes.  msg_check() is asked before anything of a body is read.
 */
#ifndef SHM_IPC_MSG_H
#define SHM_IPC_MSG_H

#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/ipc/body.h"
#include "shm/ipc/role.h"

#define MSG_LEN_MAX ((size_t)32 * 1024) /* header, body and variable bytes */

struct msg_header {
	uint32_t type;
	uint32_t len; /* of everything, this header included */
};

enum msg_type {
	MSG_NONE,
#define MSG(name, from, to, phase, body, fds) MSG_##name,
#include "shm/ipc/msg.def"
#undef MSG
	MSG_COUNT
};

enum msg_phase {
	MSG_PHASE_START = 1,
	MSG_PHASE_RUN = 2,
	MSG_PHASE_ANY = 3
};

struct msg_spec {
	const char *name;
	unsigned int from, to; /* sets of ROLE_BIT */
	enum msg_phase phase;
	size_t body_len;
	unsigned int fds;
};

/* What msg_check() is asked about. */
struct msg_arrival {
	uint32_t type;
	enum role from, to;
	enum msg_phase phase; /* START or RUN */
	size_t len;           /* without the header */
	unsigned int fds;
};

/*
 * The specification of the message, or NULL when that sender may not send it
 * to that receiver in that phase, or its length or descriptor count is wrong.
 */
NODISCARD const struct msg_spec *msg_check(const struct msg_arrival *arrival);

/* "LOGIN_REQUEST"; "?" beyond the last. */
NODISCARD const char *msg_name(uint32_t type);

#endif
