#include "master/logger/line.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "master/logger/members.h"
#include "shm/base/utf8.h"

/* Many records are of one second: what it looks like is kept. */
static void
put_time(char *out, size_t size, uint64_t time_us)
{
	static time_t last = -1;
	static char date[32], zone[8];
	time_t seconds = (time_t)(time_us / 1000000);
	struct tm local;

	if (seconds != last) {
		if (localtime_r(&seconds, &local) == NULL) {
			(void)snprintf(out, size, "-");
			return;
		}
		(void)strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &local);
		(void)strftime(zone, sizeof(zone), "%z", &local);
		last = seconds;
	}
	(void)snprintf(out, size, "%s.%03u%s", date,
	    (unsigned int)(time_us / 1000 % 1000), zone);
}

/* The worker's number, then which of its sessions. */
static void
put_session(char *out, size_t size, uint64_t session)
{
	if (session == 0)
		(void)snprintf(out, size, "-");
	else
		(void)snprintf(out, size, "%u.%u", (uint32_t)(session >> 32),
		    (uint32_t)session);
}

/*
 * A client chooses the name: what would end the field in a line, and let the
 * rest pass for something that we say, is escaped like a control character.
 */
static void
put_user(char *out, size_t size, const char *user)
{
	size_t n = 0;

	for (; *user != '\0' && n + 5 < size; user++) {
		if (*user == ' ' || *user == ']') {
			n += (size_t)snprintf(out + n, size - n, "\\x%02x",
			    (unsigned int)*user);
			continue;
		}
		out[n++] = *user;
	}
	out[n] = '\0';
}

static const char *
or_dash(const char *text)
{
	return (text == NULL || text[0] == '\0' ? "-" : text);
}

/* Ends the line after what fits. */
static size_t
finish(char *out, int len)
{
	size_t used = len < 0 ? 0 : (size_t)len;

	if (used > LINE_MAX_LEN - 2)
		used = LINE_MAX_LEN - 2;
	out[used] = '\n';
	out[used + 1] = '\0';
	return (used + 1);
}

/* An IPv6 address and a port are told apart by brackets. */
static void
put_client(char *out, size_t size, const struct line_record *record)
{
	const char *client = or_dash(record->client);

	if (record->port == 0)
		(void)snprintf(out, size, "%s", client);
	else if (strchr(client, ':') != NULL)
		(void)snprintf(out, size, "[%s]:%u", client, record->port);
	else
		(void)snprintf(out, size, "%s:%u", client, record->port);
}

size_t
log_line_text(char *out, const struct line_record *record, enum line_form form)
{
	char when[48] = "", session[32], user[640], about[1024] = "";
	char client[160];

	if (form == LINE_DATED)
		put_time(when, sizeof(when), record->time_us);
	put_session(session, sizeof(session), record->session);
	put_user(user, sizeof(user), or_dash(record->user));
	put_client(client, sizeof(client), record);
	if (record->session != 0 || or_dash(record->client)[0] != '-' ||
	    or_dash(record->user)[0] != '-')
		(void)snprintf(about, sizeof(about), "[%s %s %s] ", session,
		    client, user);
	return (finish(out,
	    snprintf(out, LINE_MAX_LEN, "%s%s%s %s: %s%s", when,
		form == LINE_DATED ? " " : "", log_level_name(record->level),
		record->process, about, record->text)));
}

static void
set_text(json_t *line, const char *key, const char *text)
{
	if (text != NULL && text[0] != '\0')
		(void)json_object_set_new(line, key, json_string(text));
}

size_t
log_line_json(char *out, const struct line_record *record)
{
	char when[48], session[32];
	json_t *line = json_object();
	size_t len = 0;

	put_time(when, sizeof(when), record->time_us);
	put_session(session, sizeof(session), record->session);
	set_text(line, "time", when);
	set_text(line, "level", log_level_name(record->level));
	set_text(line, "process", record->process);
	(void)json_object_set_new(line, "pid", json_integer(record->pid));
	set_text(line, "host", record->host);
	if (record->session != 0)
		set_text(line, "session", session);
	set_text(line, "client", record->client);
	if (record->port != 0)
		(void)json_object_set_new(line, "port",
		    json_integer(record->port));
	set_text(line, "user", record->user);
	set_text(line, "text", record->text);
	if (record->members)
		members_add(line, record->text);
	if (line != NULL)
		len = json_dumpb(line, out, LINE_MAX_LEN - 2, JSON_COMPACT);
	json_decref(line);
	if (len == 0 || len > LINE_MAX_LEN - 2)
		return (0);
	return (finish(out, (int)len));
}

void
log_line_clean(char *out, size_t size, const uint8_t *bytes, size_t len)
{
	size_t i = 0, n = 0, run;

	while (i < len) {
		run = utf8_sequence(bytes + i, len - i);
		if (bytes[i] < 0x20 || bytes[i] == 0x7f ||
		    (run == 2 && bytes[i] == 0xc2 && bytes[i + 1] < 0xa0))
			run = 0;
		if (n + (run > 0 ? run : 1) >= size)
			break;
		if (run == 0) {
			out[n++] = '?';
			i++;
			continue;
		}
		memcpy(out + n, bytes + i, run);
		n += run;
		i += run;
	}
	out[n] = '\0';
}

uint64_t
log_line_count(const char *text, size_t len)
{
	const char *end = text + len;
	uint64_t lines = 0;

	for (; text < end; lines++) {
		text = memchr(text, '\n', (size_t)(end - text));
		text = text == NULL ? end : text + 1;
	}
	return (lines);
}
