/* The entries of `users` that are for an account's groups. */
#include <errno.h>
#include <grp.h>
#include <string.h>

#include "master/login/check.h"

static bool
is_number(const char *text, uint32_t *number)
{
	uint64_t sum = 0;

	for (; *text >= '0' && *text <= '9' && sum <= UINT32_MAX; text++)
		sum = sum * 10 + (uint64_t)(*text - '0');
	*number = (uint32_t)sum;
	return (*text == '\0' && sum < UINT32_MAX);
}

/*
 * The group's number: given as such, or the system's.  0; ENOENT: nobody is in
 * it; else it could not be asked for.
 */
static int
find_group(const char *name, uint32_t *gid)
{
	static char buffer[64 * 1024];
	struct group entry, *found = NULL;
	int error;

	if (is_number(name, gid))
		return (0);
	error = getgrnam_r(name, &entry, buffer, sizeof(buffer), &found);
	if (found != NULL) {
		*gid = found->gr_gid;
		return (0);
	}
	return (error == 0 || error == ESRCH ? ENOENT : error);
}

/* The same for a system's account of more groups than an agent can have. */
static bool
is_listed(const struct account *account, uint32_t gid)
{
	static gid_t groups[65536];
	int i, n = (int)NITEMS(groups);

	if (getgrouplist(account->name, account->gid, groups, &n) == -1)
		n = (int)NITEMS(groups);
	for (i = 0; i < n; i++)
		if (groups[i] == gid)
			return (true);
	return (false);
}

static bool
is_in(const struct account *account, uint32_t gid)
{
	uint32_t i;

	if (account->gid == gid)
		return (true);
	for (i = 0; i < account->ngroups; i++)
		if (account->groups[i] == gid)
			return (true);
	return (account->more_groups && is_listed(account, gid));
}

int
check_entries(const struct conf_host *host, struct account *account)
{
	const struct conf_sections *users = &host->users;
	uint64_t bit = 1;
	uint32_t gid;
	int error;
	size_t i;

	account->entries = 0;
	for (i = 0; i < users->count && users->ngroups > 0; i++) {
		if (users->items[i].group == NULL)
			continue;
		error = find_group(users->items[i].group, &gid);
		if (error != 0 && error != ENOENT)
			return (error);
		if (error == 0 && is_in(account, gid))
			account->entries |= bit;
		bit <<= 1;
	}
	return (0);
}
