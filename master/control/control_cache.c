#include "master/control/control_cache.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "master/control/control_staples.h"
#include "master/control/control_status.h"
#include "master/supervise.h"
#include "shm/base/log.h"
#include "shm/ipc/body.h"

static_assert(CONTROL_CURSOR_LEN == CACHE_KEY_LEN, "a cursor is a key");

#define SESSION_ID_MAX 32

/* The number of the last question; no other ever has the same. */
static uint64_t requests;

/* The last ones that took a cache out of service, if they succeed. */
static uint64_t removal, staples_removal;

uint64_t
control_cache_number(void)
{
	return (++requests);
}

static struct link *
keeper(const struct master *master)
{
	const struct process *process;

	process = supervise_ready(master->supervisor, ROLE_KEEPER);
	return (process == NULL ? NULL : process->channel);
}

static void
ask(struct control_client *client, struct master *master, enum msg_type type)
{
	struct link *link = keeper(master);
	struct msg_request body;

	if (link == NULL) {
		control_client_fail(client,
		    "the keeper of the cache is just starting", NULL);
		return;
	}
	body.request = ++requests;
	if (link_post(link, type, &body) == -1) {
		control_client_fail(client,
		    "the keeper of the cache cannot be asked", NULL);
		return;
	}
	if (type == MSG_CACHE_REMOVE)
		removal = body.request;
	if (type == MSG_STAPLE_REMOVE)
		staples_removal = body.request;
	control_client_wait(client, body.request);
}

/* What the keeper is asked for a command. */
static const enum msg_type questions[CONTROL_COUNT] = {
	[CONTROL_SESSCACHE_CLEAR] = MSG_CACHE_CLEAR,
	[CONTROL_SESSCACHE_INFO] = MSG_CACHE_INFO,
	[CONTROL_SESSCACHE_REMOVE] = MSG_CACHE_REMOVE,
	[CONTROL_OCSPCACHE_CLEAR] = MSG_STAPLE_CLEAR,
	[CONTROL_OCSPCACHE_INFO] = MSG_STAPLE_INFO,
	[CONTROL_OCSPCACHE_REMOVE] = MSG_STAPLE_REMOVE,
};

void
control_cache_request(struct control_client *client, struct master *master)
{
	ask(client, master, questions[control_client_command(client)]);
}

static bool
is_of_staples(const struct control_client *client)
{
	enum control_command command = control_client_command(client);

	return (command == CONTROL_OCSPCACHE_CLEAR ||
	    command == CONTROL_OCSPCACHE_INFO ||
	    command == CONTROL_OCSPCACHE_REMOVE);
}

/* Asks for the sessions after the client's cursor. */
static void
list_more(struct control_client *client, void *context)
{
	struct link *link = keeper(context);
	struct msg_cache_list body;

	memset(&body, 0, sizeof(body));
	body.request = ++requests;
	memcpy(body.after, control_client_cursor(client), sizeof(body.after));
	if (link == NULL || link_post(link, MSG_CACHE_LIST, &body) == -1)
		control_client_fail(client,
		    "the keeper of the cache cannot be asked", NULL);
	else
		control_client_wait(client, body.request);
}

static const char *
state_word(uint32_t state)
{
	switch (state) {
	case CACHE_OFF:
		return ("off");
	case CACHE_ON:
		return ("on");
	case CACHE_REMOVED:
		return ("removed");
	case CACHE_INTERNAL:
		return ("internal");
	default:
		return ("broken");
	}
}

static json_t *
describe_facts(const struct msg_cache_facts *facts, const uint8_t *path)
{
	char text[4096];
	json_t *cache;

	log_escape(text, sizeof(text), (const char *)path, facts->path_len);
	cache = json_pack("{s:s, s:s, s:s, s:s}", "provider",
	    facts->state == CACHE_INTERNAL ? "internal" : "lmdb", "version",
	    FTPSD_VERSION, "state", state_word(facts->state), "path", text);
	if (cache == NULL)
		return (NULL);
	status_set(cache, "map_size", facts->map_size);
	status_set(cache, "map_used", facts->map_used);
	status_set(cache, "created", facts->created);
	status_set(cache, "readers", facts->readers);
	status_set(cache, "readers_max", facts->readers_max);
	status_set(cache, "maximum", facts->maximum);
	status_set(cache, "current", facts->current);
	status_set(cache, "hits", facts->hits);
	status_set(cache, "misses", facts->misses);
	status_set(cache, "stored", facts->stored);
	status_set(cache, "deleted", facts->deleted);
	status_set(cache, "expired", facts->expired);
	status_set(cache, "errors", facts->errors);
	status_set(cache, "too_large", facts->too_large);
	status_set(cache, "largest", facts->largest);
	status_set(cache, "dropped", facts->dropped);
	status_set(cache, "renewed", facts->renewed);
	return (cache);
}

static int
facts_came(struct control *control, const struct message *message)
{
	const struct msg_cache_facts *facts = message->body;
	struct control_client *client;
	json_t *line;

	if (facts->path_len != message->len)
		return (-1);
	client = control_waiting(control, facts->request);
	if (client == NULL)
		return (0);
	line = describe_facts(facts, message->bytes);
	if (control_client_verbose(client) && facts->state == CACHE_ON)
		control_client_send(client, line,
		    is_of_staples(client) ? control_staples_more : list_more);
	else
		control_client_end(client, line);
	return (0);
}

