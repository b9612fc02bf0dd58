/*
 * transfer - what all commands with a data connection have in common.
 *
 *	RETR, LIST ... --> (agent) --> data/connect --> [data/handshake]
 *	    --> begin: send, or create and receive --> final reply
 *
 * A transfer begins with transfer_new() and is over with its final reply
 * (transfer_end() and the like), which closes and discards whatever is open.
 */
#ifndef WORKER_FTP_TRANSFER_TRANSFER_H
#define WORKER_FTP_TRANSFER_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "worker/ftp/state.h"
#include "worker/ftp/syntax/args.h"
#include "worker/ftp/syntax/coding.h"
#include "worker/ftp/syntax/refusal.h"
#include "worker/ftp/transfer/early.h"
#include "worker/work.h"

struct encoding_lines;

enum transfer_kind {
	TRANSFER_SEND,
	TRANSFER_LIST,
	TRANSFER_RECEIVE
};

/*
 * Bytes of one transfer in one loop turn.  Long turns keep its data in the
 * processor's cache, many transfers must not make the loop's turns long.
 */
#define TRANSFER_TURN       ((size_t)6 << 20)   /* of all together ... */
#define TRANSFER_BUDGET_MIN ((size_t)256 << 10) /* ... but of each */
#define TRANSFER_BUDGET_MAX ((size_t)2 << 20)

struct transfer {
	const char *verb;
	enum transfer_kind kind;
	char *path;
	const struct step *begin; /* once the data connection is there */
	struct stream *stream;    /* the data connection */
	enum shake shake;         /* of TLS on it */
	struct fxp *fxp;          /* NULL: no name is asked for */
	bool client;              /* our part in TLS: SSCN, CPSV */
	bool rejected;            /* by the other server, after the handshake */
	uint64_t accepted;        /* the time limit of shake is from here */
	struct work *work;        /* the file, or a pipe */
	uint8_t *small;           /* in place of work: all that is sent */

	/* LIST, NLST, MLSD */
	enum fs_list_format list;
	struct args_list options;
	size_t pattern; /* where path may be one, if there is no such path */
	size_t before;  /* of prefix, in front of that */
	bool patterned; /* it is one */
	char *prefix;

	/* STOR, APPE, STOU */
	enum fs_create_how how;
	uint32_t handle;
	bool created;
	bool in_place;   /* what has been written stays, whatever comes */
	bool committing; /* cannot be taken back any more */
	uint64_t written;
	size_t writing;       /* bytes, by work, when working or worked */
	struct deadline lull; /* of one heard of in large pieces */

	/* In the file: where it began, where it is, and where RANG ends it. */
	uint64_t start, position;
	uint64_t end;   /* ARGS_RANGE_ALL: no RANG */
	uint64_t least; /* RETR: the position at the end, if it is no error */
	uint64_t moved; /* bytes on the data connection */
	uint64_t began; /* milliseconds of the loop's clock */
	uint64_t progressed; /* the last time that a byte moved */

	/* What waits in the work's buffer. */
	size_t at, len;
	struct coding *coding; /* NULL: as in the file */
	/* Of a listing, where the client has a character set: what is sent. */
	struct encoding_lines *lines; /* NULL: as the agent wrote it */
	const uint8_t *encoded;

	ssize_t result; /* of the work, when worked */
	int undecoded;  /* errno of what could not be */
	bool ascii;     /* TYPE A, and a file */
	bool working, worked;
	bool ahead; /* it works, or worked, on the next buffer */
	bool eof;
	bool preliminary; /* 150 was sent */
	bool handshaking; /* a data handshake was begun */

	char *sums; /* NULL: none; see hash_upload.h */

	/* Of the data connection, if a log wants it; see account_data(). */
	uint64_t raw_in, raw_out;
	const char *resumed;
};

extern const struct step step_connect; /* transfer.c: data connection */
extern const struct step step_abort;   /* transfer.c */
extern const struct step step_send;    /* send.c */

/*
 * Begins a transfer of name in session->transfer.  NULL: nothing was begun,
 * *error is an errno.  The restart position is taken from the session.
 */
NODISCARD struct transfer *transfer_new(struct session *session,
    const char *verb, enum transfer_kind kind, const char *name, int *error);
void transfer_free(struct transfer **transfer); /* NULL is allowed */

/* What its data connection is, for the agent. */
NODISCARD enum fs_data transfer_data(const struct session *session);

/*
 * Whether PROT and PASV or PORT are as they must be, for some path at least.
 * false: it was answered; return transfer_over().
 */
NODISCARD bool transfer_allowed(struct session *session);
enum flow transfer_over(struct session *session);

/* The final reply; all that the transfer had is released. */
enum flow transfer_end(struct session *session, int code, const char *text);
/* The same for an errno of the agent or the system. */
enum flow transfer_refuse(struct session *session, int error,
    enum refusal_kind kind);

/* As files_ask() and files_answer(), but ending the transfer. */
enum flow transfer_ask(struct session *session, uint32_t request,
    const struct step *step);
NODISCARD bool transfer_answer(struct session *session,
    struct fs_answer *answer, enum refusal_kind kind, enum flow *flow);

/*
 * len bytes of a listing, the last ones or not, are to be sent in the client's
 * character set: sets encoded and len.  0, or -1 when memory is short.
 */
NODISCARD int transfer_encode(struct transfer *transfer, const uint8_t *bytes,
    size_t len, bool last);

/* All that is to be sent has come with the answer. */
void transfer_take_contents(struct session *session,
    const struct fs_answer *answer);

/* Something has moved. */
void transfer_progress(struct session *session, size_t bytes);

/* Bytes that the transfer may move in this turn of the loop. */
NODISCARD size_t transfer_budget(const struct session *session);
/* Whether nothing has for timeout_stalled. */
NODISCARD bool transfer_stalled(const struct session *session);
/* Waits, but not for ever: ends the transfer when it has stalled. */
enum flow transfer_hold(struct session *session, unsigned int waits);

/* The handler of the transfer's work. */
void transfer_worked(ssize_t result, void *context);

/* Whether ABOR, the end of the worker, or of the client cuts it now. */
NODISCARD bool transfer_interrupted(struct session *session);

/* Logs the end of a transfer: an event, and a line in the transfer log. */
void transfer_log(struct session *session, int code, const char *text);

#endif
