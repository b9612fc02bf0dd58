/*
 * master - the process that starts, replaces and stops all others.
 *
 * It reads configuration and key files, holds the listening sockets, the
 * ticket keys and the control socket, and never looks into a byte that came
 * from a client, nor into a certificate.  The struct is what its parts share.
 */
#ifndef MASTER_MASTER_H
#define MASTER_MASTER_H

#include <stdbool.h>
#include <stdint.h>

#include "master/configuration.h"
#include "shm/base/attr.h"
#include "shm/base/loop.h"
#include "shm/base/seal.h"
#include "shm/board/ring.h"
#include "shm/board/start.h"
#include "shm/cache/recent.h"

struct control;
struct listeners;
struct log_pairs;
struct refresh;
struct reload;
struct start;
struct stop;
struct supervisor;
struct watch;

/* A configuration that processes work by; the newest is the current one. */
struct generation {
	uint32_t number;
	struct configuration *configuration;
	int fd;          /* sealed memfd with the configuration's text */
	uint64_t loaded; /* seconds since 1970 */
	bool draining;   /* its workers accept no more */
};

enum master_phase {
	MASTER_STARTING, /* until workers and certificates are ready */
	MASTER_RUNNING,
	MASTER_STOPPING
};

struct master {
	const char *path; /* of the configuration */
	worker_main worker;
	struct loop *loop;
	int self; /* descriptor of the binary */
	enum master_phase phase;
	uint64_t started; /* seconds since 1970 */
	struct generation *current;
	struct generation *old; /* another one that still has workers */
	uint32_t generations;   /* made so far: the last number */
	/* That saw the cache taken out of service, until the next one; or 0 */
	uint32_t cache_removed;
	uint32_t staples_removed; /* the same of the stapling cache */
	uint8_t *token_key;       /* SEAL_KEY_LEN bytes of secret memory */
	struct ring *ring;
	struct recent *recent; /* of the workers; not ours to look at */
	struct loop_timer *rotation;
	struct listeners *listeners;
	struct log_pairs *log_pairs;
	struct supervisor *supervisor;
	struct start *start;
	struct reload *reload;
	struct refresh *refresh;
	struct stop *stop;
	struct watch *watch;
	struct control *control;
	int exit_status;
};

struct master_options {
	const char *path;   /* of the configuration */
	worker_main worker; /* the life of a worker */
};

/* Runs the server until it is stopped, and exits. */
NORETURN void master_run(const struct master_options *options);

/*
 * Checks the configuration with its certificates and, with print, writes the
 * effective one to standard output.  Returns the exit status.
 */
NODISCARD int master_check(const char *path, bool print);

/* The configuration that is in force. */
NODISCARD const struct conf *master_conf(const struct master *master);

/* Told by the supervisor: someone is ready, or gone for good. */
struct process;
void master_process_ready(struct master *master, struct process *process);
void master_process_gone(struct master *master, const struct process *process);

#endif
