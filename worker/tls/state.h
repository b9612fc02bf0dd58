/*
 * state - what is held for a worker, a login and a connection.
 *
 * Every SSL of a worker is made on one bare context, tls->base, that holds all
 * callbacks: OpenSSL looks for those of caches and tickets on the context that
 * the SSL was made with and nowhere else.  The certificate and the policy of a
 * host come with contexts_apply(), for a control connection in the ClientHello
 * callback, for a data connection at once.
 */
#ifndef WORKER_TLS_STATE_H
#define WORKER_TLS_STATE_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/log.h"
#include "shm/base/psk.h"
#include "shm/base/trace.h"
#include "worker/tls/binding.h"
#include "worker/tls/diags.h"
#include "worker/tls/psk.h"
#include "worker/tls/tls.h"

#define EXTENSIONS_MAX 64 /* kinds, of all hosts */
#define CONTEXT_ID_LEN SSL_MAX_SID_CTX_LENGTH
#define KEPT_SESSIONS  4

/* The keys that one ticket was sealed with: made of a ring key and its IV. */
struct ticket_seal {
	uint8_t name[RING_NAME_LEN];
	uint8_t iv[EVP_MAX_IV_LENGTH];
	uint8_t cipher[32];
	uint8_t mac[32];
};

struct inquiry;
struct partner;
struct peer;
struct rekey;
struct tls_keys;
struct trust;

/* A context by host, least recently used at the end; see contexts.c. */
struct host_context;

struct contexts {
	struct host_context *hosts; /* one for each, built or not */
	struct host_context *newest, *oldest;
	size_t count;
};

struct tls {
	const struct worker_start *start;
	const struct conf *conf;
	struct ring *ring;
	struct cache_reader *cache;
	struct cache_reader *responses; /* of OCSP; NULL: none */
	struct cache_reader *staples;   /* for our certificates; NULL: none */
	struct tls_store store;
	struct score *score;
	struct tls_keys *keys; /* NULL: those of start */
	SSL_CTX *base;
	EVP_CIPHER *ticket_cipher;
	struct contexts contexts;
	struct trust *trusts;                /* that are in use */
	uint16_t extensions[EXTENSIONS_MAX]; /* of server_info.c */
	size_t nextensions;
};

/* A session in DER, as long as its login lives. */
struct kept_session {
	uint8_t id[SSL_MAX_SSL_SESSION_ID_LENGTH];
	uint8_t id_len; /* 0: empty */
	uint16_t len;
	uint8_t *der;
};

/* What few logins need. */
struct tls_extra {
	struct psk_owner psk;   /* identity_len 0: none */
	struct tls_note *notes; /* that tls_keep() kept */
	bool counted;
	unsigned int counts[TLS_DATA + 1][DIAGS_COUNTERS];
};

struct tls_login {
	struct tls *tls;
	const struct log_subject *subject;
	struct tls_channel *control; /* NULL: not begun, or clear again */
	char *server_name;           /* SNI; NULL: none */
	struct peer *peer;           /* NULL: no certificate */
	uint32_t base;               /* the host whose listener it came to */
	uint32_t host;
	const struct conf_listener *listener; /* NULL: any of base */
	bool pinned, named;  /* host was chosen before, by HOST */
	bool known, ignored; /* server_name: is host's; counts for nothing */
	bool free;           /* need not resume: see tls_login_relax() */
	uint8_t binding[BINDING_LEN];
	/* Of host, at the time of the control connection's handshake. */
	uint8_t context_id[CONTEXT_ID_LEN];
	bool sealed;    /* seal is set */
	bool data_told; /* the first data connection has been logged */
	struct kept_session kept[KEPT_SESSIONS]; /* last used first */
	struct ticket_seal seal; /* of the control connection's last ticket */
	struct tls_extra *extra; /* NULL: none */
};

struct tls_channel {
	SSL *ssl;
	struct tls_login *login;
	struct tls_socket *socket;
	char *reason;          /* NULL: none */
	const char *objection; /* to the client's certificate; NULL: none */
	enum tls_kind kind;
	unsigned int idle_messages; /* since application data was read */
	uint32_t excess;            /* of them: see TLS_EXCESS_MESSAGES */
	uint32_t excess_at;         /* when that was reckoned, in seconds */
	uint32_t records;           /* data: sent with the present key */
	uint64_t calm;              /* bytes that were read since then */
	struct rekey *rekey;        /* NULL: keys stay what they are */
	uint8_t offered;    /* versions in the ClientHello, by hello_versions */
	uint8_t alert;      /* the last one, 0: none */
	uint8_t extensions; /* that the SSL knew when it was made */
	bool alert_sent : 1; /* by us */
	bool begged : 1;     /* for a renegotiation, and that was logged */
	bool begun : 1, established : 1, failed : 1, closed : 1;
	bool diags : 1;     /* EnableDiags */
	bool cut : 1;       /* a flood: see the message callback */
	bool unsent : 1;    /* a record waits to be written again */
	bool overdue : 1;   /* control: the client owes us fresh keys */
	bool starved : 1;   /* the last read found nothing more in the SSL */
	bool by_ticket : 1; /* resumed by a stateless ticket */
	bool keyed : 1;     /* its handshake was made with a pre-shared key */
	bool bound : 1;
	bool stranger : 1; /* data: with another certificate than control */
	bool verified : 1; /* once more, before its session was resumed */
	bool admitted : 1, refused : 1; /* control: it may come in, or not */
	bool no_list : 1;    /* one of revoked ones was missing, or too old */
	bool owed : 1;       /* a ticket, the first one */
	bool first : 1;      /* it is on its way */
	bool queued : 1;     /* another one waits for the next write */
	bool stapled : 1;    /* the SSL holds a response of OCSP */
	const char *unbound; /* why not */
	struct inquiry *inquiry; /* NULL: nothing is asked */
	struct partner *partner; /* NULL: it is the client for sure */
	STACK_OF(X509) * chain;  /* of a resumed session, if it is needed */
	uint64_t ticket_issued;  /* of the last TLS 1.3 ticket, 0: none */
	uint64_t ticket_expires;
};

/* Seconds since 1970. */
NODISCARD uint64_t tls_now(void);
NODISCARD const struct conf_tls *tls_conf(const struct tls_login *login);
/* What a log record of login is about: its subject, on its present host. */
NODISCARD struct log_subject tls_subject(const struct tls_login *login);
/* Every message of ssl is looked at; see rekey_message(). */
void tls_watch(SSL *ssl);
/* The login's extra, made when first needed; NULL when memory is short. */
struct tls_extra *tls_extra(struct tls_login *login);

/* As trace_line(), about login: tls_trace(login, TLS, 5, "format", ...). */
#define tls_trace(login, channel, at, ...)                                     \
	(trace_on(channel, at)                                                 \
		? tls_trace_write((login), TRACE_##channel, (at), __VA_ARGS__) \
		: (void)0)
void tls_trace_write(const struct tls_login *login, enum trace_channel channel,
    unsigned int level, const char *format, ...) PRINTF_LIKE(4, 5);

/* The channel that ssl belongs to. */
NODISCARD struct tls_channel *tls_channel_of(const SSL *ssl);
/* Before a call of OpenSSL: no error of an earlier one is left, nor in errno.
 */
void tls_channel_fresh(void);
/* Notes why channel failed, unless that is known already. */
void tls_channel_because(struct tls_channel *channel, const char *format, ...)
    PRINTF_LIKE(2, 3);

/* What all contexts have that SSLs are made on. */
NODISCARD int tls_prepare_context(SSL_CTX *ctx);

#endif
