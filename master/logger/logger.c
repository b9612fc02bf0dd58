#include "master/logger/logger.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "master/logger/output.h"
#include "master/logger/records.h"
#include "shm/base/log.h"
#include "shm/base/loop.h"
#include "shm/base/process.h"
#include "shm/conf/conf.h"
#include "shm/ipc/link.h"
#include "shm/ipc/role.h"

#define GENERATIONS_MAX 8
#define OPEN_FILES      2048
#define DRAIN_MESSAGES  1000000 /* of one sender at the end: no more */
#define NAME_MAX_LEN    32

struct source;
LIST_HEAD(source_list, source);

struct logger {
	struct loop *loop;
	struct link *master; /* NULL: it has gone */
	struct loop_timer *ending;
	struct output *output;
	struct conf *confs[GENERATIONS_MAX]; /* oldest first */
	size_t nconfs;
	struct source_list sources;
};

/* A process that sends us records. */
struct source {
	LIST_ENTRY(source) link;
	struct logger *logger;
	struct link *channel;
	struct msg_peer who;
	char name[NAME_MAX_LEN];
};

static const struct conf_host *
find_host(const struct logger *logger, uint32_t generation, uint32_t host)
{
	size_t i;

	for (i = 0; i < logger->nconfs; i++)
		if (logger->confs[i]->generation == generation &&
		    host < logger->confs[i]->nhosts)
			return (&logger->confs[i]->hosts[host]);
	return (NULL);
}

static void
write_record(struct logger *logger, const struct msg_log_record *body,
    const struct line_record *record)
{
	const struct conf_host *host;
	struct line_record line = *record;

	host = find_host(logger, body->generation, body->host);
	if (host != NULL)
		line.host = host->name;
	switch (body->stream) {
	case LOG_STREAM_TRANSFER:
		if (host != NULL && host->transfer_log != NULL)
			output_line(logger->output, host->transfer_log,
			    line.text);
		return;
	case LOG_STREAM_SESSION:
		if (host != NULL && host->session_log != NULL)
			output_line(logger->output, host->session_log,
			    line.text);
		return;
	case LOG_STREAM_TLS:
		line.port = body->port;
		line.members = true;
		if (host != NULL && host->tls.log != NULL) {
			output_file(logger->output, host->tls.log, &line);
			return;
		}
		break;
	default:
		break;
	}
	output_main(logger->output, &line);
}

static void
tell_lost(struct source *source, const struct msg_log_record *body)
{
	struct line_record record;
	char text[64];

	(void)snprintf(text, sizeof(text), "%u records before this were lost",
	    body->lost);
	memset(&record, 0, sizeof(record));
	record.time_us = body->time_us;
	record.level = LOG_LEVEL_WARNING;
	record.process = source->name;
	record.pid = source->who.pid;
	record.text = text;
	output_main(source->logger->output, &record);
}

static void
record_came(const struct msg_log_record *body,
    const struct message_part parts[RECORD_PARTS], void *context)
{
	const struct message_part *text_part = &parts[RECORD_TEXT];
	char client[ADDRESS_TEXT_MAX * 2], user[LOG_TEXT_MAX],
	    text[LOG_LINE_MAX + 1];
	struct source *source = context;
	struct line_record record;

	log_line_clean(client, sizeof(client), parts[RECORD_CLIENT].data,
	    parts[RECORD_CLIENT].len);
	log_escape(user, sizeof(user), (const char *)parts[RECORD_USER].data,
	    parts[RECORD_USER].len);
	log_line_clean(text, sizeof(text), text_part->data, text_part->len);
	memset(&record, 0, sizeof(record));
	record.time_us = body->time_us;
	record.level = body->level > LOG_LEVEL_DEBUG
	    ? LOG_LEVEL_DEBUG
	    : (enum log_level)body->level;
	record.session = body->session;
	record.process = source->name;
	record.pid = source->who.pid;
	record.client = client;
	record.user = user;
	record.text = text;
	if (body->lost > 0)
		tell_lost(source, body);
	write_record(source->logger, body, &record);
}

static int
message_came(struct message *message, void *context)
{
	struct source *source = context;
	int ret = records_read(message, record_came, source);

	output_flush(source->logger->output);
	return (ret);
}

static void
source_free(struct source *source)
{
	LIST_REMOVE(source, link);
	link_free(&source->channel);
	free(source);
}

static void
source_ended(void *context)
{
	struct source *source = context;
	struct logger *logger = source->logger;

	source_free(source);
	/* Without a master, the last sender's last word is ours, too. */
	if (logger->master == NULL && LIST_EMPTY(&logger->sources))
		loop_stop(logger->loop);
}

static const struct link_handlers source_handlers = { message_came,
	source_ended };

static int
source_came(struct logger *logger, struct message *message)
{
	const struct msg_peer *who = message->body;
	struct source *source;

	if (who->role >= ROLE_COUNT)
		return (-1);
	source = calloc(1, sizeof(*source));
	if (source == NULL)
		return (0);
	source->logger = logger;
	source->who = *who;
	if (who->role == ROLE_WORKER)
		(void)snprintf(source->name, sizeof(source->name), "worker %u",
		    who->slot);
	else
		(void)snprintf(source->name, sizeof(source->name), "%s",
		    role_name((enum role)who->role));
	LIST_INSERT_HEAD(&logger->sources, source, link);
	source->channel = link_new(logger->loop, message_take_fd(message),
	    ROLE_LOGGER, (enum role)who->role, &source_handlers, source);
	if (source->channel == NULL) {
		log_error("%s cannot be heard: %s", source->name,
		    strerror(errno));
		source_free(source);
	}
	return (0);
}

