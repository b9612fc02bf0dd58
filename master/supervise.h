/*
 * supervise - the table of processes.
 *
 * A post is where a process of some role should always be: the logger's, the
 * keeper's, login's, one for each worker slot.  When the process of a post
 * ends it is replaced at once, or after a pause that grows while its
 * successors end quickly, too.  A worker of an older configuration holds no
 * post any more and is not replaced.
 */
#ifndef MASTER_SUPERVISE_H
#define MASTER_SUPERVISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "master/master.h"
#include "shm/base/attr.h"
#include "shm/board/score.h"
#include "shm/ipc/link.h"

struct log_pair;
struct post;

enum process_state {
	PROCESS_STARTING,
	PROCESS_READY,
	PROCESS_ENDING /* was told to stop */
};

#define PROCESS_GENERATIONS 8

struct process {
	LIST_ENTRY(process) link;
	struct master *master;
	struct post *post; /* NULL: nobody follows it */
	enum role role;
	uint32_t slot;
	uint32_t generation;   /* a worker's; the newest that the others know */
	uint32_t keys_version; /* of the configuration: what it was told of */
	uint32_t incarnation;
	pid_t pid;
	enum process_state state;
	struct link *channel;  /* NULL once it has ended */
	struct log_pair *log;  /* NULL in the logger */
	struct score *score;   /* a worker's */
	uint64_t started;      /* seconds since 1970 */
	uint64_t born;         /* loop_now() */
	uint64_t pinged;       /* loop_now() of the last question */
	uint64_t answer_ms;    /* how long the last answer took */
	uint32_t unanswered;   /* questions since the last answer */
	bool killed;           /* by us, for not answering */
	unsigned int lost;     /* a worker's: services out of reach, as roles */
	uint32_t reconnect_in; /* ticks until it may be connected again */
	uint32_t reconnect_pause; /* the last that was set */
	/* Settings that it was sent (not workers), 0 = none. */
	uint32_t known[PROCESS_GENERATIONS];
};

LIST_HEAD(process_list, process);

struct post {
	LIST_ENTRY(post) link;
	struct master *master;
	enum role role;
	uint32_t slot;
	struct process *process;  /* NULL: none now */
	struct process *borrower; /* who accepts for it; NULL: nobody */
	struct loop_timer *pause;
	uint64_t pause_ms;   /* 0: the next one follows at once */
	uint32_t quick_ends; /* in a row */
	uint32_t restarts;
	uint64_t past[SCORE_COUNT]; /* of its workers that have ended */
};

LIST_HEAD(post_list, post);

struct supervisor {
	struct master *master;
	struct process_list processes;
	struct post_list posts;
	uint32_t slots; /* posts of workers */
	uint32_t incarnations;
	struct loop_timer *tick;
	bool replacing; /* false once the server stops */
};

/* NULL with errno.  Posts for workers are made by supervise_slots(). */
NODISCARD struct supervisor *supervise_new(struct master *master);
/* Kills what still runs and sets *supervisor to NULL; NULL is allowed. */
void supervise_free(struct supervisor **supervisor);

/* Sees to posts for so many slots; 0, or -1 with errno. */
NODISCARD int supervise_slots(struct supervisor *supervisor, uint32_t slots);

/* The post of a role, or of a worker slot; there is one. */
NODISCARD struct post *supervise_post(struct supervisor *supervisor,
    enum role role, uint32_t slot);

/* The process of the role that is ready, or NULL. */
NODISCARD struct process *supervise_ready(struct supervisor *supervisor,
    enum role role);

/* Starts a process on a post that has none; failure is tried again later. */
void supervise_fill(struct post *post);

/* Starts or stops the one service that not every configuration needs. */
void supervise_review(struct supervisor *supervisor);

/* Starts workers of the current generation on all its slots. */
void supervise_start_workers(struct supervisor *supervisor);

/* Gives the posts back to the workers of a generation that still run. */
void supervise_adopt(struct supervisor *supervisor, uint32_t generation);

/* Whether the post is one that the configuration has a process for. */
NODISCARD bool supervise_wanted(const struct post *post);

/* Whether the workers of a slot end one after another. */
NODISCARD bool supervise_in_trouble(const struct supervisor *supervisor);

/* Whether every slot has a worker of the current generation that is ready. */
NODISCARD bool supervise_workers_ready(const struct supervisor *supervisor);

/* How many workers of the generation there are; 0 = of any. */
NODISCARD size_t supervise_count_workers(const struct supervisor *supervisor,
    uint32_t generation);

/* Sends STOP; the process holds its post until it has ended. */
void supervise_stop(struct process *process, const struct msg_stop *how);
/* The same for all workers of a generation (0: of any). */
void supervise_stop_workers(struct supervisor *supervisor, uint32_t generation,
    const struct msg_stop *how);
void supervise_kill_workers(struct supervisor *supervisor, uint32_t generation);

/* SIGCHLD: some may have ended. */
void supervise_reap(struct supervisor *supervisor);

/*
 * Sends a message, if it can be sent: one that finds the channel full or gone
 * is for a process that hangs or has ended, and that has its own remedies.
 */
void process_tell(struct process *process, enum msg_type type,
    const void *body);

/* "worker 2", "keeper" */
const char *process_name(const struct process *process, char *out, size_t size);
#define PROCESS_NAME_MAX 32

#endif
