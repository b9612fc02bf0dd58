/* What must hold between the keys of tls. */
#include <string.h>

#include "shm/conf/build.h"
#include "shm/conf/value.h"

static bool
is_weak(const struct conf_tls *tls)
{
	return ((tls->options & CONF_TLS_ALLOW_WEAK_SECURITY) != 0);
}

/* TLS 1.0 and 1.1 sign with SHA-1, which the library refuses by itself. */
static void
check_protocol(const struct build *build, size_t index, const struct given *own)
{
	const struct conf_tls *tls = &build->conf->hosts[index].tls;
	unsigned int old = tls->protocol & (CONF_TLS_1_0 | CONF_TLS_1_1);

	if (tls->protocol == 0)
		report_add(build->load,
		    build_key_place(build, index, own, "tls.protocol"),
		    "tls.protocol: leaves no protocol that is secure; the "
		    "others need tls.options: [AllowWeakSecurity]");
	if (old != 0 && !is_weak(tls))
		report_add(build->load,
		    build_key_place(build, index, own, "tls.protocol"),
		    "tls.protocol: %s is not secure any more and needs "
		    "tls.options: [AllowWeakSecurity]",
		    (old & CONF_TLS_1_0) != 0 ? "TLSv1.0" : "TLSv1.1");
}

static void
check_ciphers(const struct build *build, size_t index, const struct given *own)
{
	const struct conf_tls *tls = &build->conf->hosts[index].tls;
	const char *why = NULL;
	struct shown shown;

	if (tls->cipher_list == NULL || is_weak(tls))
		return;
	if (strstr(tls->cipher_list, "@SECLEVEL=0") != NULL)
		why = "security level 0 needs";
	else if (!tls_is_known(CONF_TLS_SAFE_CIPHERS, tls->cipher_list))
		why = "ciphers without encryption or authentication need";
	if (why != NULL)
		report_add(build->load,
		    build_key_place(build, index, own, "tls.cipher_suite"),
		    "tls.cipher_suite: %s: %s tls.options: [AllowWeakSecurity]",
		    report_show(&shown, tls->cipher_list), why);
}

/* Who comes with a key shows no certificate, and would never be let in. */
static void
check_shared_keys(const struct build *build, size_t index,
    const struct given *own)
{
	const struct conf_tls *tls = &build->conf->hosts[index].tls;

	if (tls->pre_shared_keys.count > 0 &&
	    tls->verify_client == CONF_VERIFY_ON)
		report_add(build->load,
		    build_key_place(build, index, own, "tls.pre_shared_key"),
		    "tls.pre_shared_key contradicts tls.verify_client: on, "
		    "which demands a certificate of everybody");
}

/* What is asked about certificates, where none are asked for. */
static void
check_inquiries(const struct build *build, size_t index,
    const struct given *own)
{
	static const unsigned int names = CONF_TLS_COMMON_NAME_REQUIRED |
	    CONF_TLS_DNS_NAME_REQUIRED | CONF_TLS_IP_ADDRESS_REQUIRED;
	const struct conf_tls *tls = &build->conf->hosts[index].tls;
	struct shown shown;

	if (!tls->engine)
		return;
	if (tls->verify_client == CONF_VERIFY_OFF &&
	    conf_tls_consults(tls, CONF_MECHANISM_OCSP))
		report_notice(build->load,
		    build_key_place(build, index, own, "tls.verify_order"),
		    "tls.verify_order has no effect: tls.verify_client is off "
		    "for %s",
		    check_host_name(build, index, &shown));
	if (tls->verify_client != CONF_VERIFY_ON && (tls->options & names) != 0)
		report_notice(build->load,
		    build_key_place(build, index, own, "tls.options"),
		    "CommonNameRequired, dNSNameRequired and iPAddressRequired "
		    "in tls.options have no effect: tls.verify_client is not "
		    "on for %s",
		    check_host_name(build, index, &shown));
}

static size_t
count_peers(const struct conf_settings *settings)
{
	const struct conf_networks *list =
	    conf_setting(settings, CONF_FIELD(fxp_peers));

	return (list == NULL ? 0 : list->count);
}

