#include "master/login/rules.h"

#include <string.h>
#include <unistd.h>

#include "shm/base/process.h"

void
rules_init(struct rules *rules, const struct conf *conf)
{
	const char *names[RULES_SERVICES];
	size_t i;

	memset(rules, 0, sizeof(*rules));
	rules->root = process_is_root() != 0;
	rules->own_uid = geteuid();
	rules->own_gid = getegid();
	if (!rules->root)
		return;
	names[0] = conf->user;
	names[1] = conf->cache_user;
	names[2] = conf->log_user;
	names[3] = conf->ocsp_user;
	for (i = 0; i < NITEMS(names); i++) {
		if (names[i] == NULL ||
		    process_find_user(names[i],
			&rules->service_uids[rules->nservices],
			&rules->service_gids[rules->nservices]) != 0)
			continue;
		rules->nservices++;
	}
}

static bool
is_service_group(const struct rules *rules, gid_t gid)
{
	size_t i;

	for (i = 0; i < rules->nservices; i++)
		if (gid == rules->service_gids[i])
			return (true);
	return (false);
}

static const char *
refuse_group(const struct rules *rules, gid_t gid)
{
	if (gid == 0)
		return ("its group 0 never logs in");
	if (gid == (gid_t)-1)
		return ("its group id is none");
	if (is_service_group(rules, gid))
		return ("its group is one of a service user");
	return (NULL);
}

static const char *
refuse_user(const struct rules *rules, uint32_t min_uid,
    const struct account *account)
{
	size_t i;

	if (account->uid == 0)
		return ("uid 0 never logs in");
	if (account->uid == (uid_t)-1)
		return ("its uid is none");
	for (i = 0; i < rules->nservices; i++)
		if (account->uid == rules->service_uids[i])
			return ("its uid is one of a service user");
	/* Anonymous sessions run as a system user that the administrator set.
	 */
	if ((account->policy & LOGIN_ANONYMOUS) == 0 && account->uid < min_uid)
		return ("its uid is below min_uid");
	return (NULL);
}

const char *
rules_refuse(const struct rules *rules, const struct conf_host *host,
    const struct account *account)
{
	const char *why;
	uint32_t i;

	if (!rules->root) {
		if (account->uid != rules->own_uid)
			return ("its uid is not the one that ftpsd runs as, "
				"which has no other without root");
		if (account->gid != rules->own_gid || account->ngroups != 0)
			return ("its group is not the one that ftpsd runs as, "
				"which has no other without root");
		return (NULL);
	}
	why = refuse_user(rules, host->min_uid, account);
	if (why == NULL)
		why = refuse_group(rules, account->gid);
	for (i = 0; why == NULL && i < account->ngroups; i++)
		why = refuse_group(rules, account->groups[i]);
	return (why);
}
