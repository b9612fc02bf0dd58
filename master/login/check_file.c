/* Logins from the users file of a host. */
#include <string.h>

#include "master/login/check.h"
#include "master/login/password.h"

/* Looks the file up among those in memory and moves it to the front. */
static struct users *
find_file(struct check_files *files, const char *path)
{
	struct users *found;
	size_t i;

	for (i = 0; i < CHECK_FILES_MAX - 1; i++)
		if (files->items[i] == NULL ||
		    strcmp(files->items[i]->path, path) == 0)
			break;
	found = files->items[i];
	if (found == NULL || strcmp(found->path, path) != 0) {
		users_free(&files->items[i]);
		found = users_new(path);
		if (found == NULL)
			return (NULL);
	}
	for (; i > 0; i--)
		files->items[i] = files->items[i - 1];
	files->items[0] = found;
	return (found);
}

static void
tell_mistakes(const struct users *users, struct check_result *result)
{
	if (users->nmistakes == 0)
		return;
	if (users->nmistakes == 1)
		check_reason(result, "%s", users->mistakes);
	else
		check_reason(result, "%s (and %u more mistakes)",
		    users->mistakes, users->nmistakes - 1);
	result->mistakes = strlen(result->reason);
}

static struct users *
load_file(struct check_files *files, const struct check_question *question,
    struct check_result *result)
{
	struct users *users;

	if (question->host->users_file == NULL)
		return (NULL);
	users = find_file(files, question->host->users_file);
	if (users == NULL) {
		check_reason(result, "users file: memory is short");
		return (NULL);
	}
	switch (users_load(users)) {
	case USERS_SAME:
		break;
	case USERS_MISSING:
		check_reason(result, "%s does not exist", users->path);
		break;
	case USERS_READ:
	case USERS_REFUSED:
		tell_mistakes(users, result);
		break;
	}
	return (users);
}

static bool
fill_account(struct account *account, const struct users_entry *entry)
{
	memset(account, 0, sizeof(*account));
	account->uid = entry->uid;
	account->gid = entry->gid;
	return (account_text(account->name, sizeof(account->name), entry->name,
		    strlen(entry->name)) &&
	    account_text(account->home, sizeof(account->home), entry->home,
		strlen(entry->home)));
}

/* Why the entry cannot log in with any password, or certificate, or NULL. */
static const char *
refuse_entry(const struct check_question *question,
    const struct users_entry *entry, struct check_result *result)
{
	if (entry == NULL || !question->legible)
		return ("no such user");
	if (question->certificate == NULL && question->password[0] == '\0')
		return ("the password is empty");
	if (!users_can_log_in(entry))
		return ("the account is locked");
	if (!fill_account(&result->account, entry))
		return ("its line is too long");
	return (rules_refuse(&question->setting->rules, question->host,
	    &result->account));
}

/*
 * Each failure computes one hash of every kind that is in the file, so that
 * neither the name nor the kind of its hash shows in the time.
 */
static void
waste_time(const struct users *users, const struct users_entry *computed,
    const char *password)
{
	size_t i;

	for (i = 0; i < users->nmethods; i++)
		if (computed == NULL ||
		    !users_same_method(&users->methods[i], computed->hash))
			password_waste_time(password,
			    users->methods[i].example);
	if (users->nmethods == 0)
		password_waste_time(password, NULL);
}

bool
check_by_file(struct check_files *files, const struct check_question *question,
    struct check_result *result)
{
	const struct users_entry *entry;
	const struct users *users;
	const char *why;

	users = load_file(files, question, result);
	if (users == NULL)
		return (false);
	entry = users_find(users, question->user);
	why = refuse_entry(question, entry, result);
	if (why == NULL) {
		if (password_matches(question->password, entry->hash)) {
			check_group_name(&result->account);
			return (true);
		}
		why = "wrong password";
	} else
		entry = NULL;
	waste_time(users, entry, question->password);
	check_reason(result, "%s: %s", users->path, why);
	return (false);
}

bool
check_find_in_file(struct check_files *files,
    const struct check_question *question, struct check_result *result)
{
	const struct users *users;
	const char *why;

	users = load_file(files, question, result);
	if (users == NULL)
		return (false);
	why = refuse_entry(question, users_find(users, question->user), result);
	if (why == NULL) {
		check_group_name(&result->account);
		return (true);
	}
	check_reason(result, "%s: %s", users->path, why);
	return (false);
}
