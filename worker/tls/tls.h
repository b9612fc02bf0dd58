/*
 * tls - TLS for control and data connections of one worker.
 *
 * The only folder of the worker that knows OpenSSL.  A struct tls holds what
 * the worker shares (contexts by host, built when first used; ticket keys; the
 * reader of the session cache); a struct tls_login is what the connections of
 * one control connection have in common: the virtual host, the random binding
 * id, the last sessions issued; a struct tls_channel is TLS on one socket.
 *
 * The rules it keeps are in ARCHITECTURE.md, "TLS".
 */
#ifndef WORKER_TLS_TLS_H
#define WORKER_TLS_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shm/base/attr.h"
#include "shm/base/buf.h"
#include "shm/base/digest.h"
#include "shm/base/seal.h"
#include "shm/board/ring.h"
#include "shm/board/start.h"
#include "shm/cache/reader.h"
#include "shm/conf/conf.h"
#include "shm/conf/format.h"

struct tls;
struct tls_login;
struct tls_channel;

#define TLS_REASON_MAX 384

/*
 * Stores a session in the shared cache; called in a handshake, must not block.
 * The callee copies what it needs.
 */
struct tls_store {
	void (*put)(const struct msg_cache_put *put, const uint8_t *id,
	    const uint8_t *context, const uint8_t *sealed, void *caller);
	void *caller;
};

struct tls_setup {
	const struct worker_start
	    *start; /* conf and keys: live as long as we */
	struct ring *ring;
	struct cache_reader *cache;     /* NULL: no shared cache */
	struct cache_reader *responses; /* of OCSP; NULL: none */
	struct cache_reader *staples;   /* for our certificates; NULL: none */
	struct tls_store store;
	struct score *score;
};

/*
 * What has to be opened while the process still may: providers of OpenSSL, and
 * keys by URI.  0, or -1, logged.  Nothing where there are none.
 */
NODISCARD int tls_prepare(const struct worker_start *start);

/* NULL, after logging why.  The caller owns it. */
NODISCARD struct tls *tls_new(const struct tls_setup *setup);
void tls_free(struct tls **tls); /* NULL is allowed */

/*
 * Puts the pairs and files of a key_swap memfd, which stays the caller's, in
 * the place of those that hosts had.  New connections get them; sessions that
 * have begun keep what they have.  -1: it is none for this configuration.
 */
NODISCARD int tls_replace_keys(struct tls *tls, int fd);

/*
 * One control connection, on the listener of host.  subject is what log
 * records are about; it lives as long as the login.  NULL when memory is short.
 */
NODISCARD struct tls_login *tls_login_new(struct tls *tls, uint32_t host,
    const struct log_subject *subject);
void tls_login_free(struct tls_login **login); /* NULL is allowed */

/* Before the control handshake: names are those of hosts on the listener. */
void tls_login_listener(struct tls_login *login,
    const struct conf_listener *listener);

/*
 * Before the control handshake: the client has chosen host, by HOST (named) or
 * by a login.  A server name that is another host's, or after HOST unknown, is
 * refused with access_denied.
 */
void tls_login_pin(struct tls_login *login, uint32_t host, bool named);

/* Data connections of this login need not resume its sessions. */
void tls_login_relax(struct tls_login *login);

/*
 * After the control handshake: whether the client has named the host in it,
 * and by that name.  What tls.options ignores, and an address, is no name.
 */
enum tls_name {
	TLS_NAME_NONE,
	TLS_NAME_SAME,
	TLS_NAME_OTHER /* another one, or one that is unknown */
};
NODISCARD enum tls_name tls_login_name(const struct tls_login *login,
    const char *name);

/* Whether host can do TLS at all: engine on, and a certificate. */
NODISCARD bool tls_available(const struct tls *tls, uint32_t host);

/*
 * The host that SNI chose in the control handshake (or the first one). Valid
 * after the handshake.
 */
NODISCARD uint32_t tls_login_host(const struct tls_login *login);

