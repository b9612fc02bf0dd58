/*
 * tls_rig - a worker's TLS, and a client of it, over socket pairs.
 *
 * Three hosts: the server, "a.test" and "b.test" on the server's listeners.
 */
#ifndef TESTS_UNIT_TLS_RIG_H
#define TESTS_UNIT_TLS_RIG_H

#include <CUnit/CUnit.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shm/base/attr.h"
#include "shm/base/fd.h"
#include "shm/board/score.h"
#include "shm/conf/index.h"
#include "worker/tls/tls.h"

#define RIG_HOSTS   3
#define RIG_TICKETS 16

struct rig_pem {
	char cert[2048], key[1024];
	size_t cert_len, key_len;
};

struct rig {
	struct conf conf;
	struct conf_host hosts[RIG_HOSTS];
	struct key_pair pair;
	struct host_keys keys[RIG_HOSTS];
	struct rig_pem pem;
	struct worker_start start;
	struct ring *ring;
	struct score *board; /* the master's */
	struct score *score;
	struct cache_reader *cache;
	struct tls_store store;
	struct tls *tls;
	SSL_CTX *client;
};

/* What a client does in a handshake. */
struct rig_hello {
	int version;          /* 0: any */
	const char *name;     /* SNI */
	const char *alpn;     /* wire form */
	SSL_SESSION *session; /* to resume */
};

/* Both ends of one connection. */
struct rig_link {
	int client_fd;
	struct tls_socket socket; /* the server's */
	SSL *client;
	struct tls_channel *server;
	SSL_SESSION *tickets[RIG_TICKETS]; /* unused ones, oldest first */
	size_t ntickets;
};

static inline size_t
rig_drain(BIO *bio, char *out, size_t size)
{
	int n = BIO_read(bio, out, (int)size);

	BIO_free(bio);
	return (n > 0 ? (size_t)n : 0);
}

/* A self-signed P-256 certificate. */
static inline void
rig_make_pem(struct rig_pem *pem)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_NAME *name;
	BIO *bio;

	CU_ASSERT_FATAL(key != NULL && cert != NULL);
	(void)X509_set_version(cert, 2);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	(void)X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	(void)X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
	name = X509_get_subject_name(cert);
	(void)X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)"ftp.test", -1, -1, 0);
	(void)X509_set_issuer_name(cert, name);
	(void)X509_set_pubkey(cert, key);
	CU_ASSERT_FATAL(X509_sign(cert, key, EVP_sha256()) > 0);
	bio = BIO_new(BIO_s_mem());
	(void)PEM_write_bio_X509(bio, cert);
	pem->cert_len = rig_drain(bio, pem->cert, sizeof(pem->cert));
	bio = BIO_new(BIO_s_mem());
	(void)PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	pem->key_len = rig_drain(bio, pem->key, sizeof(pem->key));
	X509_free(cert);
	EVP_PKEY_free(key);
}

/* Keeps every session that the server gives, in order. */
static inline int
rig_ticket(SSL *ssl, SSL_SESSION *session)
{
	struct rig_link *link = SSL_get_app_data(ssl);

	if (link->ntickets == RIG_TICKETS)
		return (0);
	link->tickets[link->ntickets++] = session;
	return (1);
}

static inline void
rig_conf(struct rig *rig, bool tickets)
{
	static char a[] = "a.test", b[] = "b.test";
	size_t i;

	rig->conf.hosts = rig->hosts;
	rig->conf.nhosts = RIG_HOSTS;
	rig->conf.generation = 1;
	rig->conf.session_cache = true;
	rig->conf.session_cache_timeout = 3600;
	rig->hosts[1].name = a;
	rig->hosts[2].name = b;
	for (i = 0; i < RIG_HOSTS; i++) {
		rig->hosts[i].tls.engine = true;
		rig->hosts[i].tls.protocol = CONF_TLS_1_2 | CONF_TLS_1_3;
		rig->hosts[i].tls.next_protocol = true;
		rig->hosts[i].tls.strict_alpn = true;
		rig->hosts[i].tls.session_tickets = tickets;
		rig->keys[i].pairs = &rig->pair;
		rig->keys[i].count = 1;
	}
	CU_ASSERT_FATAL(index_build(&rig->conf, NULL, NULL) == 0);
}

/* A worker's TLS with the ring and the cache of rig, as after its start. */
static inline struct tls *
rig_worker(struct rig *rig)
{
	struct tls_setup setup = { .start = &rig->start,
		.ring = rig->ring,
		.cache = rig->cache,
		.store = rig->store,
		.score = rig->score };
	struct tls *tls = tls_new(&setup);

	CU_ASSERT_PTR_NOT_NULL_FATAL(tls);
	return (tls);
}

