/* What must hold between keys. */
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "shm/conf/build.h"
#include "shm/conf/index.h"
#include "shm/conf/value.h"

/* --- one host ------------------------------------------------------------- */

const char *
check_host_name(const struct build *build, size_t index, struct shown *shown)
{
	const struct conf_host *host = &build->conf->hosts[index];

	if (index == 0)
		return ("the server");
	if (host->name == NULL)
		return ("a host without a name");
	return (report_show(shown, host->name));
}

static bool
demands_tls(const struct conf_required *required)
{
	return (required->auth || required->control ||
	    required->data == CONF_DATA_PRIVATE);
}

static bool
has_implicit(const struct conf_host *host)
{
	size_t i;

	for (i = 0; i < host->nlisten; i++)
		if (host->listen[i].implicit)
			return (true);
	return (false);
}

/* What tls.required is in settings, or NULL. */
static const struct conf_required *
required_in(const struct conf_settings *settings)
{
	return (conf_setting(settings, CONF_FIELD(tls.required)));
}

/* The first entry that demands TLS, or NULL. */
static const struct conf_section *
demanding_entry(const struct conf_sections *list)
{
	const struct conf_required *required;
	size_t i;

	for (i = 0; i < list->count; i++) {
		required = required_in(&list->items[i].settings);
		if (required != NULL && demands_tls(required))
			return (&list->items[i]);
	}
	return (NULL);
}

const char *
check_entry_name(const struct conf_section *entry)
{
	return (entry->name == NULL ? entry->group : entry->name);
}

static void
check_entries_off(const struct build *build, size_t index,
    const struct given *own)
{
	const struct conf_host *host = &build->conf->hosts[index];
	const struct {
		const char *key;
		const struct conf_sections *list;
	} lists[] = {
		{ "users", &host->users },
		{ "directories", &host->directories },
		{ "anonymous.directories", &host->anonymous.directories },
	};
	const struct conf_section *entry;
	struct shown shown, shown_host;
	size_t i;

	for (i = 0; i < NITEMS(lists); i++) {
		entry = demanding_entry(lists[i].list);
		if (entry != NULL)
			report_add(build->load,
			    build_key_place(build, index, own, lists[i].key),
			    "%s: tls.required of %s demands TLS, but "
			    "tls.engine is off for %s",
			    lists[i].key,
			    report_show(&shown, check_entry_name(entry)),
			    check_host_name(build, index, &shown_host));
	}
}

/* Without TLS nothing can be demanded of it. */
static void
check_engine_off(const struct build *build, size_t index,
    const struct given *own)
{
	const struct conf_host *host = &build->conf->hosts[index];
	const struct conf_required *anonymous =
	    required_in(&host->anonymous.settings);
	struct shown shown;

	if (demands_tls(&host->tls.required))
		report_add(build->load,
		    build_key_place(build, index, own, "tls.required"),
		    "tls.required demands TLS, but tls.engine is off for %s",
		    check_host_name(build, index, &shown));
	else if (host->anonymous.enabled && anonymous != NULL &&
	    demands_tls(anonymous))
		report_add(build->load,
		    build_anonymous_place(build, index, own, "tls.required"),
		    "anonymous.tls.required demands TLS, but tls.engine is off "
		    "for %s",
		    check_host_name(build, index, &shown));
	if (has_implicit(host))
		report_add(build->load,
		    build_key_place(build, index, own, "listen"),
		    "an implicit listener, but tls.engine is off for %s",
		    check_host_name(build, index, &shown));
	check_entries_off(build, index, own);
}

static bool
relaxes(const struct conf_settings *settings)
{
	const struct conf_required *required = required_in(settings);

	return (required != NULL && !required->auth && !required->control);
}

/*
 * AllowPerUser puts off what the host demands until the user is known; that is
 * of no use, and likely a mistake, where it is the same for all users.
 */
