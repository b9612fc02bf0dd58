/*
 * internal - what the files of worker/tls share.
 *
 * Every SSL of a worker is made on one bare context, tls->base, that holds all
 * callbacks: OpenSSL looks for those of caches and tickets on the context that
 * the SSL was made with and nowhere else.  The certificate and the policy of a
 * host come with contexts_apply(), for a control connection in the ClientHello
 * callback, for a data connection at once.
 */
#ifndef WORKER_TLS_INTERNAL_H
#define WORKER_TLS_INTERNAL_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/log.h"
#include "shm/base/psk.h"
#include "shm/base/trace.h"
#include "worker/tls/diags.h"
#include "worker/tls/tls.h"

#define EXTENSIONS_MAX 64 /* kinds, of all hosts */
#define BINDING_LEN    16
#define CONTEXT_ID_LEN SSL_MAX_SID_CTX_LENGTH
#define KEPT_SESSIONS  4
/*
 * KeyUpdates and the like that may come without application data, and beyond
 * one a second and one for each 32 KiB.
 */
#define TLS_IDLE_MESSAGES   32
#define TLS_EXCESS_MESSAGES 128
/* That are sent with one key: AES-GCM is good for a little more. */
#define TLS_RECORDS_MAX (1u << 24)

/*
 * How long sessions are valid for OpenSSL: longer than any login, and the most
 * that TLS 1.3 allows.  What a new control connection may resume is younger
 * (session_cache_timeout): see sessions_fresh().
 */
#define SESSION_LIFETIME 604800u /* 7 days */

/* The keys that one ticket was sealed with: made of a ring key and its IV. */
struct ticket_seal {
	uint8_t name[RING_NAME_LEN];
	uint8_t iv[EVP_MAX_IV_LENGTH];
	uint8_t cipher[32];
	uint8_t mac[32];
};

/* A context by host, least recently used at the end; see contexts.c. */
struct host_context;

/* Whom a host trusts to vouch for clients; see trust.c. */
struct trust;

#define TLS_SUBJECT_MAX 192 /* of a certificate, as text */

/* A client's certificate. */
struct peer {
	struct tls_peer facts;
	X509 *certificate;
};

/* What has to be asked about a client; see inquiry.c. */
struct inquiry;

/* The other server of a data connection; see partner.c. */
struct partner;
/* What a host needs for such; see partner_context.c. */
struct partner_context;

/* What is known of a connection whose keys may change; see rekey.c. */
struct rekey;

struct contexts {
	struct host_context *hosts; /* one for each, built or not */
	struct host_context *newest, *oldest;
	size_t count;
};

/* What has taken the place of inherited pairs and files; see keys.c. */
struct tls_keys;

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