/* All but the worker; see rig_worker(). */
static inline void
rig_prepare(struct rig *rig, bool tickets)
{
	int fd;

	(void)signal(SIGPIPE, SIG_IGN);
	memset(rig, 0, sizeof(*rig));
	rig_make_pem(&rig->pem);
	rig->pair.cert = rig->pem.cert;
	rig->pair.cert_len = rig->pem.cert_len;
	rig->pair.key = rig->pem.key;
	rig->pair.key_len = rig->pem.key_len;
	rig_conf(rig, tickets);
	rig->start.conf = &rig->conf;
	rig->start.keys = rig->keys;
	rig->ring = ring_create(3600, 3);
	CU_ASSERT_PTR_NOT_NULL_FATAL(rig->ring);
	rig->board = score_create(&fd);
	CU_ASSERT_PTR_NOT_NULL_FATAL(rig->board);
	rig->score = score_attach(fd);
	close(fd);
	rig->client = SSL_CTX_new(TLS_client_method());
	CU_ASSERT_FATAL(rig->client != NULL && rig->score != NULL);
	SSL_CTX_set_session_cache_mode(rig->client,
	    SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(rig->client, rig_ticket);
}

static inline void
rig_start(struct rig *rig, bool tickets)
{
	log_set_level(LOG_LEVEL_ERROR);
	rig_prepare(rig, tickets);
	rig->tls = rig_worker(rig);
}

static inline void
rig_stop(struct rig *rig)
{
	tls_free(&rig->tls);
	SSL_CTX_free(rig->client);
	ring_free(&rig->ring);
	score_free(&rig->score);
	score_free(&rig->board);
	index_free(&rig->conf);
	log_set_level(LOG_LEVEL_INFO);
}

/* Rotates the keys as if seconds had gone by. */
static inline void
rig_pass(struct rig *rig, uint32_t seconds)
{
	CU_ASSERT(ring_rotate(rig->ring, (uint64_t)time(NULL) + seconds) > 0);
}

/* A login on the server's listener. */
static inline struct tls_login *
rig_login(struct rig *rig)
{
	static const struct log_subject subject = { .client = "192.0.2.1" };
	struct tls_login *login = tls_login_new(rig->tls, 0, &subject);

	CU_ASSERT_PTR_NOT_NULL_FATAL(login);
	return (login);
}

/* A connection; no byte has been sent. */
static inline void
rig_connect(struct rig *rig, struct rig_link *link, struct tls_login *login,
    enum tls_kind kind, const struct rig_hello *hello)
{
	char name[64];
	int pair[2];

	memset(link, 0, sizeof(*link));
	snprintf(name, sizeof(name), "%s",
	    hello->name == NULL ? "" : hello->name);
	CU_ASSERT_FATAL(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
	link->client_fd = pair[0];
	link->socket.fd = pair[1];
	link->server = tls_channel_new(login, kind, &link->socket);
	link->client = SSL_new(rig->client);
	CU_ASSERT_FATAL(link->server != NULL && link->client != NULL);
	(void)SSL_set_app_data(link->client, link);
	(void)SSL_set_fd(link->client, pair[0]);
	SSL_set_connect_state(link->client);
	if (hello->version != 0) {
		(void)SSL_set_min_proto_version(link->client, hello->version);
		(void)SSL_set_max_proto_version(link->client, hello->version);
	}
	if (hello->name != NULL)
		(void)SSL_ctrl(link->client, SSL_CTRL_SET_TLSEXT_HOSTNAME,
		    TLSEXT_NAMETYPE_host_name, name);
	if (hello->alpn != NULL)
		(void)SSL_set_alpn_protos(link->client,
		    (const unsigned char *)hello->alpn,
		    (unsigned int)strlen(hello->alpn));
	if (hello->session != NULL)
		(void)SSL_set_session(link->client, hello->session);
}

/* Both sides until the server is done: TLS_OK or TLS_FAILED. */
static inline enum tls_result
rig_shake(struct rig_link *link)
{
	enum tls_result result = TLS_WANT_READ;
	int i;

	for (i = 0; i < 20; i++) {
		ERR_clear_error();
		(void)SSL_do_handshake(link->client);
		result = tls_handshake(link->server);
		if (result == TLS_OK || result == TLS_FAILED)
			break;
	}
	ERR_clear_error();
	(void)SSL_do_handshake(link->client);
	return (result);
}

/* Sends text from the server to the client, whose tickets it brings along. */
static inline bool
rig_say(struct rig_link *link, const char *text)
{
	char got[64];
	size_t done = 0, n = 0;

	if (tls_write(link->server, text, strlen(text), &done) != TLS_OK)
		return (false);
	ERR_clear_error();
	return (SSL_read_ex(link->client, got, sizeof(got), &n) == 1 &&
	    n == strlen(text) && memcmp(got, text, n) == 0);
}

/* The client closes its socket without a word of TLS. */
static inline void
rig_hang_up(struct rig_link *link)
{
	fd_close(&link->client_fd);
	/* Else its library takes the session for spoilt. */
	SSL_set_shutdown(link->client,
	    SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

static inline void
rig_close(struct rig_link *link)
{
	size_t i;

	tls_channel_free(&link->server);
	rig_hang_up(link);
	SSL_free(link->client);
	fd_close(&link->socket.fd);
	for (i = 0; i < link->ntickets; i++)
		SSL_SESSION_free(link->tickets[i]);
	link->ntickets = 0;
}

/* Takes the oldest ticket; the caller frees.  NULL: none is left. */
static inline SSL_SESSION *
rig_take(struct rig_link *link)
{
	SSL_SESSION *session;

	if (link->ntickets == 0)
		return (NULL);
	session = link->tickets[0];
	link->ntickets--;
	memmove(&link->tickets[0], &link->tickets[1],
	    link->ntickets * sizeof(link->tickets[0]));
	return (session);
}

#endif
