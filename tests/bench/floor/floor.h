/*
 * floor - the least that an FTPS server can do, to measure ftpsd against.
 *
 * Processes that block, one session each at a time.  What a real server has
 * to decide is left out: there are no accounts, no rights, no limits, no log;
 * a file is found by its name below the root, and any password is right.  What
 * is left are the calls that no server can avoid, made as cheaply as a plain
 * program on the same OpenSSL can make them.
 *
 * It stays plain where a trick would make it cheaper still: the key schedule is
 * OpenSSL's, and each transfer has a port of its own, since a door that is
 * always open would be everybody's.
 */
#ifndef TESTS_BENCH_FLOOR_FLOOR_H
#define TESTS_BENCH_FLOOR_FLOOR_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"

/*
 * A socket whose writes are gathered and go out before the next read that
 * would have to wait for the peer: a flight of the handshake, or a ticket and
 * a reply, are one system call.
 */
#define LINK_ROOM ((size_t)256 * 1024)

struct link {
	int fd;
	bool lazy; /* what is gathered may wait for the next reply */
	bool failed;
	size_t len;
	uint8_t *out; /* LINK_ROOM bytes */
};

/* link.c */
NODISCARD int link_init(struct link *link); /* once; -1: no memory */
void link_open(struct link *link, int fd);
void link_put(struct link *link, const void *data, size_t len);
void link_flush(struct link *link);
/* Sends what is gathered together with the FIN, and closes. */
void link_close(struct link *link);
/* What recv() returns. */
NODISCARD ssize_t link_receive(struct link *link, void *data, size_t len);
/* A BIO on link, which outlives it; NULL: no memory. */
NODISCARD BIO *link_bio(struct link *link);

enum resumption {
	RESUME_CACHE,
	RESUME_TICKETS
};

struct options {
	uint16_t port;
	unsigned int processes;
	const char *certificate, *key, *root;
	enum resumption resumption;
	bool bare;  /* accept, handshake, close */
	bool alone; /* the same, but by the code that serves sessions */
	bool eager; /* data handshakes come before the transfer's command */
};

/* tls.c: for all processes; NULL after saying why. */
NODISCARD SSL_CTX *tls_context(const struct options *options);
/* An SSL on link, for one handshake after another; NULL: no memory. */
NODISCARD SSL *tls_new(SSL_CTX *ctx, struct link *link, int tickets);
/* A handshake on a new connection.  false: it failed. */
NODISCARD bool tls_accept(SSL **ssl, struct link *link);
/* close_notify, without waiting for the peer's. */
void tls_close(SSL *ssl);

/*
 * table.c: sessions, in memory that the processes share, and by the side of it
 * the last ones that this process has issued, which need no copying.
 */
NODISCARD int table_init(void); /* before the fork; -1: no memory */
void table_touch(void);         /* after it: no page is new later */
void table_put(SSL_SESSION *session, bool shared);
NODISCARD SSL_SESSION *table_get(const uint8_t *id, size_t len);
/* A connection is over: what it has issued is of use to others only. */
void table_forget(void);

/* What a process needs for its sessions, made once. */
struct server {
	const struct options *options;
	SSL_CTX *ctx;
	int listener;
	int root;
	struct link control, data;
	SSL *control_ssl, *data_ssl;
	bool secure;  /* the control connection is */
	int passive;  /* -1: no EPSV is pending */
	bool started; /* the data connection is open already */
	size_t in_len;
	char *in;       /* what came on the control connection */
	uint8_t *block; /* BLOCK_SIZE bytes of a file or a listing */
};

#define INPUT_SIZE 4096
#define BLOCK_SIZE ((size_t)256 * 1024)

/* control.c: never returns. */
NORETURN void control_serve(struct server *server);
void control_reply(struct server *server, const char *text);

/* data.c */
void data_listen(struct server *server); /* EPSV */
void data_start(struct server *server);  /* eager only */
void data_stop(struct server *server);   /* end of a session */
void data_retrieve(struct server *server, const char *name); /* RETR */
void data_store(struct server *server, const char *name);    /* STOR */
void data_list(struct server *server, const char *name);     /* LIST */
void data_facts(struct server *server, const char *name);    /* MLSD */

/* list.c: the lines of a directory; false when the connection failed. */
NODISCARD bool list_send(struct server *server, int directory, bool facts);

/* bare.c: never returns. */
NORETURN void bare_serve(SSL_CTX *ctx, int listener);

#endif
