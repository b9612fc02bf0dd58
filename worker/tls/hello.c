/*
 * The virtual host by SNI.
 *
 * In the ClientHello callback, and not in the servername one, which OpenSSL
 * calls after it has looked for the session: there a session of one host would
 * resume on another.
 */
#include "worker/tls/hello.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shm/base/address.h"
#include "worker/tls/contexts.h"
#include "worker/tls/state.h"

struct name {
	const char *text; /* not terminated; NULL: none */
	size_t len;
};

static size_t
number(const uint8_t *bytes)
{
	return ((size_t)bytes[0] << 8 | bytes[1]);
}

/*
 * The host name of the extension, which is a list of (type, length, name).
 * What is malformed counts as no name; OpenSSL refuses the message afterwards.
 */
static struct name
offered_name(SSL *ssl)
{
	struct name none = { NULL, 0 }, name;
	const unsigned char *data;
	size_t len;

	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data,
		&len) != 1)
		return (none);
	if (len < 5 || number(data) != len - 2 ||
	    data[2] != TLSEXT_NAMETYPE_host_name)
		return (none);
	name.text = (const char *)data + 5;
	name.len = number(data + 3);
	if (name.len == 0 || name.len > len - 5 ||
	    name.len > TLSEXT_MAXLEN_host_name ||
	    memchr(name.text, '\0', name.len) != NULL)
		return (none);
	if (name.len > 1 && name.text[name.len - 1] == '.')
		name.len--;
	return (name);
}

/* As text, with or without the brackets that some clients send. */
static bool
is_address(const char *text)
{
	struct address address;

	return (text[0] == '[' || address_parse(&address, text) == 0);
}

enum tls_name
tls_login_name(const struct tls_login *login, const char *name)
{
	if (login->server_name == NULL || login->ignored)
		return (TLS_NAME_NONE);
	return (login->known && strcasecmp(login->server_name, name) == 0
		? TLS_NAME_SAME
		: TLS_NAME_OTHER);
}

/* A name that no host has: whether the client is served nevertheless. */
static bool
tolerate(const struct tls_login *login)
{
	const struct conf *conf = login->tls->conf;
	struct log_subject subject = tls_subject(login);

	if (conf->hosts[login->base].tls.strict_sni &&
	    conf_has_names_at(conf, login->base, login->listener))
		return (false);
	log_event(LOG_LEVEL_INFO, LOG_STREAM_TLS, &subject,
	    "unknown server name \"%s\": served as the default host",
	    login->server_name);
	return (true);
}

/* Moves login to the host of its server name: 0, or the alert that refuses. */
static int
choose(struct tls_channel *channel)
{
	struct tls_login *login = channel->login;
	const struct conf *conf = login->tls->conf;
	unsigned int options = conf->hosts[login->base].tls.options;
	long found;

	login->ignored = (options & CONF_TLS_IGNORE_SNI) != 0 ||
	    is_address(login->server_name);
	if (login->ignored)
		return (0);
	found = conf_find_host_at(conf, login->base, login->listener,
	    login->server_name, strlen(login->server_name));
	if (login->pinned &&
	    (found >= 0 ? found != login->host : login->named)) {
		tls_channel_because(channel,
		    "the server name is not the host that was chosen before");
		return (SSL_AD_ACCESS_DENIED);
	}
	if (found < 0 && !tolerate(login)) {
		tls_channel_because(channel,
		    "no host has the server name (tls.strict_sni)");
		return (SSL_AD_UNRECOGNIZED_NAME);
	}
	login->known = found >= 0;
	if (login->known)
		login->host = (uint32_t)found;
	tls_trace(login, TLS, 5, "server name \"%s\": host %u",
	    login->server_name, (unsigned int)login->host);
	return (0);
}

const char *const hello_versions[] = { "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2",
	"TLSv1.3", NULL };

/* Without the extension: all from TLS 1.0 up to the one in the message. */
static unsigned int
versions_up_to(unsigned int most)
{
	if (most < TLS1_VERSION || most > TLS1_2_VERSION)
		return (0);
	return ((2u << (most - SSL3_VERSION)) - 2);
}

static unsigned int
offered_versions(SSL *ssl)
{
	const unsigned char *data;
	unsigned int offered = 0;
	size_t len, i;

	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_supported_versions,
		&data, &len) != 1)
		return (
		    versions_up_to(SSL_client_hello_get0_legacy_version(ssl)));
	for (i = 1; i + 1 < len; i += 2)
		if (number(data + i) >= SSL3_VERSION &&
		    number(data + i) <= TLS1_3_VERSION)
			offered |= 1u << data[i + 1];
	return (offered);
}

int
hello_choose_host(SSL *ssl, int *alert, void *arg)
{
	struct tls_channel *channel = tls_channel_of(ssl);
	struct tls_login *login = channel->login;
	struct name name = offered_name(ssl);

	(void)arg;
	*alert = 0;
	/* A renegotiation: with whom and on which terms has been settled. */
	if (channel->established) {
		diags_hello(channel);
		return (SSL_CLIENT_HELLO_SUCCESS);
	}
	channel->offered = (uint8_t)offered_versions(ssl);
	if (name.text != NULL && login->server_name == NULL) {
		login->server_name = strndup(name.text, name.len);
		*alert = login->server_name == NULL ? SSL_AD_INTERNAL_ERROR
						    : choose(channel);
	}
	if (*alert == 0 && !tls_available(login->tls, login->host)) {
		tls_channel_because(channel, "the host has no TLS");
		*alert = SSL_AD_UNRECOGNIZED_NAME;
	}
	if (*alert == 0 && contexts_apply(channel) == -1)
		*alert = SSL_AD_INTERNAL_ERROR;
	if (*alert != 0)
		return (SSL_CLIENT_HELLO_ERROR);
	diags_hello(channel);
	return (SSL_CLIENT_HELLO_SUCCESS);
}

/* The name was used already; this is only about telling the client so. */
int
hello_answer_name(SSL *ssl, int *alert, void *arg)
{
	struct tls_channel *channel = tls_channel_of(ssl);
	const struct tls_login *login = channel->login;

	(void)arg;
	*alert = SSL_AD_UNRECOGNIZED_NAME; /* not sent: nothing is refused */
	if (channel->kind == TLS_DATA || !login->known)
		return (SSL_TLSEXT_ERR_NOACK);
	return (SSL_TLSEXT_ERR_OK);
}