static void
hexadecimal(char *out, const uint8_t *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		(void)snprintf(out + 2 * i, 3, "%02X", bytes[i]);
	out[2 * len] = '\0';
}

static const char *
protocol_name(uint16_t protocol)
{
	switch (protocol) {
	case 0x0303:
		return ("TLSv1.2");
	case 0x0304:
		return ("TLSv1.3");
	default:
		return ("unknown");
	}
}

static json_t *
describe_entry(const struct msg_cache_entry *entry)
{
	char id[2 * SESSION_ID_MAX + 1], context[2 * SESSION_ID_MAX + 1];
	json_t *session;

	hexadecimal(id, entry->id, entry->id_len);
	hexadecimal(context, entry->context, entry->context_len);
	session = json_pack("{s:s, s:s, s:s}", "id", id, "context", context,
	    "protocol", protocol_name(entry->protocol));
	if (session == NULL)
		return (NULL);
	status_set(session, "started", entry->started);
	status_set(session, "expires", entry->expires);
	return (session);
}

static int
page_came(struct control *control, const struct message *message)
{
	const struct msg_cache_page *page = message->body;
	struct control_client *client;
	struct msg_cache_entry entry;
	json_t *sessions;
	uint32_t i;

	if (page->count > CACHE_PAGE_ENTRIES ||
	    message->len != page->count * sizeof(entry))
		return (-1);
	client = control_waiting(control, page->request);
	if (client == NULL)
		return (0);
	sessions = json_array();
	for (i = 0; i < page->count; i++) {
		memcpy(&entry, message->bytes + i * sizeof(entry),
		    sizeof(entry));
		if (entry.id_len > SESSION_ID_MAX ||
		    entry.context_len > SESSION_ID_MAX) {
			json_decref(sessions);
			return (-1);
		}
		(void)json_array_append_new(sessions, describe_entry(&entry));
		memcpy(control_client_cursor(client), entry.key,
		    sizeof(entry.key));
	}
	if (page->last != 0 || page->count == 0)
		control_client_end(client,
		    json_pack("{s:o}", "sessions", sessions));
	else
		control_client_send(client,
		    json_pack("{s:o}", "sessions", sessions), list_more);
	return (0);
}

static int
done_came(struct control *control, const struct message *message)
{
	const struct msg_cache_done *done = message->body;
	struct control_client *client;
	struct master *master;
	json_t *line;

	/* A successor of the keeper is to know, whoever waits for this. */
	master = control_context(control);
	if (done->error == 0 && done->request == removal)
		master->cache_removed = master->current->number;
	if (done->error == 0 && done->request == staples_removal)
		master->staples_removed = master->current->number;
	client = control_waiting(control, done->request);
	if (client == NULL)
		return (0);
	if (done->error != 0) {
		control_client_fail(client, strerror(done->error), NULL);
		return (0);
	}
	line = json_object();
	if (line != NULL)
		status_set(line,
		    is_of_staples(client) ? "responses" : "sessions",
		    done->sessions);
	control_client_end(client, line);
	return (0);
}

int
control_cache_answer(struct control *control, const struct message *message)
{
	uint64_t request;

	/* All answers begin with the number of the question. */
	memcpy(&request, message->body, sizeof(request));
	if (request == 0 || request > requests)
		return (-1);
	if (control == NULL)
		return (0);
	if (message->type == MSG_CACHE_FACTS)
		return (facts_came(control, message));
	if (message->type == MSG_CACHE_PAGE)
		return (page_came(control, message));
	return (done_came(control, message));
}

/* 0: the question could not be asked. */
static uint64_t
tell_removed(struct link *link, enum msg_type type)
{
	const struct msg_request body = { .request = ++requests };

	if (link_post(link, type, &body) == 0)
		return (body.request);
	log_error("the keeper does not hear that a cache was removed");
	return (0);
}

void
control_cache_keeper_ready(struct master *master)
{
	struct link *link = keeper(master);

	if (link != NULL && master->cache_removed == master->current->number)
		removal = tell_removed(link, MSG_CACHE_REMOVE);
	if (link != NULL && master->staples_removed == master->current->number)
		staples_removal = tell_removed(link, MSG_STAPLE_REMOVE);
}

void
control_cache_clear(struct master *master)
{
	struct link *link = keeper(master);
	struct msg_request body;

	/* One that is just starting has nothing to forget. */
	if (link == NULL)
		return;
	body.request = ++requests;
	if (link_post(link, MSG_CACHE_CLEAR, &body) == -1)
		log_warn("the session cache cannot be cleared");
}

void
control_cache_keeper_gone(struct control *control)
{
	static const enum control_command commands[] = {
		CONTROL_SESSCACHE_CLEAR,
		CONTROL_SESSCACHE_INFO,
		CONTROL_SESSCACHE_REMOVE,
		CONTROL_OCSPCACHE_CLEAR,
		CONTROL_OCSPCACHE_INFO,
		CONTROL_OCSPCACHE_REMOVE,
	};

	control_fail_waiting(control, commands, NITEMS(commands),
	    "the keeper of the cache has ended; try again");
}