enum tls_kind {
	TLS_CONTROL,
	TLS_DATA
};

/*
 * A socket, and what is known of it without asking the kernel.  Its owner has
 * it watched, edge-triggered, and keeps dry, full and ending as it is told.
 */
struct tls_socket {
	int fd;
	bool watched; /* else dry is only what was so once */
	bool dry;     /* nothing to read until the kernel tells of something */
	bool full;    /* the same for writing */
	bool ending; /* an end or an error is there, or comes after the bytes */
	bool marked; /* the peer has sent an urgent byte: reads end before it */
	bool more;   /* what is written goes out with what comes next */
	bool eof;    /* read */
	bool heard;  /* bytes came, and nothing was written since */
};

/* As recv() and send(), but for signals; they keep dry and full, too. */
NODISCARD ssize_t tls_socket_read(struct tls_socket *socket, void *data,
    size_t len);
NODISCARD ssize_t tls_socket_write(struct tls_socket *socket, const void *data,
    size_t len);

/*
 * TLS on socket, server side, nothing sent yet; it stays the caller's, who
 * frees the channel before closing it.  TLS_DATA: the control connection of
 * login has done its handshake.  NULL with a reason when it cannot be made.
 */
NODISCARD struct tls_channel *tls_channel_new(struct tls_login *login,
    enum tls_kind kind, struct tls_socket *socket);

/*
 * A data connection of a transfer between two servers: peer is the other one,
 * or, at the client's own address, may be it.
 */
struct tls_fxp {
	struct address peer;
	bool client;  /* we play the client */
	bool foreign; /* it is not the address of the session's client */
};
/* The same as TLS_DATA for such a one. */
NODISCARD struct tls_channel *tls_channel_new_fxp(struct tls_login *login,
    struct tls_socket *socket, const struct tls_fxp *fxp);
/* Frees it without a word to the peer, and without harm to its session. */
void tls_channel_free(struct tls_channel **channel);

/*
 * What a call may end in.  For WANT_*, wait until the socket is ready and make
 * the same call again.
 */
enum tls_result {
	TLS_OK,
	TLS_WANT_READ,
	TLS_WANT_WRITE,
	TLS_CLOSED,    /* read: the peer sent close_notify */
	TLS_TRUNCATED, /* read: the connection ended without close_notify */
	TLS_FAILED     /* see tls_reason(); the channel can only be freed */
};

NODISCARD enum tls_result tls_handshake(struct tls_channel *channel);
NODISCARD enum tls_result tls_read(struct tls_channel *channel, void *data,
    size_t len, size_t *done);
NODISCARD enum tls_result tls_write(struct tls_channel *channel,
    const void *data, size_t len, size_t *done);
/*
 * The client of a control connection has not made fresh keys in the time of
 * tls.renegotiate, and must: it is to be told and closed.
 */
NODISCARD bool tls_overdue(const struct tls_channel *control);
/*
 * After TRUNCATED: the client has ended the connection in good order behind a
 * whole record, and only close_notify is missing.
 */
NODISCARD bool tls_ended_bare(const struct tls_channel *channel);
/* Sends close_notify: OK sent, FAILED the peer is gone. */
NODISCARD enum tls_result tls_close(struct tls_channel *channel);
/* Bytes that tls_read() can give without the socket being readable. */
NODISCARD bool tls_pending(const struct tls_channel *channel);
/* Whether a part of what it has read is not understood yet. */
NODISCARD bool tls_mid_record(const struct tls_channel *channel);
/*
 * What comes behind the peer's close_notify, which is asked for now, is in
 * clear and not read any more.
 */
void tls_expect_end(struct tls_channel *channel);
/* Why it FAILED, in plain words, for the log. */
NODISCARD const char *tls_reason(const struct tls_channel *channel);

/*
 * After the handshake of a control channel: whether its client may come in.
 * Until it is ADMITTED nothing of it is taken for a command, it gets no ticket,
 * and its session is in no cache.  PENDING: somebody is being asked; the same
 * call again tells more.  REFUSED is final, was logged, and tls_reason() says
 * why.
 */
