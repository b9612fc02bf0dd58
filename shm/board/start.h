/*
 * start - what a worker has in hand when it is forked from the master.
 *
 * A worker is the only role that is forked without exec: it inherits the
 * configuration and the certificates copy-on-write.  All the rest of the
 * master's memory that matters (writable ticket-key ring, control clients) is
 * unmapped or wiped for it by the kernel.
 */
#ifndef SHM_BOARD_START_H
#define SHM_BOARD_START_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shm/base/attr.h"
#include "shm/conf/conf.h"

/* PEM text of one key pair, in memory that is kept over fork. */
struct key_pair {
	const char *cert; /* certificate, then chain */
	size_t cert_len;
	const char *key;
	size_t key_len;
	const char
	    *key_uri; /* instead of a key that nobody can read; or NULL */
};

/* What a host has of files beside its key pairs. */
enum host_file {
	HOST_FILE_CA,  /* certificates of authorities */
	HOST_FILE_CRL, /* their lists of revoked certificates */
	HOST_FILE_DH,
	HOST_FILE_SERVER_INFO,
	HOST_FILE_PSK, /* lines: see shm/base/psk.h; secret memory */
	HOST_FILE_COUNT
};

/* PEM text, or lines; NULL: not configured. */
struct file_bytes {
	const char *data;
	size_t len;
};

/* All of one host; pairs[i] belongs to its tls.certificates[i]. */
struct host_keys {
	const struct key_pair *pairs;
	size_t count;
	struct file_bytes files[HOST_FILE_COUNT];
};

struct recent;

struct start_listener {
	int fd;        /* listening, non-blocking, SO_REUSEPORT */
	uint32_t host; /* whose listener it is */
	bool implicit;
	struct address address;
};

struct worker_start {
	uint32_t slot;
	uint32_t generation;
	uint32_t incarnation;
	pid_t master;
	const struct conf *conf;
	const struct host_keys *keys; /* conf->nhosts of them */
	const struct start_listener *listeners;
	size_t nlisteners;
	int ring_fd;
	int score_fd;
	struct recent *recent; /* shared with the other workers; NULL: none */
	int master_fd;         /* channel */
	int log_fd;
	uid_t uid; /* to drop to */
	gid_t gid;
};

/* A worker's whole life; it ends with the process. */
typedef NORETURN void (*worker_main)(const struct worker_start *start);

#endif