static void
check_per_user(const struct build *build, size_t index, const struct given *own)
{
	const struct conf_host *host = &build->conf->hosts[index];
	struct shown shown;
	size_t i;

	if ((host->tls.options & CONF_TLS_ALLOW_PER_USER) == 0 ||
	    !host->tls.required.auth ||
	    (host->anonymous.enabled && relaxes(&host->anonymous.settings)))
		return;
	for (i = 0; i < host->users.count; i++)
		if (relaxes(&host->users.items[i].settings))
			return;
	report_add(build->load,
	    build_key_place(build, index, own, "tls.options"),
	    "AllowPerUser: tls.required demands TLS of every login of %s; let "
	    "an entry of users, or anonymous, do without",
	    check_host_name(build, index, &shown));
}

/* A public authority would vouch for anybody: there is no default. */
static void
check_verification(const struct build *build, size_t index,
    const struct given *own)
{
	const struct conf_tls *tls = &build->conf->hosts[index].tls;
	bool asked = tls->verify_client != CONF_VERIFY_OFF;
	struct shown shown;

	if (asked && tls->ca_certificate_file == NULL &&
	    tls->ca_certificate_path == NULL)
		report_add(build->load,
		    build_key_place(build, index, own, "tls.verify_client"),
		    "tls.verify_client is not off, but %s knows no authority: "
		    "set tls.ca_certificate_file or tls.ca_certificate_path",
		    check_host_name(build, index, &shown));
	if (asked && (tls->options & CONF_TLS_NO_CERT_REQUEST) != 0)
		report_add(build->load,
		    build_key_place(build, index, own, "tls.options"),
		    "NoCertRequest in tls.options contradicts "
		    "tls.verify_client for %s",
		    check_host_name(build, index, &shown));
	if (!asked && tls->user_name != NULL)
		report_notice(build->load,
		    build_key_place(build, index, own, "tls.user_name"),
		    "tls.user_name has no effect: tls.verify_client is off for "
		    "%s",
		    check_host_name(build, index, &shown));
	if (!asked && (tls->options & CONF_TLS_ALLOW_DOT_LOGIN) != 0)
		report_notice(build->load,
		    build_key_place(build, index, own, "tls.options"),
		    "AllowDotLogin in tls.options has no effect: "
		    "tls.verify_client is off for %s",
		    check_host_name(build, index, &shown));
}

static void
check_anonymous(const struct build *build, size_t index,
    const struct given *own)
{
	const struct conf_anonymous *anonymous =
	    &build->conf->hosts[index].anonymous;
	struct place place;
	struct shown shown;

	if (!anonymous->enabled)
		return;
	place = build_key_place(build, index, own, "anonymous.enabled");
	if (anonymous->directory == NULL)
		report_add(build->load, place,
		    "anonymous.enabled is on, but anonymous.directory is not "
		    "set for %s",
		    check_host_name(build, index, &shown));
	if (anonymous->user == NULL)
		report_add(build->load, place,
		    "anonymous.enabled is on, but anonymous.user is not set "
		    "for %s",
		    check_host_name(build, index, &shown));
}

/* TLS 1.3 has no DSA, and no client gets it by the library's defaults. */
static void
check_dsa(const struct build *build, size_t index, const struct given *own)
{
	static const char path[] = "tls.dsa_certificate_file";
	const struct conf_tls *tls = &build->conf->hosts[index].tls;
	size_t key = keys_index(keys_find(path));
	struct shown shown;

	if (own->nodes[key] == NULL &&
	    (parts_given(own) || build->defaults.nodes[key] == NULL))
		return;
	if ((tls->protocol & CONF_TLS_1_2) == 0)
		report_add(build->load,
		    build_key_place(build, index, own, path),
		    "%s: there is no DSA in TLS 1.3, and tls.protocol of %s "
		    "lacks TLSv1.2",
		    path, check_host_name(build, index, &shown));
	else if (!ciphers_for_dsa(tls->cipher_list))
		report_add(build->load,
		    build_key_place(build, index, own, path),
		    "%s: no cipher of tls.cipher_suite of %s is for DSA (name "
		    "one, such as DHE-DSS-AES256-GCM-SHA384)",
		    path, check_host_name(build, index, &shown));
}

