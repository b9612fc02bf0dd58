#include "master/section_groups.h"

#include <errno.h>
#include <grp.h>
#include <string.h>

/* 0, or why the group is none, as an errno. */
static int
find_group(const char *name)
{
	if (name[strspn(name, "0123456789")] == '\0')
		return (0);
	errno = 0;
	/* Loading a configuration is done in one thread. */
	if (getgrnam(name) != NULL) /* NOLINT(concurrency-mt-unsafe) */
		return (0);
	return (errno == 0 ? ENOENT : errno);
}

static void
tell(const char *name, int error, const char *path, struct conf_errors *errors)
{
	conf_errors_add(errors, path, 0, 0, "users: group \"%s\": %s", name,
	    error == ENOENT ? "there is no such group" : strerror(error));
}

/* Hosts that inherit their entries ask for the same groups in turn. */
static bool
was_asked(const struct conf *conf, size_t host, size_t entry, const char *name)
{
	const struct conf_sections *before;

	if (host == 0)
		return (false);
	before = &conf->hosts[host - 1].users;
	return (entry < before->count && before->items[entry].group != NULL &&
	    strcmp(before->items[entry].group, name) == 0);
}

void
section_groups_check(const struct conf *conf, const char *path,
    struct conf_errors *errors)
{
	const struct conf_sections *users;
	const char *name;
	size_t i, j;
	int error;

	for (i = 0; i < conf->nhosts; i++) {
		users = &conf->hosts[i].users;
		for (j = 0; j < users->count && users->ngroups > 0; j++) {
			name = users->items[j].group;
			if (name == NULL || was_asked(conf, i, j, name))
				continue;
			error = find_group(name);
			if (error != 0)
				tell(name, error, path, errors);
		}
	}
}