/* The logger's own records. */
static void
own_record(const struct log_record *record, void *context)
{
	const struct logger *logger = context;
	struct line_record line;
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	memset(&line, 0, sizeof(line));
	line.time_us =
	    (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	line.level = record->level;
	line.process = "logger";
	line.pid = (int)getpid();
	line.text = record->text;
	output_main(logger->output, &line);
	output_flush(logger->output);
}

static void
forget_conf(struct logger *logger, size_t i)
{
	conf_free(&logger->confs[i]);
	logger->nconfs--;
	for (; i < logger->nconfs; i++)
		logger->confs[i] = logger->confs[i + 1];
	logger->confs[logger->nconfs] = NULL;
}

/* Everything that needs rights; then they are gone. */
static void
become(struct logger *logger, const struct conf *conf)
{
	struct process_limits limits;
	struct identity identity;

	memset(&identity, 0, sizeof(identity));
	identity.uid = geteuid();
	identity.gid = getegid();
	if (process_is_root() &&
	    process_find_user(conf->log_user, &identity.uid, &identity.gid) !=
		0)
		log_fatal("log_user: there is no user \"%s\"", conf->log_user);
	logger->output = output_new(conf);
	if (logger->output == NULL)
		log_fatal("%s", strerror(errno));
	memset(&limits, 0, sizeof(limits));
	limits.open_files = OPEN_FILES;
	limits.no_processes = 1;
	if (process_limit(&limits) == -1 || process_drop(&identity) == -1 ||
	    process_harden(0, 0) == -1)
		exit(1);
	/* Log files are for the group of the administrators to read. */
	umask(0027);
	log_set_sink(own_record, logger);
}

static int
settings_came(struct logger *logger, struct message *message)
{
	const struct msg_settings *body = message->body;
	const struct msg_empty ready = { 0 };
	struct conf *conf;

	conf = conf_receive(message->fd);
	if (conf == NULL)
		return (-1);
	conf->generation = body->generation;
	if (logger->nconfs == GENERATIONS_MAX)
		forget_conf(logger, 0);
	logger->confs[logger->nconfs++] = conf;
	log_set_level(conf->log_level);
	if (logger->output != NULL) {
		output_configure(logger->output, conf);
		return (0);
	}
	become(logger, conf);
	if (link_post(logger->master, MSG_READY, &ready) == -1)
		return (-1);
	channel_running(link_channel(logger->master));
	return (0);
}

/* Output works by the newest there is; one always stays. */
static void
settings_gone(struct logger *logger, uint32_t generation)
{
	size_t i, last = logger->nconfs - 1;

	if (logger->nconfs < 2)
		return;
	for (i = 0; i <= last; i++) {
		if (logger->confs[i]->generation != generation)
			continue;
		output_configure(logger->output,
		    logger->confs[i == last ? last - 1 : last]);
		forget_conf(logger, i);
		return;
	}
}

/* Takes what the senders have already sent, and ends. */
static void
stop(void *context)
{
	struct logger *logger = context;
	struct source *source, *next;

	for (source = LIST_FIRST(&logger->sources); source != NULL;
	     source = next) {
		next = LIST_NEXT(source, link);
		(void)!channel_receive(link_channel(source->channel),
		    DRAIN_MESSAGES);
	}
	loop_stop(logger->loop);
}

static int
order_came(struct message *message, void *context)
{
	const struct msg_generation *generation = message->body;
	struct logger *logger = context;

	if (message->type == MSG_SETTINGS)
		return (settings_came(logger, message));
	if (message->type == MSG_LOG_PEER)
		return (source_came(logger, message));
	if (message->type == MSG_STOP)
		loop_timer_set(logger->ending, 0);
	else if (message->type == MSG_PING)
		return (link_post(logger->master, MSG_PONG, message->body));
	else if (message->type == MSG_SETTINGS_DROP)
		settings_gone(logger, generation->generation);
	else if (message->type == MSG_LOG_REOPEN) {
		output_reopen(logger->output);
		log_notice("log files are opened anew");
	} else
		return (-1);
	return (0);
}

static void
master_gone(void *context)
{
	struct logger *logger = context;

	link_free(&logger->master);
	if (LIST_EMPTY(&logger->sources))
		loop_stop(logger->loop);
}

static const struct link_handlers master_handlers = { order_came, master_gone };

void
logger_run(void)
{
	struct source *source, *next;
	struct logger logger;

	process_ignore_signals();
	process_title("ftpsd: logger");
	log_set_name("logger");
	memset(&logger, 0, sizeof(logger));
	LIST_INIT(&logger.sources);
	logger.loop = loop_new();
	if (logger.loop == NULL)
		log_fatal("%s", strerror(errno));
	logger.ending = loop_timer(logger.loop, stop, &logger);
	logger.master = link_new(logger.loop, FD_MASTER, ROLE_LOGGER,
	    ROLE_MASTER, &master_handlers, &logger);
	if (logger.ending == NULL || logger.master == NULL ||
	    loop_run(logger.loop) == -1)
		log_fatal("%s", strerror(errno));
	log_set_sink(NULL, NULL);
	for (source = LIST_FIRST(&logger.sources); source != NULL;
	     source = next) {
		next = LIST_NEXT(source, link);
		source_free(source);
	}
	link_free(&logger.master);
	loop_timer_free(&logger.ending);
	output_free(&logger.output);
	while (logger.nconfs > 0)
		forget_conf(&logger, logger.nconfs - 1);
	loop_free(&logger.loop);
	exit(0);
}
