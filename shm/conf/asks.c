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
sets_fxp(const struct conf_settings *settings)
{
	const bool *allow = conf_setting(settings, CONF_FIELD(allow_fxp));

	return (allow != NULL && *allow);
}

bool
conf_allows_fxp(const struct conf_host *host)
{
	bool allows = host->allow_fxp || sets_fxp(&host->anonymous.settings);
	size_t i;

	for (i = 0; i < host->users.count && !allows; i++)
		allows = sets_fxp(&host->users.items[i].settings);
	return (allows);
}

static bool
host_asks(const struct conf_host *host)
{
	static const unsigned int names =
	    CONF_TLS_COMMON_NAME_REQUIRED | CONF_TLS_DNS_NAME_REQUIRED;
	const struct conf_tls *tls = &host->tls;

	if (!tls->engine)
		return (false);
	if (tls->verify_server == CONF_VERIFY_SERVER_ON &&
	    conf_allows_fxp(host))
		return (true);
	if (tls->verify_client == CONF_VERIFY_OFF)
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
		if (host_asks(&conf->hosts[i]))
			return (true);
	return (false);
}

bool
conf_staples_at(const struct conf *conf, size_t host)
{
	const struct conf_tls *tls = &conf->hosts[host].tls;

	return (conf->stapling_cache && tls->engine &&
	    tls->stapling != CONF_STAPLING_OFF);
}

bool
conf_staples(const struct conf *conf)
{
	size_t i;

	for (i = 0; i < conf->nhosts; i++)
		if (conf_staples_at(conf, i))
			return (true);
	return (false);
}

bool
conf_needs_ocsp(const struct conf *conf)
{
	return (conf_asks(conf) || conf_staples(conf));
}
