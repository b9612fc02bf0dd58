#include "worker/agent/rules.h"

#include <stdlib.h>

static bool
is_on(const struct conf_subject *subject, const char *path, size_t offset)
{
	const bool *on = subject_find(subject, path, offset);

	return (*on);
}

static void
make(struct rules *rules, const struct conf_subject *subject, const char *path)
{
	const enum conf_hide *hide =
	    subject_find(subject, path, CONF_FIELD(hide_dotfiles));
	const struct conf_required *required =
	    subject_find(subject, path, CONF_FIELD(tls.required));

	rules->deny = subject_find(subject, path, CONF_FIELD(deny));
	rules->hide_dotfiles = *hide;
	rules->data = required->data;
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