/* The pre-shared key that a login began with. */
struct psk_owner {
	uint8_t tag[16]; /* of identity and key */
	uint8_t identity_len;
	char identity[PSK_IDENTITY_LEN_MAX]; /* not terminated */
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
/*
 * The pairs and files of the host as they are now: valid until the loop turns,
 * since they may be exchanged then.
 */
NODISCARD const struct host_keys *tls_keys(const struct tls *tls,
    uint32_t host);
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
/* Notes why channel failed, unless that is known already. */
void tls_channel_because(struct tls_channel *channel, const char *format, ...)
    PRINTF_LIKE(2, 3);

/* socket.c: reads and writes socket, which stays the caller's; or NULL. */
NODISCARD BIO *socket_bio(struct tls_socket *socket);
/*
 * In a handshake that waits for the peer: has what came, and was not answered,
 * acknowledged at once.  Some write the end of their handshake in pieces, and
 * until the first is acknowledged Nagle's algorithm keeps the next one back,
 * for which our kernel would take 40 ms.
 */
void socket_hasten(struct tls_socket *socket);

/* contexts.c */
NODISCARD int contexts_init(struct tls *tls);
void contexts_free(struct tls *tls);
/*
 * Gives the channel's SSL the certificates and the policy of its login's host.
 * -1 when there are none, logged.
 */
NODISCARD int contexts_apply(struct tls_channel *channel);

/* The same for a channel that plays the client. */
NODISCARD int contexts_apply_client(struct tls_channel *channel);

/*
 * What the present context of the login's host has for exchanges with other
 * servers, made when first needed; NULL when it cannot be, logged.
 */
NODISCARD const struct partner_context *contexts_partner(
    struct tls_login *login);

/* partner_context.c */
NODISCARD struct partner_context *partner_context_new(struct tls *tls,
    uint32_t host, const struct log_subject *subject);
void partner_context_free(struct tls *tls, struct partner_context **context);
/* For channels that play the client. */
NODISCARD SSL_CTX *partner_context_client(
    const struct partner_context *context);
/* Whom other servers are vouched for by; NULL: they are not verified. */
NODISCARD X509_STORE *partner_context_store(
    const struct partner_context *context);

/* partner.c */
NODISCARD struct partner *partner_new(const struct tls_fxp *facts);
void partner_free(struct partner **partner); /* NULL is allowed */
NODISCARD bool partner_is_client(const struct tls_channel *channel);
/* The SSL for a channel that plays the client; NULL: logged. */
NODISCARD SSL *partner_ssl(const struct tls_channel *channel);
/* What the other server must show; -1 when that cannot be had. */
NODISCARD int partner_apply(struct tls_channel *channel);
/* After a handshake, as binding_check(), or PENDING. */
void partner_check(struct tls_channel *channel);

/* What the present context of the login's host trusts; NULL: nothing. */
NODISCARD struct trust *contexts_trust(const struct tls_login *login);

/*
 * trust.c: the one of the host, shared; NULL when it cannot be made, logged
 * with subject.  To be given back.
 */
NODISCARD struct trust *trust_get(struct tls *tls, uint32_t host,
    const struct log_subject *subject);
/* NULL is allowed; sets *trust to NULL. */
void trust_put(struct tls *tls, struct trust **trust);
/* Files have been replaced: what was made of them is shared no more. */
void trust_renew(struct tls *tls);
/* The authorities and lists themselves. */
NODISCARD X509_STORE *trust_store(const struct trust *trust);
/* Clients of ctx are checked against it. */
NODISCARD int trust_install(const struct trust *trust, SSL_CTX *ctx);
/* DIGEST_LEN bytes: of authorities and lists. */
NODISCARD const uint8_t *trust_digest(const struct trust *trust);
/*
 * Issuers that clients have shown.  A session holds its client's certificate
 * and no other, so that these are needed to check it again.
 */
NODISCARD STACK_OF(X509) * trust_seen(const struct trust *trust);
/* A chain that was good. */
void trust_remember(struct trust *trust, STACK_OF(X509) * chain);

/* verify.c: what clients are asked for. */
void verify_apply(SSL *ssl, const struct conf_tls *conf);
/*
 * Whether a new control connection may resume the session, as far as its
 * certificate goes: it must still be good.
 */
NODISCARD bool verify_session(struct tls_channel *channel,
    SSL_SESSION *session);
/* An error of the library's in words, and the key that may help, or NULL. */
NODISCARD const char *verify_explain(int error, const char **key);
/* A list that says nothing, where that is no reason to refuse. */
NODISCARD bool verify_without_list(const struct conf_tls *conf, int error);
/* Logs what happened, and the channel's reason. */
void verify_log(struct tls_channel *channel, const char *what);

/* peer.c: after a control handshake, keeps the client's certificate. */
void peer_note(struct tls_channel *channel);
void peer_free(struct peer **peer);
/* Whether ssl, of a data connection, shows the certificate of login, if any. */
NODISCARD bool peer_is_same(const struct tls_login *login, const SSL *ssl);
/* The subject as text; "" for none.  Returns out. */
const char *peer_subject(const X509 *cert, char out[TLS_SUBJECT_MAX]);

/* admission.c: whether more than the handshake decides about clients. */
NODISCARD bool admission_asks(const struct conf_tls *conf);
/* After a control handshake. */
void admission_begin(struct tls_channel *control);

/*
 * parameters.c: the security level, ciphers and Diffie-Hellman parameters; -1
 * when they cannot be used, logged with subject.
 */
NODISCARD int parameters_load(SSL_CTX *ctx, const struct conf_tls *conf,
    const struct host_keys *keys, const struct log_subject *subject);

/* server_info.c: makes the extensions of all hosts known, at any time. */
void server_info_announce(struct tls *tls);
/* How many a context of the host knows. */
NODISCARD size_t server_info_count(const struct tls *tls, uint32_t host);
/* Adds those of file to a context; -1 when they cannot be used. */
NODISCARD int server_info_load(SSL_CTX *ctx, const struct tls *tls,
    const struct file_bytes *file);

/* psk.c: sets or clears the callbacks, for the settings of contexts.c. */
NODISCARD bool psk_set(SSL *ssl, const struct conf_tls *conf);
/*
 * Whether a new control connection may resume the session, as far as the key
 * goes that it began with: the host must still have that.
 */
NODISCARD bool psk_acceptable(const struct tls_login *login,
    SSL_SESSION *session);
/*
 * After a handshake: whether a key made it, and on control whose session was
 * resumed.
 */
void psk_adopt(struct tls_channel *channel);
/* Whose key the login began with; NULL: nobody's. */
NODISCARD const struct psk_owner *psk_owner(const struct tls_login *login);
/* What a session says of its owner; returns the length. */
#define PSK_OWNER_MAX (16 + PSK_IDENTITY_LEN_MAX)
size_t psk_write(const struct psk_owner *owner, uint8_t out[PSK_OWNER_MAX]);

/* The host's context is built anew when it is next used. */
void contexts_forget(struct tls *tls, uint32_t host);

/* keys.c */
void keys_free(struct tls *tls);

/*
 * inquiry.c: whether what others say about the client lets it in; PENDING until
 * they have been asked.  REFUSED says why.
 */
struct inquiry_refusal {
	const char *objection; /* for the client; a literal */
	const char *detail;    /* for the log; lives as long as the inquiry */
};
NODISCARD enum tls_admission inquiry_judge(struct tls_channel *control,
    struct inquiry_refusal *refusal);
void inquiry_free(struct inquiry **inquiry); /* NULL is allowed */

/* names.c: where a client comes from. */
struct names_client {
	const char *address_text;
	const char *name; /* of the address; "": none */
};
#define NAMES_OPTIONS                                                 \
	(CONF_TLS_COMMON_NAME_REQUIRED | CONF_TLS_DNS_NAME_REQUIRED | \
	    CONF_TLS_IP_ADDRESS_REQUIRED)
/*
 * Whether the certificate is for the client, as far as options demand it; if
 * not, why tells the log.
 */
NODISCARD bool names_check(const X509 *cert, unsigned int options,
    const struct names_client *client, char *why, size_t size);

/* pairs.c: -1 when a pair cannot be used, logged with subject. */
NODISCARD int pairs_load(SSL_CTX *ctx, const struct host_keys *keys,
    const struct log_subject *subject);

/* hello.c: versions as text, bit 0 the first; NULL behind the last. */
extern const char *const hello_versions[];

/* hello.c: for SSL_CTX_set_client_hello_cb() and ..._servername_callback() */
int hello_choose_host(SSL *ssl, int *alert, void *arg);
int hello_answer_name(SSL *ssl, int *alert, void *arg);

/*
 * rekey.c: from when the client may come in.  Most channels have no rekey
 * afterwards, and then nothing but _message(), _sent() and _before_write() is
 * to be called.
 */
void rekey_begin(struct tls_channel *channel);
/* A message, of two bytes at least, has passed. */
void rekey_message(struct tls_channel *channel, bool sent, int type,
    const uint8_t *message);
void rekey_before_read(struct tls_channel *channel);
/* Nothing was read, or nothing yet; false: the channel has failed. */
NODISCARD bool rekey_settled(struct tls_channel *channel);
/* The same after application data was read. */
NODISCARD bool rekey_received(struct tls_channel *channel, size_t bytes);
/*
 * Nothing that was half written waits.  1: go on, and first send what OpenSSL
 * has; else what came of a call of it, or failed is set.
 */
NODISCARD int rekey_before_write(struct tls_channel *channel);
void rekey_sent(struct tls_channel *channel, size_t bytes);

/* alpn.c: for SSL_CTX_set_alpn_select_cb() */
int alpn_select(SSL *ssl, const unsigned char **out, unsigned char *out_len,
    const unsigned char *offer, unsigned int len, void *arg);

/* tickets.c: puts the callbacks on tls->base; -1 when memory is short. */
NODISCARD int tickets_init(struct tls *tls);
/* tickets.c: what the first ticket of TLS 1.3 will be. */
void tickets_expect(struct tls_channel *channel);
/* When the last one is due for another, in seconds since 1970. */
NODISCARD uint64_t tickets_due(const struct tls_channel *channel);

/* tls.c: what all contexts have that SSLs are made on. */
NODISCARD int tls_prepare_context(SSL_CTX *ctx);

/* cache.c */
void sessions_init(struct tls *tls);
/* Whether a new control connection may still resume the session. */
NODISCARD bool sessions_fresh(const struct tls *tls,
    const SSL_SESSION *session);
void sessions_forget(struct tls_login *login);
/* The client may come in: others may resume its session. */
void sessions_admitted(struct tls_channel *control);

/*
 * binding.c: bears the binding of login, and its pre-shared key's owner.
 */
void binding_put(SSL_SESSION *session, const struct tls_login *login);
void binding_clear(SSL_SESSION *session);
/* false: the session bears none. */
NODISCARD bool binding_of(SSL_SESSION *session, uint8_t binding[BINDING_LEN]);
/* After a control handshake: takes over what a resumed session bears. */
void binding_adopt(struct tls_channel *channel);
/* After a data handshake: sets bound or unbound. */
void binding_check(struct tls_channel *channel);
/* Whether the configuration has any session do, or none. */
NODISCARD bool binding_relaxed(const struct tls_login *login);

/* outcome.c: counts and logs the end of a handshake, once. */
void outcome_established(struct tls_channel *channel);
void outcome_failed(struct tls_channel *channel);
/* Given up before its end by who owns the channel, and logs why. */
void outcome_abandoned(struct tls_channel *channel);
/* An alert has passed. */
void outcome_alert(struct tls_channel *channel, uint8_t alert, bool sent);
/* The first error in OpenSSL's queue, in words for an administrator. */
NODISCARD const char *outcome_explain(unsigned long error);

/* --- staple.c: responses of OCSP for our own certificates ----------------- */

/* Where the host's certificates are stapled, clients that ask are served. */
void staple_install(SSL_CTX *ctx, const struct tls *tls, uint32_t host);
/* The handshake is over: what was stapled is not needed any more. */
void staple_done(struct tls_channel *channel);

#endif