static bool
has_peers(const struct conf_host *host)
{
	size_t i, count = host->fxp_peers.count;

	count += count_peers(&host->anonymous.settings);
	for (i = 0; i < host->users.count; i++)
		count += count_peers(&host->users.items[i].settings);
	return (count > 0);
}

/* Nobody is a peer, or none can prove that it is. */
static void
check_servers(const struct build *build, size_t index, const struct given *own)
{
	const struct conf_host *host = &build->conf->hosts[index];
	struct shown shown;

	if (!conf_allows_fxp(host))
		return;
	if (!has_peers(host))
		report_notice(build->load,
		    build_key_place(build, index, own, "allow_fxp"),
		    "allow_fxp: no server may take part: fxp_peers names no "
		    "network for %s",
		    check_host_name(build, index, &shown));
	if (host->tls.engine &&
	    host->tls.verify_server != CONF_VERIFY_SERVER_OFF &&
	    host->tls.ca_certificate_file == NULL &&
	    host->tls.ca_certificate_path == NULL)
		report_notice(build->load,
		    build_key_place(build, index, own, "allow_fxp"),
		    "allow_fxp: no server can be verified (tls.verify_server), "
		    "%s knows no authority: set tls.ca_certificate_file or "
		    "tls.ca_certificate_path",
		    check_host_name(build, index, &shown));
}

/* A handshake waits for no responder: there must be a place for responses. */
static void
check_stapling(const struct build *build, size_t index, const struct given *own)
{
	const struct conf_tls *tls = &build->conf->hosts[index].tls;

	if (tls->stapling == CONF_STAPLING_ON && !build->conf->stapling_cache)
		report_add(build->load,
		    build_key_place(build, index, own, "tls.stapling"),
		    "tls.stapling: on needs tls.stapling_cache");
}

/* Who came in with one pre-shared key could go on with another. */
static const char *
why_no_renegotiation(const struct conf_tls *tls)
{
	static const unsigned int old =
	    CONF_TLS_1_0 | CONF_TLS_1_1 | CONF_TLS_1_2;

	if ((tls->protocol & old) == 0)
		return ("TLS 1.3 alone is allowed, which has no such thing");
	if (tls->renegotiate.mode == CONF_RENEGOTIATE_NEVER)
		return ("tls.renegotiate is none");
	return (tls->pre_shared_keys.count > 0 ? "there is tls.pre_shared_key"
					       : NULL);
}

static void
check_renegotiation(const struct build *build, size_t index,
    const struct given *own)
{
	const struct conf_tls *tls = &build->conf->hosts[index].tls;
	bool allowed =
	    (tls->options & CONF_TLS_ALLOW_CLIENT_RENEGOTIATIONS) != 0;
	const char *why = why_no_renegotiation(tls);
	struct shown shown;

	if (!tls->engine)
		return;
	if (allowed && why != NULL)
		report_notice(build->load,
		    build_key_place(build, index, own, "tls.options"),
		    "AllowClientRenegotiations in tls.options has no effect: "
		    "%s for %s",
		    why, check_host_name(build, index, &shown));
	if (tls->renegotiate.mode == CONF_RENEGOTIATE_SET &&
	    (tls->protocol & CONF_TLS_1_3) == 0 && (!allowed || why != NULL))
		report_notice(build->load,
		    build_key_place(build, index, own, "tls.renegotiate"),
		    "tls.renegotiate has no effect for %s: up to TLS 1.2 it "
		    "needs tls.options: [AllowClientRenegotiations], and no "
		    "tls.pre_shared_key",
		    check_host_name(build, index, &shown));
}

void
check_tls(const struct build *build, size_t index, const struct given *own)
{
	check_protocol(build, index, own);
	check_ciphers(build, index, own);
	check_shared_keys(build, index, own);
	check_stapling(build, index, own);
	check_inquiries(build, index, own);
	check_servers(build, index, own);
	check_renegotiation(build, index, own);
}