enum tls_admission {
	TLS_ADMITTED,
	TLS_PENDING,
	TLS_REFUSED
};
NODISCARD enum tls_admission tls_admission(struct tls_channel *control);

/*
 * What is asked while it is PENDING, by number, as long as this returns true;
 * only those that are open need to be.  What the pointers lead to stays until
 * it is PENDING no more.
 */
struct tls_question {
	bool open;
	bool about_name; /* of the client's address; else about a certificate */
	bool no_nonce;
	struct seal_data cert, issuer, urls; /* for struct asker_question */
};
NODISCARD bool tls_question(const struct tls_channel *control, size_t number,
    struct tls_question *question);
/* The answer to one; no bytes: there is none, and why tells the log. */
void tls_answer(struct tls_channel *control, size_t number,
    struct seal_data data, const char *why);

/* What is wrong with the client's certificate, for itself; NULL: nothing. */
NODISCARD const char *tls_objection(const struct tls_channel *channel);

/* The certificate that the client has shown on its control connection. */
struct tls_peer {
	uint8_t digest[DIGEST_LEN]; /* SHA-256 of all of it */
	bool verified; /* by the authorities of the host, in this handshake */
};
/* NULL: it has shown none, or the host asks for none.  Lives with login. */
NODISCARD const struct tls_peer *tls_peer(const struct tls_login *login);
/* Whether what tls.user_name selects of the certificate is user. */
NODISCARD bool tls_peer_is_user(const struct tls_login *login,
    const char *user);

/*
 * After the handshake of a data channel: whether it resumed a session of its
 * control connection, or need not (options, cache off), and shows the same
 * certificate as that, if any.  false: *why says what was wrong, for the log.
 */
NODISCARD bool tls_bound(const struct tls_channel *channel, const char **why);
/* Whether it was not for the certificate. */
NODISCARD bool tls_same_peer(const struct tls_channel *channel);

/*
 * After the handshake of a data channel: PENDING when it is not decided yet
 * whether it is bound, for want of the name of the other server's address.
 */
NODISCARD bool tls_bound_pending(const struct tls_channel *channel);
/* That name; none: why tells the log. */
void tls_bound_name(struct tls_channel *channel, struct seal_data name,
    const char *why);
/* Whether the other server's certificate is refused. */
NODISCARD bool tls_unverified(const struct tls_channel *channel);

/*
 * The first ticket of TLS 1.3 goes with the first reply, or is sent by itself
 * where that lets wait for it: some clients look for a ticket right after the
 * handshake, and never again.
 */
NODISCARD bool tls_welcome_due(const struct tls_channel *control);
void tls_welcome(struct tls_channel *control);

/*
 * Queues a fresh TLS 1.3 ticket on the control channel, to go out with the next
 * write: before the final reply of every command that began a data handshake,
 * and at half the life of the last one.  Nothing in TLS 1.2.
 */
void tls_refresh(struct tls_channel *control);
/* Seconds until tls_refresh() is due by age; 0: never. */
NODISCARD uint32_t tls_refresh_after(const struct tls_channel *control);

/*
 * Appends the value of a variable about TLS (format.h) on the control
 * connection of login (NULL: it had none) to out, as it is.  false: it has no
 * value, or the host's options do not let it be told.
 */
NODISCARD bool tls_variable(const struct tls_login *login,
    const struct format_piece *piece, struct buf *out);

/*
 * Before TLS on the control connection ends and the session goes on: keeps
 * what the logs of the host want to know of it.
 */
void tls_keep(struct tls_login *login);

/* For logs and status. */
struct tls_facts {
	const char *protocol; /* "TLSv1.3" */
	const char *cipher;
	bool resumed;
	const char *server_name; /* SNI; NULL: none */
};
void tls_facts(const struct tls_channel *channel, struct tls_facts *facts);

#endif
