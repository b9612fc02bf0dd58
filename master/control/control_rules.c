#include "master/control/control_rules.h"

#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shm/base/process.h"

/* One entry of control.acl. */
struct rule {
	uint32_t commands; /* CONTROL_BIT */
	bool deny;         /* all but these */
	bool everybody;
	uid_t *uids;
	size_t nuids;
	gid_t *gids;
	size_t ngids;
};

struct control_rules {
	struct service_users users;
	struct rule *items;
	size_t count;
};

static const char *const texts[CONTROL_COUNT] = {
#define CONTROL(name, text, options, help) [CONTROL_##name] = (text),
#include "shm/base/control.def"
#undef CONTROL
};

#define ALL_COMMANDS (CONTROL_BIT(CONTROL_COUNT) - 1)

enum control_command
control_find(const char *text)
{
	unsigned int i;

	for (i = 0; i < CONTROL_COUNT; i++)
		if (strcmp(texts[i], text) == 0)
			break;
	return ((enum control_command)i);
}

const char *
control_text(enum control_command command)
{
	return (texts[command]);
}

/*
 * "all", a command, or one word of those that have two: "sesscache" is all that
 * can be done with it, "clear" is clearing whatever can be.
 */
static uint32_t
commands_of(const char *action)
{
	size_t len = strlen(action);
	const char *second;
	uint32_t set = 0;
	unsigned int i;

	if (strcmp(action, "all") == 0)
		return (ALL_COMMANDS);
	for (i = 0; i < CONTROL_COUNT; i++) {
		second = strchr(texts[i], ' ');
		if ((strncmp(texts[i], action, len) == 0 &&
			(texts[i][len] == '\0' || texts[i][len] == ' ')) ||
		    (second != NULL && strcmp(second + 1, action) == 0))
			set |= CONTROL_BIT(i);
	}
	return (set);
}

struct context {
	const char *path;
	struct conf_errors *errors;
};

static void
add_user(struct rule *rule, const char *name, const struct context *context)
{
	gid_t gid;
	int error;

	if (strcmp(name, "*") == 0) {
		rule->everybody = true;
		return;
	}
	error = process_find_user(name, &rule->uids[rule->nuids], &gid);
	if (error == 0)
		rule->nuids++;
	else
		conf_errors_add(context->errors, context->path, 0, 0,
		    "control.acl: user \"%s\": %s", name,
		    error == ENOENT ? "there is no such user"
				    : strerror(error));
}

static void
add_group(struct rule *rule, const char *name, const struct context *context)
{
	const struct group *group;

	errno = 0;
	/* Loading a configuration is done in one thread. */
	group = getgrnam(name); /* NOLINT(concurrency-mt-unsafe) */
	if (group != NULL)
		rule->gids[rule->ngids++] = group->gr_gid;
	else
		conf_errors_add(context->errors, context->path, 0, 0,
		    "control.acl: group \"%s\": %s", name,
		    errno == 0 ? "there is no such group" : strerror(errno));
}

static int
compile(struct rule *rule, const struct conf_acl *entry,
    const struct context *context)
{
	uint32_t commands;
	size_t i;

	rule->deny = entry->deny;
	rule->uids = calloc(entry->users.count + 1, sizeof(*rule->uids));
	rule->gids = calloc(entry->groups.count + 1, sizeof(*rule->gids));
	if (rule->uids == NULL || rule->gids == NULL)
		return (-1);
	for (i = 0; i < entry->actions.count; i++) {
		commands = commands_of(entry->actions.items[i]);
		if (commands == 0)
			conf_errors_add(context->errors, context->path, 0, 0,
			    "control.acl: there is no action \"%s\"",
			    entry->actions.items[i]);
		rule->commands |= commands;
	}
	for (i = 0; i < entry->users.count; i++)
		add_user(rule, entry->users.items[i], context);
	for (i = 0; i < entry->groups.count; i++)
		add_group(rule, entry->groups.items[i], context);
	return (0);
}

struct control_rules *
control_rules_new(const struct conf *conf, const struct service_users *users,
    const char *path, struct conf_errors *errors)
{
	const struct context context = { path, errors };
	struct control_rules *rules;
	size_t i;

	rules = calloc(1, sizeof(*rules));
	if (rules == NULL)
		return (NULL);
	rules->users = *users;
	rules->items = calloc(conf->ncontrol_acl + 1, sizeof(*rules->items));
	if (rules->items == NULL) {
		control_rules_free(&rules);
		return (NULL);
	}
	for (i = 0; i < conf->ncontrol_acl; i++) {
		rules->count = i + 1;
		if (compile(&rules->items[i], &conf->control_acl[i],
			&context) == -1) {
			control_rules_free(&rules);
			return (NULL);
		}
	}
	return (rules);
}

void
control_rules_free(struct control_rules **rules)
{
	size_t i;

	if (*rules == NULL)
		return;
	for (i = 0; (*rules)->items != NULL && i < (*rules)->count; i++) {
		free((*rules)->items[i].uids);
		free((*rules)->items[i].gids);
	}
	free((*rules)->items);
	free(*rules);
	*rules = NULL;
}

static bool
has_group(const struct control_peer *peer, gid_t gid)
{
	size_t i;

	if (peer->gid == gid)
		return (true);
	for (i = 0; i < peer->ngroups; i++)
		if (peer->groups[i] == gid)
			return (true);
	return (false);
}

static bool
matches(const struct rule *rule, const struct control_peer *peer)
{
	size_t i;

	if (rule->everybody)
		return (true);
	for (i = 0; i < rule->nuids; i++)
		if (rule->uids[i] == peer->uid)
			return (true);
	for (i = 0; i < rule->ngids; i++)
		if (has_group(peer, rule->gids[i]))
			return (true);
	return (false);
}

uint32_t
control_rules_allowed(const struct control_rules *rules,
    const struct control_peer *peer)
{
	uint32_t allowed = 0, denied = 0;
	size_t i;

	if (peer->uid == 0 || peer->uid == geteuid())
		return (ALL_COMMANDS);
	if (service_users_has(&rules->users, peer->uid))
		return (0);
	for (i = 0; i < rules->count; i++) {
		if (rules->items[i].deny && matches(&rules->items[i], peer))
			denied |= rules->items[i].commands;
		else if (rules->items[i].deny ||
		    matches(&rules->items[i], peer))
			allowed |= rules->items[i].commands;
	}
	return (allowed & ~denied);
}
