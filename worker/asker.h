/*
 * asker - the worker's side of the ocsp process.
 *
 * Asks it about clients: what the responders say of a certificate, what name an
 * address has.  When the process is replaced, what is open is asked again.
 * Nothing is answered for ever: who asks has a deadline of his own, and then
 * forgets the question.
 */
#ifndef WORKER_ASKER_H
#define WORKER_ASKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "shm/base/address.h"
#include "shm/base/attr.h"

struct asker;
struct worker;

/* Without data there is no answer, and text says why. */
struct asker_answer {
	const uint8_t *data; /* a response in DER, or a name; not terminated */
	size_t len;
	const char *text;
};

struct asker_piece {
	const void *data;
	size_t len;
};

/*
 * Embedded, zeroed.  Who asks fills in the first fields; all that they point
 * to stays until the answer has come or the question is forgotten.
 */
struct asker_question {
	/* The question is over when this is called, from the loop. */
	void (*answered)(const struct asker_answer *answer, void *context);
	void *context;
	bool about_name, no_nonce;
	struct address address; /* about_name */
	struct asker_piece cert, issuer, urls;

	LIST_ENTRY(asker_question) link; /* the asker's, like the following */
	struct asker *asker;             /* NULL: it is not open */
	uint64_t request;
	bool sent;
};

/* NULL when memory is short.  Its channel comes by asker_connect(). */
NODISCARD struct asker *asker_new(struct worker *worker);
/* Nothing is open any more; sets *asker to NULL; NULL is allowed. */
void asker_free(struct asker **asker);
/* A channel to (a new) ocsp process; takes fd over. */
void asker_connect(struct asker *asker, int fd);

void asker_ask(struct asker *asker, struct asker_question *question);
/* It is not open any more; does nothing when it is not. */
void asker_forget(struct asker_question *question);

#endif
