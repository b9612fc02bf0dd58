#include "shm/conf/subject.h"

#include <string.h>

struct conf_subject
subject_of(const struct conf_host *host, const char *user, uint64_t groups,
    bool anonymous)
{
	struct conf_subject subject;

	memset(&subject, 0, sizeof(subject));
	subject.host = host;
	subject.anonymous = anonymous;
	if (!anonymous) {
		subject.user = conf_user(host, user);
		subject.groups = groups;
	}
	return (subject);
}

const struct conf_sections *
subject_directories(const struct conf_subject *subject)
{
	const struct conf_host *host = subject->host;

	return (subject->anonymous ? &host->anonymous.directories
				   : &host->directories);
}

static const void *
find_by_path(const struct conf_subject *subject, const char *path,
    size_t offset)
{
	const struct conf_sections *list = subject_directories(subject);
	const struct conf_section *section = NULL;
	const void *found = NULL;

	while (found == NULL &&
	    (section = conf_directory(list, path, section)) != NULL)
		found = conf_setting(&section->settings, offset);
	return (found);
}

/* Login numbers the entries for groups in their order. */
static const void *
find_by_group(const struct conf_subject *subject, size_t offset)
{
	const struct conf_sections *users = &subject->host->users;
	uint64_t bit = 1;
	const void *found = NULL;
	size_t i;

	for (i = 0; i < users->count && found == NULL; i++) {
		if (users->items[i].group == NULL)
			continue;
		if ((subject->groups & bit) != 0)
			found = conf_setting(&users->items[i].settings, offset);
		bit <<= 1;
	}
	return (found);
}

const void *
subject_own(const struct conf_subject *subject, size_t offset)
{
	const struct conf_settings *anonymous =
	    &subject->host->anonymous.settings;
	const void *found = NULL;

	if (subject->user != NULL)
		found = conf_setting(&subject->user->settings, offset);
	if (found == NULL && subject->groups != 0)
		found = find_by_group(subject, offset);
	if (found == NULL && subject->anonymous && anonymous->count > 0)
		found = conf_setting(anonymous, offset);
	return (found);
}

const void *
subject_find(const struct conf_subject *subject, const char *path,
    size_t offset)
{
	const void *found = NULL;

	if (path != NULL)
		found = find_by_path(subject, path, offset);
	if (found == NULL)
		found = subject_own(subject, offset);
	if (found == NULL)
		found = (const char *)subject->host + offset;
	return (found);
}
