/* ftpsctl - asks a running ftpsd; see ftpsctl(8). */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/check.h"
#include "ctl/client.h"
#include "ctl/show.h"
#include "shm/base/attr.h"
#include "shm/base/control.h"

#define DEFAULT_SOCKET "/run/ftpsd/control.sock"

static const struct {
	const char *text, *options, *help;
	void (*show)(const json_t *answer);
} commands[CONTROL_COUNT] = {
	[CONTROL_SESSCACHE_CLEAR].show = show_sesscache_clear,
	[CONTROL_SESSCACHE_INFO].show = show_sesscache_info,
	[CONTROL_SESSCACHE_REMOVE].show = show_sesscache_remove,
	[CONTROL_OCSPCACHE_CLEAR].show = show_ocspcache_clear,
	[CONTROL_OCSPCACHE_INFO].show = show_ocspcache_info,
	[CONTROL_OCSPCACHE_REMOVE].show = show_ocspcache_remove,
	[CONTROL_RELOAD].show = show_reload,
	[CONTROL_STATUS].show = show_status,
	[CONTROL_STOP].show = show_stop,
	[CONTROL_TLS_INFO].show = show_tls_info,
	[CONTROL_TLS_CHECK].show = check_show,
	[CONTROL_TRACE].show = show_trace,
#define CONTROL(name, words, flags, what)                                    \
	[CONTROL_##name].text = (words), [CONTROL_##name].options = (flags), \
	[CONTROL_##name].help = (what),
#include "shm/base/control.def"
#undef CONTROL
};

struct request {
	const char *socket;
	bool json;
	bool verbose;
	enum control_command command;
	char **arguments;
	int count; /* of arguments */
	long days; /* tls check */
};

static bool
takes_arguments(unsigned int command)
{
	return (commands[command].options[0] == '[' &&
	    commands[command].options[1] != '-');
}

static void
usage(FILE *out)
{
	size_t i;

	(void)fputs("usage: ftpsctl [-hV] [--json] [-s socket] command\n", out);
	(void)fputs("  -s socket  the control socket (" DEFAULT_SOCKET ")\n",
	    out);
	(void)fputs("  --json     print the answer as JSON\n", out);
	(void)fputs("commands:\n", out);
	for (i = 0; i < CONTROL_COUNT; i++)
		(void)fprintf(out, "  %-16s %-4s  %s\n", commands[i].text,
		    takes_arguments((unsigned int)i) ? "..."
						     : commands[i].options,
		    commands[i].help);
}

static NORETURN void
wrong_usage(const char *text)
{
	(void)fprintf(stderr, "ftpsctl: %s\n", text);
	usage(stderr);
	exit(STATUS_USAGE);
}

/* How many of the words, with a space between, are that text; 0: it is not. */
static int
command_words(const char *text, char **words, int count)
{
	size_t len;
	int i;

	for (i = 0; i < count && *text != '\0'; i++) {
		if (i > 0 && *text++ != ' ')
			return (0);
		len = strlen(words[i]);
		if (strncmp(text, words[i], len) != 0)
			return (0);
		text += len;
	}
	return (*text == '\0' ? i : 0);
}

static void
find_command(struct request *request, char **words, int count)
{
	unsigned int i;
	int used;

	if (count == 0)
		wrong_usage("a command is missing");
	for (i = 0; i < CONTROL_COUNT; i++) {
		used = command_words(commands[i].text, words, count);
		if (used == 0 || (used < count && !takes_arguments(i)))
			continue;
		request->command = (enum control_command)i;
		request->arguments = words + used;
		request->count = count - used;
		return;
	}
	wrong_usage("there is no such command");
}

/* Monitoring is to take no mistake for a state of the server. */
static void
read_days(struct request *request)
{
	request->days = CHECK_DAYS;
	if (request->count > 1 ||
	    (request->count == 1 &&
		!check_days(request->arguments[0], &request->days))) {
		(void)fprintf(stderr,
		    "ftpsctl: tls check: a number of days from 0 to %d is "
		    "expected\n",
		    CHECK_DAYS_MAX);
		exit(CHECK_UNKNOWN);
	}
	request->count = 0;
}

/* Options may stand anywhere: "sesscache info -v". */
static void
read_options(struct request *request, int argc, char **argv)
{
	static const struct option names[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "hs:vV", names, NULL)) != -1)
		switch (option) {
		case 'j':
			request->json = true;
			break;
		case 's':
			request->socket = optarg;
			break;
		case 'v':
			request->verbose = true;
			break;
		case 'V':
			puts("ftpsctl " FTPSD_VERSION);
			exit(STATUS_OK);
		case 'h':
			usage(stdout);
			exit(STATUS_OK);
		default:
			usage(stderr);
			exit(STATUS_USAGE);
		}
	find_command(request, argv + optind, argc - optind);
	if (request->command == CONTROL_TLS_CHECK)
		read_days(request);
	if (request->verbose &&
	    (takes_arguments(request->command) ||
		commands[request->command].options[0] == '\0'))
		wrong_usage("this command has no option -v");
}

static void
show_problem(const struct answer *answer, const struct request *request)
{
	const json_t *list, *item;
	const char *error;
	size_t i;

	if (answer->object == NULL) {
		(void)fprintf(stderr, "ftpsctl: %s: %s\n", request->socket,
		    answer->problem);
		return;
	}
	error = json_string_value(json_object_get(answer->object, "error"));
	(void)fprintf(stderr, "ftpsctl: %s: %s\n",
	    commands[request->command].text, error == NULL ? "failed" : error);
	list = json_object_get(answer->object, "mistakes");
	json_array_foreach(list, i, item)(void)
	    fprintf(stderr, "  %s\n", json_string_value(item));
}

/* --json: an object in every case, so that a script has one thing to read. */
static void
show_json(const struct answer *answer)
{
	json_t *object = answer->object;

	if (object == NULL)
		object = json_pack("{s:s, s:s}", "status",
		    answer->status == STATUS_NO_SERVER     ? "no server"
			: answer->status == STATUS_REFUSED ? CONTROL_REFUSED
							   : CONTROL_FAILED,
		    "error", answer->problem);
	else
		json_incref(object);
	(void)json_object_del(object, "end");
	(void)json_dumpf(object, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(object);
}

/* The exit status; what `tls check` finds is added to the answer. */
static int
judge(const struct answer *answer, const struct request *request)
{
	if (request->command != CONTROL_TLS_CHECK)
		return ((int)answer->status);
	if (answer->status != STATUS_OK)
		return (CHECK_UNKNOWN);
	return ((int)check_answer(answer->object, request->days,
	    (long long)time(NULL)));
}

int
main(int argc, char **argv)
{
	struct question question;
	struct request request;
	struct answer answer;
	int ret;

	memset(&request, 0, sizeof(request));
	request.socket = DEFAULT_SOCKET;
	read_options(&request, argc, argv);
	question.command = commands[request.command].text;
	question.verbose = request.verbose;
	question.arguments = request.arguments;
	question.count = request.count;
	answer = client_ask(request.socket, &question);
	ret = judge(&answer, &request);
	if (request.json)
		show_json(&answer);
	else if (answer.status == STATUS_OK)
		commands[request.command].show(answer.object);
	else
		show_problem(&answer, &request);
	json_decref(answer.object);
	if (fflush(stdout) != 0 || ferror(stdout) != 0)
		return (STATUS_FAILED);
	return (ret);
}
