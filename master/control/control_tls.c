#include "master/control/control_tls.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "master/control/control_staples.h"
#include "master/control/control_status.h"
#include "shm/base/log.h"

#define PAGE 32 /* hosts or pairs in a line */

#define SERVER_NAME "-" /* what is no virtual host */

/* How far a client has got. */
struct cursor {
	uint64_t next;
	uint64_t generation; /* 0: it begins */
};

_Static_assert(sizeof(struct cursor) <= CONTROL_CURSOR_LEN, "it fits");

/* Configuration files may hold any bytes. */
static json_t *
printable(const char *text)
{
	char escaped[4096];

	log_escape(escaped, sizeof(escaped), text, strlen(text));
	return (json_string(escaped));
}

static void
set(json_t *object, const char *key, json_t *value)
{
	(void)json_object_set_new(object, key, value);
}

/* Times before 1970 are as long over as it. */
static void
set_time(json_t *object, const char *key, int64_t when)
{
	status_set(object, key, when < 0 ? 0 : (uint64_t)when);
}

static json_t *
split(const char *names)
{
	json_t *list = json_array();
	size_t len;

	for (; *names != '\0'; names += len + (names[len] == ' ')) {
		len = strcspn(names, " ");
		if (len > 0)
			(void)json_array_append_new(list,
			    json_stringn(names, len));
	}
	return (list);
}

static void
describe_known(json_t *object, const struct certificate_known *known)
{
	char sha256[2 * sizeof(known->sha256) + 1];
	size_t i;

	for (i = 0; i < sizeof(known->sha256); i++)
		(void)snprintf(sha256 + 2 * i, 3, "%02X", known->sha256[i]);
	set(object, "subject", json_string(known->subject));
	set(object, "issuer", json_string(known->issuer));
	set(object, "serial", json_string(known->serial));
	set(object, "key", json_string(known->key));
	set(object, "names", split(known->names));
	set(object, "sha256", json_string(sha256));
	set_time(object, "from", known->from);
	set_time(object, "until", known->until);
	set_time(object, "chain_until", known->chain_until);
	set(object, "must_staple",
	    json_boolean((known->flags & CERTIFICATE_MUST_STAPLE) != 0));
	set(object, "responder",
	    json_boolean((known->flags & CERTIFICATE_RESPONDER) != 0));
}

static json_t *
describe_pair(const struct certificate *pair)
{
	json_t *object = json_object();

	set(object, "file", printable(pair->name));
	if (pair->key_name != NULL && strcmp(pair->key_name, pair->name) != 0)
		set(object, "key_file", printable(pair->key_name));
	if (pair->known != NULL)
		describe_known(object, pair->known);
	if (pair->why == NULL)
		return (object);
	set(object, "alarm", printable(pair->why));
	status_set(object, "since", pair->since);
	return (object);
}

static json_t *
describe_host(const struct certificates *certificates,
    const struct conf_host *host)
{
	json_t *object = json_object(), *list = json_array();
	json_t *names = json_array();
	const struct certificate *pair;
	size_t i;

	set(object, "host",
	    printable(host->name == NULL ? SERVER_NAME : host->name));
	for (i = 0; i < host->names.count; i++)
		(void)json_array_append_new(names,
		    printable(host->names.items[i]));
	set(object, "also", names);
	set(object, "engine", json_boolean(host->tls.engine));
	for (i = 0;
	     (pair = certificates_host_pair(certificates, host, i)) != NULL;
	     i++)
		(void)json_array_append_new(list, describe_pair(pair));
	set(object, "certificates", list);
	return (object);
}

static bool
is_called(const struct conf_host *host, const char *wanted)
{
	size_t i;

	if (host->name == NULL)
		return (strcmp(wanted, SERVER_NAME) == 0);
	if (strcasecmp(host->name, wanted) == 0)
		return (true);
	for (i = 0; i < host->names.count; i++)
		if (strcasecmp(host->names.items[i], wanted) == 0)
			return (true);
	return (false);
}

/* Sums of all workers; of ciphers, those that were used. */
static json_t *
describe_counters(const struct master *master, enum score_counter first,
    enum score_counter end)
{
	const struct post *post;
	json_t *object = json_object();
	uint32_t slot;
	uint64_t sum;
	unsigned int i;

	for (i = first; i < end; i++) {
		sum = 0;
		for (slot = 0; slot < master->supervisor->slots; slot++) {
			post = supervise_post(master->supervisor, ROLE_WORKER,
			    slot);
			sum += status_count(post, (enum score_counter)i);
		}
		if (sum > 0 || first != SCORE_CIPHERS)
			status_set(object, score_name((enum score_counter)i),
			    sum);
	}
	return (object);
}

