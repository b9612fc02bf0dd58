/* What a configuration wants to know from others. */
#include "shm/conf/conf.h"

bool
conf_tls_consults(const struct conf_tls *tls, enum conf_mechanism mechanism)
{
	size_t i;

	for (i = 0; i < tls->nverify_order; i++)
		if (tls->verify_order[i] == mechanism)
			return (true);
	return (false);
}

static bool
host_asks(const struct conf_tls *tls)
{
	static const unsigned int names =
	    CONF_TLS_COMMON_NAME_REQUIRED | CONF_TLS_DNS_NAME_REQUIRED;

	if (!tls->engine || tls->verify_client == CONF_VERIFY_OFF)
		return (false);
	return (conf_tls_consults(tls, CONF_MECHANISM_OCSP) ||
	    (tls->verify_client == CONF_VERIFY_ON &&
		(tls->options & names) != 0));
}

bool
conf_asks(const struct conf *conf)
{
	size_t i;

	for (i = 0; i < conf->nhosts; i++)
		if (host_asks(&conf->hosts[i].tls))
			return (true);
	return (false);
}
