/*
 * Pre-shared keys: a client that has one needs no certificate of ours.
 *
 * Up to TLS 1.2 a cipher of its own kind uses the key; in TLS 1.3 the key is
 * offered like a session.  Sessions that were begun with a key bear its
 * identity and a digest of it, next to the binding: who resumes one is the
 * holder of that very key, as long as the host still has it.
 */
#include "worker/tls/psk.h"

#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <string.h>

#include "shm/base/digest.h"
#include "shm/base/psk.h"
#include "shm/base/secret.h"
#include "worker/tls/binding.h"
#include "worker/tls/keys.h"
#include "worker/tls/state.h"

/* TLS_AES_128_GCM_SHA256: such keys go with SHA-256, whatever the cipher. */
static const unsigned char sha256_suite[2] = { 0x13, 0x01 };

struct found {
	struct psk_owner owner;
	uint8_t key[PSK_KEY_MAX];
	size_t len;
};

static bool read_owner(SSL_SESSION *session, struct psk_owner *owner);

static const struct file_bytes *
keys_of(const struct tls_login *login)
{
	return (&tls_keys(login->tls, login->host)->files[HOST_FILE_PSK]);
}

static struct seal_data
piece(const void *data, size_t len)
{
	struct seal_data data_piece = { data, len };

	return (data_piece);
}

/* The key of that identity, with who owns it; false: the host has none. */
static bool
find(const struct tls_login *login, const char *identity, struct found *found)
{
	const struct file_bytes *keys = keys_of(login);
	uint8_t digest[DIGEST_LEN];
	struct seal_data pieces[3];
	struct psk_line line;

	if (keys->data == NULL ||
	    !psk_find(keys->data, keys->len, identity, &line))
		return (false);
	found->len = psk_key(&line, found->key);
	if (found->len == 0 ||
	    line.identity_len > sizeof(found->owner.identity))
		return (false);
	found->owner.identity_len = (uint8_t)line.identity_len;
	memcpy(found->owner.identity, line.identity, line.identity_len);
	pieces[0] = piece("pre-shared key", sizeof("pre-shared key"));
	pieces[1] = piece(line.identity, line.identity_len + 1); /* a blank */
	pieces[2] = piece(found->key, found->len);
	digest_sha256(digest, pieces, NITEMS(pieces));
	memcpy(found->owner.tag, digest, sizeof(found->owner.tag));
	return (true);
}

static bool
same_owner(const struct psk_owner *a, const struct psk_owner *b)
{
	return (a->identity_len == b->identity_len &&
	    memcmp(a->identity, b->identity, a->identity_len) == 0 &&
	    secret_equal(a->tag, b->tag, sizeof(a->tag)));
}

/* The same for an identity that may be anything. */
static bool
find_bytes(const struct tls_login *login, const unsigned char *identity,
    size_t len, struct found *found)
{
	char text[PSK_IDENTITY_LEN_MAX + 1];

	if (len >= sizeof(text) || memchr(identity, '\0', len) != NULL)
		return (false);
	memcpy(text, identity, len);
	text[len] = '\0';
	return (find(login, text, found));
}

/* A data connection may come with its control connection's key only. */
static bool
is_allowed(const struct tls_channel *channel, const struct found *found)
{
	const struct psk_owner *owner = psk_owner(channel->login);

	return (channel->kind == TLS_CONTROL ||
	    (owner != NULL && same_owner(owner, &found->owner)));
}

/* false: memory is short, and its sessions could not be bound to the key. */
static bool
own(struct tls_login *login, const struct psk_owner *owner)
{
	struct tls_extra *extra = tls_extra(login);

	if (extra == NULL)
		return (false);
	extra->psk = *owner;
	return (true);
}

/* --- up to TLS 1.2 -------------------------------------------------------- */

/*
 * An identity that is unknown gets a random key: the handshake then fails as
 * it does with a wrong one, and nobody learns which identities there are.
 * OpenSSL also asks here when TLS 1.3 found nothing: there 0 means just that.
 */
static unsigned int
server_key(SSL *ssl, const char *identity, unsigned char *key,
    unsigned int room)
{
	struct tls_channel *channel = tls_channel_of(ssl);
	struct found found;
	unsigned int len = room;

	if (SSL_version(ssl) > TLS1_2_VERSION)
		return (0);
	if (find(channel->login, identity, &found) && found.len <= room &&
	    is_allowed(channel, &found) &&
	    (channel->kind == TLS_DATA || own(channel->login, &found.owner))) {
		len = (unsigned int)found.len;
		memcpy(key, found.key, len);
	} else {
		tls_channel_because(channel,
		    "no pre-shared key for the identity \"%s\"", identity);
		if (RAND_bytes(key, (int)room) != 1)
			len = 0;
	}
	secret_wipe(&found, sizeof(found));
	return (len);
}

/* --- TLS 1.3 -------------------------------------------------------------- */

