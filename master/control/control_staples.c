#include "master/control/control_staples.h"

#include <stdio.h>
#include <string.h>

#include "master/control/control_cache.h"
#include "master/control/control_status.h"
#include "master/supervise.h"
#include "shm/base/log.h"
#include "shm/ipc/body.h"

/* The number of the last question. */
static uint64_t asked;

void
control_staples_more(struct control_client *client, void *context)
{
	const struct master *master = context;
	struct process *ocsp = supervise_ready(master->supervisor, ROLE_OCSP);
	struct msg_staple_list body;

	memset(&body, 0, sizeof(body));
	body.request = asked = control_cache_number();
	memcpy(&body.first, control_client_cursor(client), sizeof(body.first));
	if (ocsp == NULL ||
	    link_post(ocsp->channel, MSG_STAPLE_LIST, &body) == -1)
		control_client_fail(client,
		    "the process that asks responders cannot be asked", NULL);
	else
		control_client_wait(client, body.request);
}

void
control_staples_follow(struct control_client *client,
    const struct master *master, json_t *line)
{
	if (!conf_staples(master_conf(master)) ||
	    supervise_ready(master->supervisor, ROLE_OCSP) == NULL) {
		control_client_end(client, line);
		return;
	}
	memset(control_client_cursor(client), 0, CONTROL_CURSOR_LEN);
	control_client_send(client, line, control_staples_more);
}

/* What it sends may hold anything. */
static json_t *
text_of(const char *text, size_t size)
{
	char escaped[4 * OCSP_TEXT_MAX + 4];

	log_escape(escaped, sizeof(escaped), text, strnlen(text, size));
	return (json_string(escaped));
}

static const char *
status_word(uint32_t status)
{
	static const char *const words[STAPLE_STATUS_COUNT] = {
		[STAPLE_NONE] = "none",
		[STAPLE_GOOD] = "good",
		[STAPLE_REVOKED] = "revoked",
		[STAPLE_UNKNOWN] = "unknown",
	};

	return (status < STAPLE_STATUS_COUNT ? words[status] : "?");
}

static json_t *
describe(const struct msg_staple_entry *entry)
{
	char sha256[2 * sizeof(entry->sha256) + 1];
	json_t *staple;
	size_t i;

	for (i = 0; i < sizeof(entry->sha256); i++)
		(void)snprintf(sha256 + 2 * i, 3, "%02X", entry->sha256[i]);
	staple = json_pack("{s:o, s:o, s:s, s:b, s:b, s:b, s:o}", "host",
	    text_of(entry->host, sizeof(entry->host)), "serial",
	    text_of(entry->serial, sizeof(entry->serial)), "status",
	    status_word(entry->status), "served",
	    (entry->flags & STAPLE_SERVED) != 0, "must_staple",
	    (entry->flags & STAPLE_MUST) != 0, "no_responder",
	    (entry->flags & STAPLE_NO_RESPONDER) != 0, "error",
	    text_of(entry->error, sizeof(entry->error)));
	if (staple == NULL)
		return (NULL);
	(void)json_object_set_new(staple, "sha256", json_string(sha256));
	status_set(staple, "hosts", entry->hosts);
	status_set(staple, "this_update", entry->this_update);
	status_set(staple, "next_update", entry->next_update);
	status_set(staple, "fetched", entry->fetched);
	status_set(staple, "next_try", entry->next_try);
	status_set(staple, "failures", entry->failures);
	return (staple);
}

static json_t *
describe_all(const struct message *message, uint32_t count)
{
	json_t *staples = json_array();
	struct msg_staple_entry entry;
	uint32_t i;

	for (i = 0; i < count; i++) {
		memcpy(&entry, message->bytes + i * sizeof(entry),
		    sizeof(entry));
		(void)json_array_append_new(staples, describe(&entry));
	}
	return (json_pack("{s:o}", "staples", staples));
}

int
control_staples_answer(struct control *control, const struct message *message)
{
	const struct msg_staple_page *page = message->body;
	struct control_client *client;
	uint32_t first;
	json_t *line;

	if (page->request == 0 || page->request > asked ||
	    page->count > STAPLE_PAGE_ENTRIES ||
	    message->len != page->count * sizeof(struct msg_staple_entry))
		return (-1);
	client =
	    control == NULL ? NULL : control_waiting(control, page->request);
	if (client == NULL)
		return (0);
	memcpy(&first, control_client_cursor(client), sizeof(first));
	first += page->count;
	memcpy(control_client_cursor(client), &first, sizeof(first));
	line = describe_all(message, page->count);
	if (page->last != 0 || page->count == 0)
		control_client_end(client, line);
	else
		control_client_send(client, line, control_staples_more);
	return (0);
}

void
control_staples_gone(struct control *control)
{
	static const enum control_command commands[] = {
		CONTROL_OCSPCACHE_INFO,
		CONTROL_TLS_CHECK,
		CONTROL_TLS_INFO,
	};

	control_fail_waiting(control, commands, NITEMS(commands),
	    "the process that asks responders has ended; try again");
}
