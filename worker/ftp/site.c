#include "worker/ftp/site.h"

#include <string.h>
#include <strings.h>

#include "worker/ftp/command.h"
#include "worker/ftp/files.h"
#include "worker/ftp/verbs.h"

static const struct site {
	const char *name;
	enum flow (*run)(struct session *session, const char *text);
	enum verb_argument argument;
	unsigned int flags;
	const char *help;
} sites[] = {
#define SITE(name, handler, argument, flags, help) \
	{ name, site_##handler, ARGUMENT_##argument, flags, help },
#include "worker/ftp/site.def"
#undef SITE
};

static const struct site *
find(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < NITEMS(sites); i++)
		if (strlen(sites[i].name) == len &&
		    strncasecmp(sites[i].name, name, len) == 0)
			return (&sites[i]);
	return (NULL);
}

enum flow
site_help(struct session *session, const char *text)
{
	const struct site *site;
	size_t i;

	if (*text != '\0') {
		site = find(text, strlen(text));
		if (site == NULL)
			return (session_answer(session, 502,
			    "No such SITE command."));
		return (session_answer(session, 214, "Syntax: %s", site->help));
	}
	reply_begin(&session->reply, 214, "SITE commands:");
	for (i = 0; i < NITEMS(sites); i++)
		reply_line(&session->reply, "%s", sites[i].help);
	reply_end(&session->reply, "End");
	return (session_goto(session, &step_command));
}

enum flow
verb_site(struct session *session, const char *text)
{
	size_t len = strcspn(text, " ");
	const char *argument = text + len + (text[len] == ' ');
	const struct site *site = find(text, len);

	if (site == NULL || site->run != site_cpto)
		files_forget(session);
	if (site == NULL)
		return (session_answer(session, 500,
		    "SITE command not understood."));
	if (site->argument == ARGUMENT_NONE && *argument != '\0')
		return (session_answer(session, 501,
		    "SITE %s takes no argument.", site->name));
	if (site->argument == ARGUMENT_REQUIRED && *argument == '\0')
		return (session_answer(session, 501, "Syntax: %s", site->help));
	if (!command_may(session, site->flags & VERB_PATH))
		return (session_goto(session, &step_command));
	return (site->run(session, argument));
}
