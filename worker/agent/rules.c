#include "worker/agent/rules.h"

#include <stdlib.h>

#include "shm/ipc/body.h"

static bool
is_on(const struct conf_subject *subject, const char *path, size_t offset)
{
	const bool *on = subject_find(subject, path, offset);

	return (*on);
}

static uint32_t
number(const struct conf_subject *subject, const char *path, size_t offset)
{
	const uint32_t *value = subject_find(subject, path, offset);

	return (*value);
}

static void
make(struct rules *rules, const struct conf_subject *subject, const char *path)
{
	const enum conf_hide *hide =
	    subject_find(subject, path, CONF_FIELD(hide_dotfiles));
	const struct conf_required *required =
	    subject_find(subject, path, CONF_FIELD(tls.required));
	const uint64_t *hash_max_size =
	    subject_find(subject, path, CONF_FIELD(hash_max_size));

	rules->deny = subject_find(subject, path, CONF_FIELD(deny));
	rules->hide_dotfiles = *hide;
	rules->data = required->data;
	rules->hash_max_size = *hash_max_size;
	rules->hash_on_upload =
	    number(subject, path, CONF_FIELD(hash_on_upload));
	rules->umask = number(subject, path, CONF_FIELD(umask));
	rules->file_mode = number(subject, path, CONF_FIELD(file_mode));
	rules->allow_chmod = is_on(subject, path, CONF_FIELD(allow_chmod));
	rules->allow_symlinks =
	    is_on(subject, path, CONF_FIELD(allow_symlinks));
	rules->list_recursive =
	    is_on(subject, path, CONF_FIELD(list_recursive));
	rules->show_symlinks = is_on(subject, path, CONF_FIELD(show_symlinks));
	rules->rename_replaces =
	    is_on(subject, path, CONF_FIELD(rename_replaces));
	rules->read_only = is_on(subject, path, CONF_FIELD(read_only));
	rules->upload_only = is_on(subject, path, CONF_FIELD(upload_only));
	rules->made = true;
}

int
rulebook_init(struct rulebook *book, const struct conf_subject *subject)
{
	size_t count = subject_directories(subject)->count + 1;

	book->subject = *subject;
	book->rules = calloc(count, sizeof(*book->rules));
	return (book->rules == NULL ? -1 : 0);
}

void
rulebook_free(struct rulebook *book)
{
	free(book->rules);
	book->rules = NULL;
}

const struct rules *
rulebook_at(const struct rulebook *book, const char *path)
{
	const struct conf_sections *list = subject_directories(&book->subject);
	const struct conf_section *entry =
	    path == NULL ? NULL : conf_directory(list, path, NULL);
	struct rules *rules = book->rules;

	if (entry != NULL)
		rules += 1 + (entry - list->items);
	/* All that are for the path are for the entry's own, too. */
	if (!rules->made)
		make(rules, &book->subject, entry == NULL ? NULL : entry->name);
	return (rules);
}

/* Where no permissions may be changed, a session can only leave fewer. */
mode_t
rules_mode(const struct rules *rules, mode_t most, uint32_t mode)
{
	most &= mode & 0777;
	return ((mode & FS_MODE_OWN) != 0 && rules->allow_chmod
		? most
		: most & ~rules->umask);
}