void
check_host(const struct build *build, size_t index, const struct given *own)
{
	const struct conf_host *host = &build->conf->hosts[index];
	struct shown shown;

	if (build->load->partial)
		return;
	if (!host->tls.engine)
		check_engine_off(build, index, own);
	else if (host->tls.ncertificates == 0)
		report_add(build->load,
		    build_key_place(build, index, own, "tls.engine"),
		    "tls.engine is on, but %s has no certificate: set "
		    "tls.certificates",
		    check_host_name(build, index, &shown));
	else
		check_dsa(build, index, own);
	if (host->tls.engine)
		check_verification(build, index, own);
	check_banner(build, own);
	check_tls(build, index, own);
	check_paths(build, index, own);
	check_anonymous(build, index, own);
	check_per_user(build, index, own);
	if (index == 0 || host->nlisten > 0)
		return;
	if (host->name == NULL)
		report_add(build->load, build_place(build, index),
		    "a host needs a name, or addresses of its own to listen "
		    "on");
	if (build->conf->hosts[0].nlisten == 0)
		report_add(build->load, build_place(build, index),
		    "%s shares the listeners of the server, which has none: "
		    "set listen",
		    check_host_name(build, index, &shown));
}

/* --- names and listeners -------------------------------------------------- */

/* The text of a listener's address and port. */
static const char *
listener_text(const struct conf_listener *listener, char *out, size_t size)
{
	char address[ADDRESS_TEXT_MAX];

	(void)snprintf(out, size, "%s port %u",
	    address_text(&listener->address, address), listener->address.port);
	return (out);
}

/* "file:line", or the server. */
static const char *
where(const struct build *build, size_t host, char *out, size_t size)
{
	struct place place = build_place(build, host);

	if (host == 0)
		(void)snprintf(out, size, "the top level");
	else
		(void)snprintf(out, size, "%s:%u",
		    build->load->files[place.file].name, place.line);
	return (out);
}

static void
on_clash(const struct index_clash *clash, void *context)
{
	const struct build *build = context;
	struct place place = build_place(build, clash->second);
	char listener[ADDRESS_TEXT_MAX + 16] = "the listeners of the server";
	char other[256];
	struct shown shown;

	if (clash->listener != NULL)
		listener_text(clash->listener, listener, sizeof(listener));
	where(build, clash->first, other, sizeof(other));
	if (clash->implicit)
		report_add(build->load, place,
		    "%s is implicit for one host only: the other is %s",
		    listener, other);
	else if (clash->first == clash->second && clash->name == NULL)
		report_add(build->load, place, "%s is listed twice", listener);
	else if (clash->first == clash->second)
		report_add(build->load, place,
		    "the name %s stands twice in this host",
		    report_show(&shown, clash->name));
	else if (clash->name == NULL)
		report_add(build->load, place,
		    "a second host without a name on %s: the first is %s",
		    listener, other);
	else
		report_add(build->load, place,
		    "a second host with the name %s on %s: the first is %s",
		    report_show(&shown, clash->name), listener, other);
}

/* --- the whole ------------------------------------------------------------ */

static bool
is_listening(const struct conf *conf)
{
	size_t i;

	for (i = 0; i < conf->nhosts; i++)
		if (conf->hosts[i].nlisten > 0)
			return (true);
	return (false);
}

static void
check_server(const struct build *build, const struct given *own)
{
	const struct conf *conf = build->conf;

	if (conf->log_target == CONF_LOG_FILE && conf->log_file == NULL)
		report_add(build->load,
		    build_key_place(build, 0, own, "log.target"),
		    "log.target is file, but log.file is not set");
	if (conf->drain_hard < conf->drain_time)
		report_add(build->load,
		    build_key_place(build, 0, own, "drain_hard"),
		    "drain_hard is less than drain_time");
	if (strlen(conf->control_socket) >=
	    sizeof(((struct sockaddr_un *)0)->sun_path))
		report_add(build->load,
		    build_key_place(build, 0, own, "control.socket"),
		    "control.socket: the path is too long for a socket");
	if (!is_listening(conf))
		report_add(build->load, build_place(build, 0),
		    "nothing to listen on: set listen");
}

void
check_conf(const struct build *build, const struct given *own)
{
	struct build copy = *build;

	if (index_build(build->conf, on_clash, &copy) == -1 ||
	    names_build(build->conf) == -1) {
		report_no_memory(build->load);
		return;
	}
	if (!build->load->partial && build->server_good)
		check_server(build, own);
}
