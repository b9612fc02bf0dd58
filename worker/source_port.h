/*
 * source_port - sockets bound to a port that only the master can bind.
 *
 * Data connections that we begin may have to come from port 20.  The master
 * makes a socket for each, and connects it to nothing: that is ours to do.
 */
#ifndef WORKER_SOURCE_PORT_H
#define WORKER_SOURCE_PORT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "shm/base/address.h"
#include "shm/base/attr.h"
#include "shm/ipc/channel.h"

struct worker;

/* Embedded, zeroed; the first fields are who asks's. */
struct source_question {
	/* fd is taken over; -1: error tells why.  Called from the loop. */
	void (*answered)(int fd, int error, void *context);
	void *context;

	LIST_ENTRY(source_question) link; /* while it is open */
	uint32_t request;                 /* 0: it is not */
};

LIST_HEAD(source_questions, source_question);

/*
 * Asks for a socket bound to the address and port.  0, or -1 with errno: then
 * there is no answer.  The master may give none, so who asks has a deadline.
 */
NODISCARD int source_ask(struct worker *worker,
    struct source_question *question, const struct address *address);
/* It is not open any more; harmless when it is not. */
void source_forget(struct source_question *question);

/* What the master says.  0, or -1: nonsense. */
NODISCARD int source_answer(struct worker *worker, struct message *message);

#endif
