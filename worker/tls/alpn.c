/*
 * ALPN: a client that names protocols must name ours.  A browser that was
 * tricked into speaking to this port names others and is refused, unless
 * tls.strict_alpn is off.
 */
#include "worker/tls/alpn.h"

#include <openssl/ssl.h>
#include <string.h>

#include "worker/tls/state.h"

struct offer {
	const unsigned char *names; /* each after a byte with its length */
	unsigned int len;
};

/* The place of the wanted name in the offer; NULL: not there. */
static const unsigned char *
find(struct offer offer, const char *wanted)
{
	size_t len = strlen(wanted), at, name_len;

	for (at = 0; at < offer.len; at += 1 + name_len) {
		name_len = offer.names[at];
		if (name_len > offer.len - at - 1)
			return (NULL);
		if (name_len == len &&
		    memcmp(offer.names + at + 1, wanted, len) == 0)
			return (offer.names + at + 1);
	}
	return (NULL);
}

int
alpn_select(SSL *ssl, const unsigned char **out, unsigned char *out_len,
    const unsigned char *offer, unsigned int len, void *arg)
{
	static const char *const data_names[] = { "ftp-data", "ftp" };
	static const char *const control_names[] = { "ftp" };
	const struct tls_channel *channel = tls_channel_of(ssl);
	const char *const *names = control_names;
	size_t count = NITEMS(control_names), i;
	struct offer offered = { offer, len };

	(void)arg;
	if (channel->kind == TLS_DATA) {
		names = data_names;
		count = NITEMS(data_names);
	}
	for (i = 0; i < count; i++) {
		*out = find(offered, names[i]);
		if (*out == NULL)
			continue;
		*out_len = (unsigned char)strlen(names[i]);
		return (SSL_TLSEXT_ERR_OK);
	}
	return (tls_conf(channel->login)->strict_alpn
		? SSL_TLSEXT_ERR_ALERT_FATAL
		: SSL_TLSEXT_ERR_NOACK);
}
