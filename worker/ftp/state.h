/*
 * state - a session's state, and the machine that runs its steps.
 *
 * What a session is doing is a named step.  A step does what it can without
 * blocking; then it names the next one (session_goto) or says what it has
 * armed to be run again (session_wait).  Steps never call each other.  A step
 * may be run when nothing has changed for it, and then waits again.
 */
#ifndef WORKER_FTP_STATE_H
#define WORKER_FTP_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/base/address.h"
#include "shm/base/attr.h"
#include "shm/base/checksum.h"
#include "shm/base/log.h"
#include "shm/conf/conf.h"
#include "worker/broker.h"
#include "worker/clock.h"
#include "worker/fs.h"
#include "worker/ftp/syntax/input.h"
#include "worker/ftp/syntax/reply.h"
#include "worker/ftp/transfer/data.h"
#include "worker/net/stream.h"
#include "worker/turns.h"
#include "worker/worker.h"

struct account;
struct admit;
struct hash;
struct session;
struct tell;
struct transfer;

enum flow {
	FLOW_NEXT, /* session->step was set: run it now */
	FLOW_WAIT, /* something is armed that will run us again */
	FLOW_END   /* finished: release the session */
};

struct step {
	const char *name;
	enum flow (*run)(struct session *session);
};

/* What a waiting step has armed. */
#define WAIT_INPUT  1u  /* the control connection is read */
#define WAIT_OUTPUT 2u  /* replies are waiting to be sent */
#define WAIT_TLS    4u  /* the control handshake, either way */
#define WAIT_DATA   8u  /* the data connection, or its listener */
#define WAIT_WORK   16u /* reading or writing a file */
#define WAIT_FS     32u /* the agent */
#define WAIT_LOGIN  64u /* the login process */
#define WAIT_CLOCK  128u
#define WAIT_TURN   256u /* to shake hands */
#define WAIT_ASK    512u /* the ocsp process */

enum drain {
	DRAIN_NO,
	DRAIN_SOFT,
	DRAIN_HARD
};

struct session {
	struct session *next, *previous; /* in worker->first_session */
	struct worker *worker;
	const struct conf_host *host;
	struct log_subject subject;

	const struct step *step;
	unsigned int waits;
	uint32_t begun; /* milliseconds of the loop's clock, the low bits */
	uint32_t
	    moved; /* the same: when the last transfer ended, or the login */
	struct deadline pause; /* of the step: see session_expired() */
	struct deadline term;  /* of the login, then of the session: terms.h */
	struct deadline refresh; /* of the session ticket */
	bool timed_out, term_over;
	enum drain drain;
	const char *reason; /* why the session ends, for the log */

	struct stream *control;
	struct tls_login *tls; /* from AUTH on */
	struct turn turn;      /* to shake hands */
	struct admit *admit;   /* while others are asked about the client */
	struct input input;
	struct reply reply;
	unsigned int wants; /* of control, besides commands and replies */
	uint32_t facts;     /* of MLST, bits of enum fs_fact */
	unsigned int does;  /* the command, with paths: of VERB_PATH */

	struct broker_client client;
	enum login_verdict verdict;
	enum limit limit;
	struct fs *fs;
	struct fs_answer
	    answer; /* valid when answered; name is the session's */
	char *answer_name;
	uint8_t *answer_contents; /* NULL, or answer's; the session's */
	uint32_t request;         /* of the question that is open */

	struct data data;
	struct transfer *transfer; /* while one runs */
	struct tell *tell;         /* while a listing goes over control */
	struct hash *hash;         /* NULL: no HASH or the like, no RANG */

	struct account *account; /* NULL: its host has no session log */

	struct address peer, local;
	char *user;  /* as the client gave it; after the login, the account */
	char *group; /* of the account */
	char *cwd;
	char *rename_from; /* RNFR, CPFR: see copying; MDTM: what may set it */
	char *path;        /* that the open question is about */
	uint64_t rest;
	uint32_t uid, gid, policy;
	uint32_t idle; /* seconds, by SITE IDLE; 0: timeouts.idle */
	uint32_t base; /* the host whose listener it came to */
	const struct conf_listener *listener;
	const struct conf_section *section; /* of the user, or NULL */
	uint64_t groups;   /* entries of `users` for the account's groups */
	uint8_t attempts;  /* of logins that failed */
	uint8_t strange;   /* names that are not those of its certificate */
	uint8_t zip_level; /* that the client wants; 0: none */
	uint16_t umask;    /* of SITE UMASK */
	enum checksum_kind checksum : 8; /* of HASH */

