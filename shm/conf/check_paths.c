/* What must hold between the keys of policies of paths. */
#include "shm/conf/build.h"

static bool
setting(const struct conf_settings *settings, size_t field, bool otherwise)
{
	const bool *own = conf_setting(settings, field);

	return (own == NULL ? otherwise : *own);
}

/* Whether an entry says that read_only is off: what is on may be meant there.
 */
static bool
lifts_read_only(const struct conf_sections *list)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (!setting(&list->items[i].settings, CONF_FIELD(read_only),
			true))
			return (true);
	return (false);
}

/* What is given to the entries of a list, and where that is told. */
struct entries {
	const char *key;
	const struct conf_sections *list;
	bool read_only; /* of those that do not say */
};

static void
tell_entries(const struct build *build, size_t index, const struct given *own,
    const struct entries *entries)
{
	const struct conf_section *entry;
	struct shown shown;
	size_t i;

	for (i = 0; i < entries->list->count; i++) {
		entry = &entries->list->items[i];
		if (setting(&entry->settings, CONF_FIELD(upload_only), false) &&
		    setting(&entry->settings, CONF_FIELD(read_only),
			entries->read_only))
			report_notice(build->load,
			    build_key_place(build, index, own, entries->key),
			    "%s: upload_only of %s lets nothing be added: "
			    "read_only is on",
			    entries->key,
			    report_show(&shown, check_entry_name(entry)));
	}
}

static void
check_accounts(const struct build *build, size_t index, const struct given *own)
{
	const struct conf_host *host = &build->conf->hosts[index];
	const struct entries users = { "users", &host->users, host->read_only };
	const struct entries directories = { "directories", &host->directories,
		host->read_only };

	if (lifts_read_only(users.list) || lifts_read_only(directories.list))
		return;
	if (host->upload_only && host->read_only)
		report_notice(build->load,
		    build_key_place(build, index, own, "upload_only"),
		    "upload_only lets nothing be added: read_only is on");
	tell_entries(build, index, own, &users);
	tell_entries(build, index, own, &directories);
}

/* Whose read_only is on if nobody says otherwise. */
static void
check_anonymous_paths(const struct build *build, size_t index,
    const struct given *own)
{
	const struct conf_anonymous *anonymous =
	    &build->conf->hosts[index].anonymous;
	const struct entries directories = { "anonymous.directories",
		&anonymous->directories,
		setting(&anonymous->settings, CONF_FIELD(read_only), true) };

	if (!anonymous->enabled || lifts_read_only(directories.list))
		return;
	if (directories.read_only &&
	    setting(&anonymous->settings, CONF_FIELD(upload_only), false))
		report_notice(build->load,
		    build_anonymous_place(build, index, own, "upload_only"),
		    "anonymous.upload_only lets nothing be added: "
		    "anonymous.read_only is on");
	tell_entries(build, index, own, &directories);
}

void
check_paths(const struct build *build, size_t index, const struct given *own)
{
	check_accounts(build, index, own);
	check_anonymous_paths(build, index, own);
}
