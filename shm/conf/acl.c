/* control.acl and local_file_systems. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shm/conf/value.h"

/* --- control.acl ---------------------------------------------------------- */

static const char *const fields[] = { "actions", "access", "users", "groups" };
enum {
	FIELD_ACTIONS,
	FIELD_ACCESS,
	FIELD_USERS,
	FIELD_GROUPS
};

static const struct word actions[] = {
#define CONTROL(name, text, options, help) { (text), 0 },
#include "shm/base/control.def"
#undef CONTROL
	{ "all", 0 },
};

static const struct word accesses[] = {
	{ "allow", false },
	{ "deny", true },
};

/* One word of commands that have two stands for all that have it. */
static bool
is_group_of_actions(const char *text)
{
	const char *second;
	size_t i, len = strlen(text);

	for (i = 0; i < NITEMS(actions); i++) {
		second = strchr(actions[i].text, ' ');
		if (second == NULL)
			continue;
		if ((strncasecmp(actions[i].text, text, len) == 0 &&
			actions[i].text[len] == ' ') ||
		    strcasecmp(second + 1, text) == 0)
			return (true);
	}
	return (false);
}

/* Adds one of the words, as others write it: in small letters. */
static bool
add_lower(const struct value *value, struct conf_strings *list,
    const char *text)
{
	if (!strings_add(value->load, list, text))
		return (false);
	scalar_lower(list->items[list->count - 1]);
	return (true);
}

static bool
add_action(const struct value *value, const struct node *node, const char *text,
    void *context)
{
	unsigned int number;

	if (!is_group_of_actions(text) &&
	    !words_find(value, node, text, actions, NITEMS(actions), &number))
		return (false);
	return (add_lower(value, context, text));
}

static bool
add_name(const struct value *value, const struct node *node, const char *text,
    void *context)
{
	return (
	    (strcmp(text, "*") == 0 || scalar_check_name(value, node, text)) &&
	    strings_add(value->load, context, text));
}

static bool
take_access(const struct value *value, const struct node *node,
    struct conf_acl *acl)
{
	const char *text = value_text(value, node);
	unsigned int deny;

	if (text == NULL ||
	    !words_find(value, node, text, accesses, NITEMS(accesses), &deny))
		return (false);
	acl->deny = deny != 0;
	return (true);
}

static bool
take_field(const struct value *value, size_t field, const struct node *node,
    void *context)
{
	struct conf_acl *acl = context;

	if (field == FIELD_ACCESS)
		return (take_access(value, node, acl));
	if (field == FIELD_ACTIONS)
		return (
		    words_walk_items(value, node, add_action, &acl->actions));
	return (words_walk(value, node, add_name,
	    field == FIELD_USERS ? &acl->users : &acl->groups));
}

static bool
read_rule(const struct value *value, const struct node *node,
    struct conf_acl *acl)
{
	if (!fields_walk(value, node, fields, NITEMS(fields), take_field, acl))
		return (false);
	if (acl->actions.count == 0)
		value_refuse(value, node, "actions are missing");
	else if (acl->users.count == 0 && acl->groups.count == 0)
		value_refuse(value, node, "users or groups are missing");
	else
		return (true);
	return (false);
}

static void
free_rules(struct conf_acl *list, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		strings_free(&list[i].actions);
		strings_free(&list[i].users);
		strings_free(&list[i].groups);
	}
	free(list);
}

bool
acl_read(const struct value *value)
{
	struct conf *conf = value->object;
	const struct node *node;
	struct conf_acl *list;
	bool good = true;
	size_t i = 0;

	if (value->node->kind != NODE_LIST) {
		value_refuse(value, value->node,
		    "takes a list, such as "
		    "\"- {actions: [status], groups: [adm]}\"");
		return (false);
	}
	list = calloc((size_t)value->node->count + 1, sizeof(*list));
	if (list == NULL) {
		report_no_memory(value->load);
		return (false);
	}
	for (node = value->node->first; node != NULL; node = node->next)
		good = read_rule(value, node, &list[i++]) && good;
	if (!good) {
		free_rules(list, i);
		return (false);
	}
	free_rules(conf->control_acl, conf->ncontrol_acl);
	conf->control_acl = list;
	conf->ncontrol_acl = i;
	return (true);
}

static int
write_field(struct buf *out, const char *name,
    const struct conf_strings *strings)
{
	if (buf_printf(out, "%s: ", name) == -1)
		return (-1);
	return (strings_write(out, strings));
}

static int
write_rule(struct buf *out, const struct conf_acl *acl)
{
	if (buf_append(out, "{", 1) == -1 ||
	    write_field(out, "actions", &acl->actions) == -1 ||
	    (acl->deny && buf_printf(out, ", access: deny") == -1) ||
	    write_field(out, ", users", &acl->users) == -1 ||
	    write_field(out, ", groups", &acl->groups) == -1)
		return (-1);
	return (buf_append(out, "}", 1));
}

int
acl_write(struct buf *out, const struct conf_key *key, const void *object)
{
	const struct conf *conf = object;
	size_t i;
	int ret;

	(void)key;
	ret = buf_append(out, "[", 1);
	for (i = 0; i < conf->ncontrol_acl && ret == 0; i++) {
		if (i > 0)
			ret = buf_append(out, ", ", 2);
		if (ret == 0)
			ret = write_rule(out, &conf->control_acl[i]);
	}
	return (ret == 0 ? buf_append(out, "]", 1) : ret);
}

void
acl_release(const struct conf_key *key, void *object)
{
	struct conf *conf = object;

	(void)key;
	free_rules(conf->control_acl, conf->ncontrol_acl);
	conf->control_acl = NULL;
	conf->ncontrol_acl = 0;
}

/* --- local_file_systems --------------------------------------------------- */

/* Those that the agents know too. */
static const struct word file_systems[] = {
	{ "9p", 0 },
	{ "afs", 0 },
	{ "bcachefs", 0 },
	{ "btrfs", 0 },
	{ "ceph", 0 },
	{ "cifs", 0 },
	{ "ecryptfs", 0 },
	{ "erofs", 0 },
	{ "exfat", 0 },
	{ "ext2", 0 },
	{ "ext3", 0 },
	{ "ext4", 0 },
	{ "f2fs", 0 },
	{ "fuse", 0 },
	{ "iso9660", 0 },
	{ "jfs", 0 },
	{ "nfs", 0 },
	{ "nilfs2", 0 },
	{ "ntfs3", 0 },
	{ "overlay", 0 },
	{ "ramfs", 0 },
	{ "reiserfs", 0 },
	{ "smb3", 0 },
	{ "squashfs", 0 },
	{ "tmpfs", 0 },
	{ "udf", 0 },
	{ "vfat", 0 },
	{ "xfs", 0 },
	{ "zfs", 0 },
};

static bool
add_file_system(const struct value *value, const struct node *node,
    const char *text, void *context)
{
	unsigned int number;

	return (words_find(value, node, text, file_systems,
		    NITEMS(file_systems), &number) &&
	    add_lower(value, context, text));
}

bool
file_systems_read(const struct value *value)
{
	struct conf *conf = value->object;
	struct conf_strings list = { NULL, 0 };

	if (!words_walk(value, value->node, add_file_system, &list)) {
		strings_free(&list);
		return (false);
	}
	strings_free(&conf->local_file_systems);
	conf->local_file_systems = list;
	return (true);
}
