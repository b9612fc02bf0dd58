#include "master/login/checker.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "master/login/check.h"
#include "master/login/settings.h"
#include "shm/base/digest.h"
#include "shm/base/log.h"
#include "shm/base/process.h"
#include "shm/base/secret.h"
#include "shm/ipc/link.h"

/* The password being checked lies here and nowhere else. */
struct credentials {
	char user[LOGIN_NAME_MAX_LEN + 1];
	char password[LOGIN_PASSWORD_MAX + 1];
};

struct checker {
	struct loop *loop;
	struct link *link;
	struct settings settings;
	struct check_files files;
	struct check_result result;
	struct credentials *credentials;
};

/* The last step of becoming a checker; its rights are root's until then. */
static void
get_ready(struct checker *checker)
{
	static const struct process_limits limits;
	struct msg_empty empty = { 0 };

	if (process_limit(&limits) == -1 ||
	    process_harden(getppid(), SIGKILL) == -1)
		log_fatal("a checker cannot be set up");
	/* Login may be gone already: that is no fault. */
	if (link_post(checker->link, MSG_READY, &empty) == -1)
		_exit(EXIT_SUCCESS);
	channel_running(link_channel(checker->link));
}

static int
take_settings(struct checker *checker, struct message *message)
{
	const struct msg_settings *body = message->body;

	if (settings_add(&checker->settings, body->generation,
		message_take_fd(message)) == -1)
		return (-1);
	if (!channel_is_running(link_channel(checker->link)))
		get_ready(checker);
	return (0);
}

/* No account has such a name; PAM modules and log files need not see it. */
static bool
is_legible(const char *user)
{
	const unsigned char *at = (const unsigned char *)user;

	if (*at == '\0' || *at == '-')
		return (false);
	for (; *at != '\0'; at++)
		if (*at < 0x20 || *at == 0x7f || *at == ':' || *at == '/')
			return (false);
	return (true);
}

static int
send_result(struct checker *checker, uint64_t request)
{
	const struct check_result *result = &checker->result;
	const struct account *account = &result->account;
	char names[2 * LOGIN_NAME_MAX_LEN + 2];
	struct channel_message message;
	struct msg_checked body;

	memset(&body, 0, sizeof(body));
	body.request = request;
	body.verdict = (uint32_t)result->verdict;
	body.policy = account->policy;
	body.uid = account->uid;
	body.gid = account->gid;
	body.ngroups = account->ngroups;
	body.entries = account->entries;
	memcpy(body.groups, account->groups, sizeof(body.groups));
	body.name_len = (uint16_t)strlen(account->name);
	body.group_len = (uint16_t)strlen(account->group);
	body.home_len = (uint16_t)strlen(account->home);
	body.reason_len = (uint16_t)strlen(result->reason);
	memcpy(names, account->name, body.name_len);
	memcpy(names + body.name_len, account->group, body.group_len);

	memset(&message, 0, sizeof(message));
	message.type = MSG_CHECKED;
	message.body = &body;
	message.fd = -1;
	message.pieces[0].data = names;
	message.pieces[0].len = (size_t)body.name_len + body.group_len;
	message.pieces[1].data = account->home;
	message.pieces[1].len = body.home_len;
	message.pieces[2].data = result->reason;
	message.pieces[2].len = body.reason_len;
	return (link_send(checker->link, &message));
}

/* PAM modules and changes of identity undo some of what was set. */
static void
harden_again(void)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1)
		log_fatal("cannot give up rights");
}

static int
check(struct checker *checker, const struct message *message)
{
	const struct msg_check_login *body = message->body;
	size_t lens[2] = { body->user_len, body->password_len };
	struct credentials *given = checker->credentials;
	char client[ADDRESS_TEXT_MAX];
	struct check_question question;
	struct message_part parts[2];

	if (message_split(message, lens, parts, 2) == -1)
		return (-1);
	question.setting = settings_find(&checker->settings, body->generation);
	question.host = setting_host(question.setting, body->host);
	if (question.host == NULL) {
		/* The generation has gone, and with it who asks. */
		memset(&checker->result, 0, sizeof(checker->result));
		checker->result.verdict = LOGIN_UNAVAILABLE;
		return (send_result(checker, body->request));
	}
	question.user = given->user;
	question.password = given->password;
	question.client = address_text(&body->address, client);
	question.legible = account_text(given->user, sizeof(given->user),
			       parts[0].data, parts[0].len) &&
	    is_legible(given->user);
	question.named = (body->proof & LOGIN_NAMED) != 0;
	question.certificate = NULL;
	if ((body->proof & LOGIN_BY_CERTIFICATE) != 0) {
		if (parts[1].len != DIGEST_LEN)
			return (-1);
		question.certificate = parts[1].data;
		given->password[0] = '\0';
	} else if (!account_text(given->password, sizeof(given->password),
		       parts[1].data, parts[1].len)) {
		/* What does not fit is empty now, and that never logs in. */
		question.legible = false;
	}
	check_login(&checker->files, &question, &checker->result);
	secret_wipe(given, sizeof(*given));
	harden_again();
	return (send_result(checker, body->request));
}

static int
on_message(struct message *message, void *context)
{
	struct checker *checker = context;
	const struct msg_generation *drop;

	if (message->type == MSG_SETTINGS)
		return (take_settings(checker, message));
	if (message->type == MSG_SETTINGS_DROP) {
		drop = message->body;
		settings_drop(&checker->settings, drop->generation);
		return (0);
	}
	return (message->type == MSG_CHECK ? check(checker, message) : -1);
}

static void
on_end(void *context)
{
	struct checker *checker = context;

	loop_stop(checker->loop);
}

static void
nothing(int number UNUSED)
{
}

/*
 * A signal to the whole service is for the master; our end is our channel's.
 * Caught, not ignored: programs that PAM modules start begin with the defaults.
 */
static void
pass_over_signals(void)
{
	static const int passed[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1,
		SIGUSR2 };
	struct sigaction action;
	size_t i;

	process_reset_signals();
	memset(&action, 0, sizeof(action));
	action.sa_handler = nothing;
	action.sa_flags = SA_RESTART;
	for (i = 0; i < NITEMS(passed); i++)
		(void)sigaction(passed[i], &action, NULL);
}

void
checker_run(void)
{
	static const struct link_handlers handlers = { on_message, on_end };
	static struct checker checker;

	pass_over_signals();
	log_set_name("checker");
	process_title("ftpsd: checker");
	settings_init(&checker.settings);
	checker.credentials =
	    secret_alloc(sizeof(*checker.credentials), SECRET_WIPE_ON_FORK);
	checker.loop = loop_new();
	if (checker.credentials == NULL || checker.loop == NULL)
		log_fatal("a checker cannot be set up");
	checker.link = link_new(checker.loop, FD_MASTER, ROLE_CHECKER,
	    ROLE_LOGIN, &handlers, &checker);
	if (checker.link == NULL)
		log_fatal("a checker has no channel");
	(void)loop_run(checker.loop);
	_exit(EXIT_SUCCESS);
}
