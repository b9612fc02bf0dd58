/*
 * worker - one event loop that serves thousands of sessions.
 *
 * The struct is what all parts of a worker share; there is one, and it lives
 * as long as the process.  worker_run() is the role's main().
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "shm/base/attr.h"
#include "shm/board/ring.h"
#include "shm/board/score.h"
#include "shm/board/start.h"
#include "shm/cache/reader.h"
#include "worker/source_port.h"
#include "worker/tls/tls.h"

struct accept;
struct asker;
struct broker;
struct cache_link;
struct clock;
struct ending;
struct master_link;
struct memory;
struct pool;
struct session;
struct turns;
struct watch;

enum worker_phase {
	WORKER_SERVING,
	WORKER_DRAINING, /* accepts nothing; sessions end by themselves */
	WORKER_STOPPING  /* running transfers may finish, nothing else begins */
};

struct worker {
	uv_loop_t loop;
	struct watch *watch; /* what it waits on, net/watch.h */
	const struct worker_start *start;
	const struct conf *conf; /* start->conf */
	struct address *names;   /* the addresses of conf->names */
	struct ring *ring;
	struct score *score;
	struct cache_reader *cache;
	struct cache_reader *responses; /* of OCSP; NULL: nobody asks */
	struct cache_reader *staples;   /* for our certificates; NULL: none */
	struct tls *tls;
	struct broker *broker;
	struct clock *clock;           /* drives the deadlines, clock.h */
	struct accept *accept;         /* the listeners */
	struct cache_link *cache_link; /* the keeper */
	struct asker *asker;           /* the ocsp process; NULL likewise */
	struct pool *pool;             /* of threads, for work.h */
	struct master_link *master;
	struct source_questions sources; /* open: source_port.h */
	uint32_t sources_asked;
	struct ending *ending; /* how it stops, when it is time */
	enum worker_phase phase;
	bool stopped;          /* the last turn of the loop has come */
	struct turns *turns;   /* of control handshakes */
	struct memory *memory; /* NULL: none is given back */
	uint32_t sessions;     /* now; kept by worker_session_add/remove */
	uint32_t numbered;     /* sessions, since the start */
	size_t buffers;        /* bytes of large buffers, for work.c */
	struct session *first_session; /* list kept by worker/ftp/session.c */
};

NORETURN void worker_run(const struct worker_start *start);

/*
 * Called by the FTP code; SCORE_SESSIONS is counted along.  The last one to go
 * ends a draining worker.
 */
void worker_session_added(struct worker *worker);
void worker_session_removed(struct worker *worker);

/* A number for a new session, unique among all workers ever started. */
NODISCARD uint64_t worker_session_number(struct worker *worker);

/*
 * No descriptor is left: stop accepting for a moment (100 ms), say so once.
 * Whoever sees EMFILE or ENFILE calls it.
 */
void worker_out_of_descriptors(struct worker *worker);

/* Milliseconds, monotonic, of this loop turn. */
NODISCARD uint64_t worker_now(const struct worker *worker);

#endif