	bool implicit : 1;
	bool listening : 1;   /* commands are read */
	bool eof : 1;         /* the client will send no more */
	bool lost : 1;        /* the control connection is broken */
	bool judged : 1;      /* limit is the answer */
	bool login_known : 1; /* verdict is the answer */
	bool leaving : 1;     /* the last reply was given */
	bool fin : 1;         /* our side of control is closed */
	bool answered : 1;
	bool user_given : 1;
	bool logged_in : 1;
	bool ccc : 1;   /* TLS was ended by CCC */
	bool sscn : 1;  /* the client's part of TLS is ours: see fxp.h */
	bool named : 1; /* by HOST: the host may not change any more */
	bool pbsz : 1;
	bool prot_private : 1;
	bool eager : 1;   /* the client shakes hands before its command */
	bool patient : 1; /* it does not: see early.h */
	bool ascii : 1;
	bool zip : 1; /* MODE Z */
	bool epsv_all : 1;
	bool copying : 1;   /* CPFR came last, not RNFR */
	bool ranged : 1;    /* rest is where RANG's range begins */
	bool busy : 1;      /* a command without data connection takes long */
	bool cancelled : 1; /* it has to end: see session_is_busy() */
	bool umask_set : 1;
	bool utf8_chosen : 1; /* by OPTS UTF8 ON */
	bool who_told : 1;    /* SITE WHO was answered */
	bool overdue : 1;     /* timeouts.session: all has to end */
	bool aborted : 1; /* ABOR has ended a transfer, its own reply is due */
	char client_text[ADDRESS_TEXT_MAX];
};

/* Runs steps until one waits; may free the session.  For event handlers. */
void session_run(struct session *session);

/* Releases all that the session holds; from session_run() only. */
void session_release(struct session *session);

/* Makes step the next one; what the last one timed is forgotten. */
enum flow session_goto(struct session *session, const struct step *step);

/* Waits for any of what was armed; see WAIT_INPUT and so on. */
enum flow session_wait(struct session *session, unsigned int waits);

/*
 * Whether this step has lasted for ms milliseconds; its first call starts the
 * clock, so that the step may then wait for it (WAIT_CLOCK).
 */
NODISCARD bool session_expired(struct session *session, uint64_t ms);

/*
 * Whether a transfer runs, or a command that takes long (it sets busy): some
 * others are answered meanwhile.  When it has to end before its time, cancelled
 * is set and its step is run; that clears both before the final reply.
 */
NODISCARD bool session_is_busy(const struct session *session);

/*
 * The final reply to a command; the next one is then read.  While the session
 * is busy, its step stays: the command was answered aside.
 */
enum flow session_answer(struct session *session, int code, const char *format,
    ...) PRINTF_LIKE(3, 4);

/* Waits until all replies have been sent, but not for ever. */
enum flow session_flush(struct session *session);

/* Says 421, and ends the session when that has been sent. */
enum flow session_farewell(struct session *session, const char *text);

/* The handler of all streams of a session. */
void session_stream_ready(struct stream *stream, void *context);

/* A question was sent as request; 0: it was not, returns -1 with errno. */
NODISCARD int session_asked(struct session *session, uint32_t request);

/* The session's fs, made when first needed; NULL when memory is short. */
NODISCARD struct fs *session_fs(struct session *session);

/*
 * Takes the answer: false when it has not come yet.  A descriptor in *answer
 * is the caller's then; the name and the contents are valid until the next
 * question, these unless session_take_contents() has taken them.
 */
NODISCARD bool session_take_answer(struct session *session,
    struct fs_answer *answer);

/* The contents in the last answer, for the caller to free. */
NODISCARD uint8_t *session_take_contents(struct session *session);

/* Forgets the open question, and closes what its answer brought. */
void session_drop_question(struct session *session);

/*
 * What commands change is as in a new session.  Whatever a field of the session
 * gets by a command belongs here, or, if it is freed, into rein.c.
 */
void session_defaults(struct session *session);

/* Goes on at another virtual host; login is asked for its limits. */
void session_enter_host(struct session *session, uint32_t host);
/*
 * Whether login has found a place there.  false: *flow is what the step
 * returns, since it waits for the answer, or a limit has ended the session.
 */
NODISCARD bool session_has_place(struct session *session, enum flow *flow);

/* How long no command may come, in milliseconds. */
NODISCARD uint64_t session_idle(const struct session *session);

/* The words of tls.required that count for this session. */
NODISCARD const struct conf_required *session_required(
    const struct session *session);

/* After a handshake: keeps the client's session tickets fresh. */
void session_refresh(struct session *session);

NODISCARD bool session_is_tls(const struct session *session);

/* The host's banner: a 220 of one line or several (greet.c). */
void session_greet(struct session *session);

/* A reply of as many lines as the text has. */
void session_say(struct session *session, int code, const char *text);

#define session_log(session, level, ...)                                   \
	log_event(LOG_LEVEL_##level, LOG_STREAM_MAIN, &(session)->subject, \
	    __VA_ARGS__)
#define session_log_tls(session, level, ...)                              \
	log_event(LOG_LEVEL_##level, LOG_STREAM_TLS, &(session)->subject, \
	    __VA_ARGS__)

/* Steps that are named from other files. */
extern const struct step step_join;    /* greet.c */
extern const struct step step_banner;  /* greet.c */
extern const struct step step_bye;     /* greet.c */
extern const struct step step_command; /* command.c */
extern const struct step step_turn;    /* secure.c: TLS on control */

#endif
