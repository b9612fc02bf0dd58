/*
 * staple_list - our certificates for which responses are wanted.
 *
 * Made of what the master sends: the certificates of all hosts in PEM, without
 * keys (shm/board/key_swap.h), and of what their configuration says.  One that
 * several hosts have is there once.
 */
#ifndef MASTER_OCSP_STAPLE_LIST_H
#define MASTER_OCSP_STAPLE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/base/digest.h"
#include "shm/conf/conf.h"
#include "shm/ipc/body.h"

/* What the configuration says of a host. */
struct staple_host {
	char name[STAPLE_HOST_MAX];
	bool wanted;
	uint32_t flags;   /* OCSP_ASK_NO_NONCE ... */
	uint32_t timeout; /* seconds */
	char *responder;  /* URL; NULL: the certificate's */
};

struct staple_hosts {
	struct staple_host *items;
	size_t count;
};

/* 0, or -1: memory is short, and there are none. */
NODISCARD int staple_hosts_read(struct staple_hosts *hosts,
    const struct conf *conf);
void staple_hosts_free(struct staple_hosts *hosts);

/* A certificate, and all that is needed to ask about it. */
struct staple_subject {
	uint8_t key[DIGEST_LEN]; /* see ocsp_staple_key() */
	char host[STAPLE_HOST_MAX];
	char serial[STAPLE_SERIAL_MAX];
	uint32_t number; /* of the first host that has it */
	uint32_t hosts;
	uint32_t flags, timeout;
	bool must; /* it demands to be stapled */
	/* Why nobody can be asked, a literal; NULL: there is no reason. */
	const char *obstacle;
	bool no_responder; /* which is the reason */
	uint8_t *cert, *issuer;
	size_t cert_len, issuer_len;
	char *urls; /* each with a NUL at its end */
	size_t urls_len;
};

struct staple_list {
	struct staple_subject *items; /* sorted by key */
	size_t count;
};

/*
 * Reads the memfd, which stays the caller's.  What cannot be read in it is left
 * out, logged.  0, or -1 with errno: there is no list.
 */
NODISCARD int staple_list_read(struct staple_list *list, int fd,
    const struct staple_hosts *hosts);
void staple_list_free(struct staple_list *list);

void staple_subject_free(struct staple_subject *subject);

#endif
