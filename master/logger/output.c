#include "master/logger/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "master/logger/files.h"
#include "master/logger/gather.h"
#include "master/logger/syslog.h"
#include "shm/base/fd.h"

#define OPEN_FILES_MAX 256

/* What becomes of lines that a place does not take. */
enum {
	KIND_STDERR,
	KIND_MAIN,    /* they go to standard error */
	KIND_HOST,    /* to the main log */
	KIND_TRANSFER /* nowhere: the failure has been reported, once */
};

struct output {
	const struct conf *conf;
	struct log_files *files;
	struct gather *gather;
	struct syslog_socket *syslog;
	bool journal;  /* standard error is the journal's */
	uint64_t lost; /* lines that standard error or syslog did not take */
	bool failing;  /* the main file cannot be written */
};

/* systemd says in JOURNAL_STREAM which file the journal's socket is. */
static bool
is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;
	char *end;

	if (stream == NULL || fstat(STDERR_FILENO, &st) == -1)
		return (false);
	device = strtoull(stream, &end, 10);
	if (*end != ':')
		return (false);
	inode = strtoull(end + 1, &end, 10);
	return (*end == '\0' && st.st_dev == device && st.st_ino == inode);
}

static void
own_record(struct output *output, enum log_level level, const char *text)
{
	struct line_record record;
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	memset(&record, 0, sizeof(record));
	record.time_us =
	    (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	record.level = level;
	record.process = "logger";
	record.pid = (int)getpid();
	record.text = text;
	output_main(output, &record);
}

static void
report(const char *path, int error, uint64_t lost, void *context)
{
	struct output *output = context;
	bool is_main = output->conf->log_file != NULL &&
	    strcmp(path, output->conf->log_file) == 0;
	char text[LOG_TEXT_MAX];

	if (is_main)
		output->failing = error != 0;
	if (error != 0)
		(void)snprintf(text, sizeof(text), "%s: cannot be written: %s",
		    path, log_files_error(error));
	else
		(void)snprintf(text, sizeof(text),
		    "%s: can be written again; %llu records did not get there",
		    path, (unsigned long long)lost);
	own_record(output, error != 0 ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING,
	    text);
}

static void
not_written(const struct gather_place *place, const char *text, size_t len,
    void *context)
{
	struct output *output = context;
	struct gather_place main_log = { output->conf->log_file, KIND_MAIN };
	size_t done = 0;

	if (place->kind == KIND_TRANSFER)
		return;
	if (place->kind == KIND_HOST && !output->failing &&
	    output->conf->log_target == CONF_LOG_FILE) {
		gather_line(output->gather, main_log, text, len);
		return;
	}
	if (place->kind != KIND_STDERR)
		done = gather_stderr(text, len);
	output->lost += log_line_count(text + done, len - done);
}

struct output *
output_new(const struct conf *conf)
{
	struct output *output;

	output = calloc(1, sizeof(*output));
	if (output == NULL)
		return (NULL);
	output->conf = conf;
	output->journal = is_journal();
	output->files = log_files_new(OPEN_FILES_MAX, report, output);
	output->syslog = syslog_socket_new();
	if (output->files != NULL)
		output->gather = gather_new(output->files, not_written, output);
	if (output->gather == NULL || output->syslog == NULL)
		output_free(&output);
	return (output);
}

void
output_free(struct output **output)
{
	if (*output == NULL)
		return;
	gather_free(&(*output)->gather);
	log_files_free(&(*output)->files);
	syslog_socket_free(&(*output)->syslog);
	free(*output);
	*output = NULL;
}

void
output_configure(struct output *output, const struct conf *conf)
{
	output->conf = conf;
	output->failing = false;
}

void
output_reopen(struct output *output)
{
	log_files_reopen(output->files);
	output->failing = false;
}

static void
send_stderr(const struct output *output, const struct line_record *record)
{
	const struct gather_place place = { NULL, KIND_STDERR };
	char line[LINE_MAX_LEN + 8];
	size_t prefix = 0, len;

	if (output->journal)
		prefix = (size_t)snprintf(line, sizeof(line), "<%d>",
		    syslog_priority(record->level));
	if (output->conf->log_format == CONF_LOG_JSON)
		len = log_line_json(line + prefix, record);
	else
		len = log_line_text(line + prefix, record,
		    output->journal ? LINE_BARE : LINE_DATED);
	gather_line(output->gather, place, line, prefix + len);
}

static int
send_syslog(const struct output *output, const struct line_record *record)
{
	char line[LINE_MAX_LEN];
	size_t len;

	if (output->conf->log_format == CONF_LOG_JSON)
		len = log_line_json(line, record);
	else
		len = log_line_text(line, record, LINE_BARE);
	/* Syslog wants no line end. */
	return (len == 0 ? -1
			 : syslog_socket_send(output->syslog, record->level,
			       line, len - 1));
}

static size_t
make_line(const struct output *output, const struct line_record *record,
    char *line)
{
	if (output->conf->log_format == CONF_LOG_JSON)
		return (log_line_json(line, record));
	return (log_line_text(line, record, LINE_DATED));
}

/* A main file that cannot be written is stood in for by standard error. */
static void
send_file(struct output *output, const struct line_record *record)
{
	const struct gather_place place = { output->conf->log_file, KIND_MAIN };
	char line[LINE_MAX_LEN];
	size_t len;

	len = make_line(output, record, line);
	if (!output->failing) {
		gather_line(output->gather, place, line, len);
		return;
	}
	send_stderr(output, record);
	(void)!log_files_write(output->files, output->conf->log_file, line,
	    len);
}

static void
tell_lost(struct output *output)
{
	uint64_t lost = output->lost;
	char text[80];

	if (lost == 0)
		return;
	output->lost = 0;
	(void)snprintf(text, sizeof(text), "%llu records before this were lost",
	    (unsigned long long)lost);
	own_record(output, LOG_LEVEL_WARNING, text);
}

void
output_main(struct output *output, const struct line_record *record)
{
	switch (output->conf->log_target) {
	case CONF_LOG_FILE:
		send_file(output, record);
		return;
	case CONF_LOG_SYSLOG:
		if (send_syslog(output, record) == -1)
			output->lost++;
		else
			tell_lost(output);
		return;
	case CONF_LOG_STDERR:
		send_stderr(output, record);
		return;
	}
}

/* Where standard error takes lines again, it takes the count, too. */
void
output_flush(struct output *output)
{
	uint64_t lost = output->lost;

	if (gather_flush(output->gather) == 0 || output->lost != lost)
		return;
	tell_lost(output);
	(void)gather_flush(output->gather);
}

void
output_file(struct output *output, const char *path,
    const struct line_record *record)
{
	const struct gather_place place = { path, KIND_HOST };
	char line[LINE_MAX_LEN];
	size_t len;

	len = make_line(output, record, line);
	gather_line(output->gather, place, line, len);
}

void
output_line(struct output *output, const char *path, const char *text)
{
	const struct gather_place place = { path, KIND_TRANSFER };
	char line[LINE_WHOLE];
	int len;

	len = snprintf(line, sizeof(line), "%s\n", text);
	if (len > 0 && (size_t)len < sizeof(line))
		gather_line(output->gather, place, line, (size_t)len);
}