/* All that is not about one host. */
static json_t *
describe_rest(const struct master *master)
{
	const struct conf *conf = master_conf(master);
	json_t *line = json_object(), *keys = json_object();

	set(keys, "ages", status_ticket_keys(master));
	status_set(keys, "age", conf->ticket_key_age);
	status_set(keys, "count", conf->ticket_key_count);
	set(line, "ticket_keys", keys);
	set(line, "handshakes",
	    describe_counters(master, SCORE_HANDSHAKES_FULL, SCORE_FILES_SENT));
	set(line, "versions",
	    describe_counters(master, SCORE_TLS_1_0, SCORE_FAILURES));
	set(line, "failures",
	    describe_counters(master, SCORE_FAILURES, SCORE_CIPHERS));
	set(line, "ciphers",
	    describe_counters(master, SCORE_CIPHERS, SCORE_COUNT));
	set(line, "alarms", status_alarms(master));
	return (line);
}

/* Moves the cursor over one page of hosts. */
static json_t *
host_page(const struct master *master, struct cursor *cursor)
{
	const struct configuration *configuration =
	    master->current->configuration;
	const struct conf *conf = configuration->conf;
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < PAGE && cursor->next < conf->nhosts; i++)
		(void)json_array_append_new(list,
		    describe_host(configuration->certificates,
			&conf->hosts[cursor->next++]));
	return (json_pack("{s:o}", "hosts", list));
}

/* The same for pairs, each of which is there once. */
static json_t *
pair_page(const struct master *master, struct cursor *cursor)
{
	const struct certificates *certificates =
	    master->current->configuration->certificates;
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < PAGE && cursor->next < certificates_pairs(certificates);
	     i++)
		(void)json_array_append_new(list,
		    describe_pair(
			certificates_at(certificates, cursor->next++)));
	return (json_pack("{s:o}", "certificates", list));
}

static bool
is_over(const struct master *master, enum control_command command,
    const struct cursor *cursor)
{
	const struct configuration *configuration =
	    master->current->configuration;

	if (command == CONTROL_TLS_INFO)
		return (cursor->next >= configuration->conf->nhosts);
	return (
	    cursor->next >= certificates_pairs(configuration->certificates));
}

/* The next line of the answer. */
static void
go_on(struct control_client *client, void *context)
{
	enum control_command command = control_client_command(client);
	const struct master *master = context;
	struct cursor cursor;
	json_t *line;

	memcpy(&cursor, control_client_cursor(client), sizeof(cursor));
	if (cursor.generation == 0)
		cursor.generation = master->current->number;
	if (cursor.generation != master->current->number) {
		control_client_fail(client,
		    "the configuration has just been replaced; try again",
		    NULL);
		return;
	}
	if (is_over(master, command, &cursor)) {
		line = command == CONTROL_TLS_INFO
		    ? describe_rest(master)
		    : json_pack("{s:o}", "alarms", status_alarms(master));
		control_staples_follow(client, master, line);
		return;
	}
	line = command == CONTROL_TLS_INFO ? host_page(master, &cursor)
					   : pair_page(master, &cursor);
	memcpy(control_client_cursor(client), &cursor, sizeof(cursor));
	control_client_send(client, line, go_on);
}

static void
tell_host(struct control_client *client, const struct master *master,
    const char *wanted)
{
	const struct configuration *configuration =
	    master->current->configuration;
	const struct conf *conf = configuration->conf;
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < conf->nhosts; i++)
		if (is_called(&conf->hosts[i], wanted))
			(void)json_array_append_new(list,
			    describe_host(configuration->certificates,
				&conf->hosts[i]));
	if (json_array_size(list) > 0) {
		control_staples_follow(client, master,
		    json_pack("{s:o}", "hosts", list));
		return;
	}
	json_decref(list);
	control_client_fail(client, "there is no such host", NULL);
}

void
control_tls_request(struct control_client *client, struct master *master)
{
	bool is_info = control_client_command(client) == CONTROL_TLS_INFO;
	size_t count = control_client_count(client);

	if (count > (is_info ? 1 : 0))
		control_client_fail(client,
		    is_info ? "the name of one host is expected"
			    : "nothing more is expected",
		    NULL);
	else if (count == 1)
		tell_host(client, master, control_client_argument(client, 0));
	else
		go_on(client, master);
}