/* Behind where sessions bear their binding: this one has none. */
static bool
mark(SSL_SESSION *session, const struct psk_owner *owner)
{
	uint8_t data[BINDING_LEN + PSK_OWNER_MAX];
	size_t len;

	memset(data, 0, BINDING_LEN);
	len = BINDING_LEN + psk_write(owner, data + BINDING_LEN);
	return (SSL_SESSION_set1_ticket_appdata(session, data, len) == 1);
}

static SSL_SESSION *
session_of(SSL *ssl, const struct found *found)
{
	const SSL_CIPHER *cipher = SSL_CIPHER_find(ssl, sha256_suite);
	SSL_SESSION *session = SSL_SESSION_new();

	if (session != NULL && cipher != NULL &&
	    SSL_SESSION_set1_master_key(session, found->key, found->len) == 1 &&
	    SSL_SESSION_set_cipher(session, cipher) == 1 &&
	    SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) == 1 &&
	    mark(session, &found->owner))
		return (session);
	SSL_SESSION_free(session);
	return (NULL);
}

/* Asked for each identity that is offered, those of tickets too. */
static int
find_session(SSL *ssl, const unsigned char *identity, size_t len,
    SSL_SESSION **session)
{
	const struct tls_channel *channel = tls_channel_of(ssl);
	struct found found;

	*session = NULL;
	if (find_bytes(channel->login, identity, len, &found) &&
	    is_allowed(channel, &found))
		*session = session_of(ssl, &found);
	secret_wipe(&found, sizeof(found));
	return (1);
}

/* --- both ----------------------------------------------------------------- */

bool
psk_set(SSL *ssl, const struct conf_tls *conf)
{
	const struct tls_login *login = tls_channel_of(ssl)->login;
	bool any = keys_of(login)->data != NULL;

	(void)conf;
	SSL_set_psk_server_callback(ssl, any ? server_key : NULL);
	SSL_set_psk_find_session_callback(ssl, any ? find_session : NULL);
	return (true);
}

size_t
psk_write(const struct psk_owner *owner, uint8_t out[PSK_OWNER_MAX])
{
	memcpy(out, owner->tag, sizeof(owner->tag));
	memcpy(out + sizeof(owner->tag), owner->identity, owner->identity_len);
	return (sizeof(owner->tag) + owner->identity_len);
}

/* Whose session it is; false: of nobody with a key. */
static bool
read_owner(SSL_SESSION *session, struct psk_owner *owner)
{
	const uint8_t *at;
	void *data = NULL;
	size_t len = 0;

	memset(owner, 0, sizeof(*owner));
	if (session == NULL ||
	    SSL_SESSION_get0_ticket_appdata(session, &data, &len) != 1 ||
	    data == NULL || len <= BINDING_LEN + sizeof(owner->tag))
		return (false);
	at = data;
	at += BINDING_LEN;
	len -= BINDING_LEN + sizeof(owner->tag);
	if (len > sizeof(owner->identity))
		return (false);
	memcpy(owner->tag, at, sizeof(owner->tag));
	memcpy(owner->identity, at + sizeof(owner->tag), len);
	owner->identity_len = (uint8_t)len;
	return (true);
}

bool
psk_acceptable(const struct tls_login *login, SSL_SESSION *session)
{
	char identity[PSK_IDENTITY_LEN_MAX + 1];
	struct psk_owner owner;
	struct found found;
	bool good;

	if (!read_owner(session, &owner))
		return (true);
	memcpy(identity, owner.identity, owner.identity_len);
	identity[owner.identity_len] = '\0';
	good =
	    find(login, identity, &found) && same_owner(&owner, &found.owner);
	secret_wipe(&found, sizeof(found));
	return (good);
}

const struct psk_owner *
psk_owner(const struct tls_login *login)
{
	if (login->extra == NULL || login->extra->psk.identity_len == 0)
		return (NULL);
	return (&login->extra->psk);
}

static bool
is_psk_cipher(const SSL *ssl)
{
	switch (SSL_CIPHER_get_kx_nid(SSL_get_current_cipher(ssl))) {
	case NID_kx_psk:
	case NID_kx_dhe_psk:
	case NID_kx_ecdhe_psk:
	case NID_kx_rsa_psk:
		return (true);
	default:
		return (false);
	}
}

/* The handshake itself was made with a key; a session was not resumed. */
static bool
is_keyed(const struct tls_channel *channel, SSL_SESSION *session)
{
	uint8_t binding[BINDING_LEN];
	bool reused = SSL_session_reused(channel->ssl) == 1;

	if (SSL_version(channel->ssl) <= TLS1_2_VERSION)
		return (!reused && is_psk_cipher(channel->ssl));
	return (reused && !binding_of(session, binding));
}

void
psk_adopt(struct tls_channel *channel)
{
	SSL_SESSION *session = SSL_get_session(channel->ssl);
	struct psk_owner owner;

	if (keys_of(channel->login)->data == NULL)
		return;
	channel->keyed = is_keyed(channel, session);
	/* Without memory its next sessions are bound to no key. */
	if (channel->kind == TLS_CONTROL && SSL_session_reused(channel->ssl) &&
	    read_owner(session, &owner))
		(void)own(channel->login, &owner);
}
