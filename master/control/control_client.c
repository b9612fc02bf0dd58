#include "master/control/control_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "shm/base/log.h"

#define DEADLINE_MS 5000 /* to send a request, to take some of an answer */
#define OUT_MAX     ((size_t)16 * 1024 * 1024)
#define READ_SIZE   4096

static void settle(struct control_client *client);

void
control_client_free(struct control_client *client)
{
	LIST_REMOVE(client, link);
	client->control->nclients--;
	loop_unwatch(&client->watch);
	loop_timer_free(&client->deadline);
	fd_close(&client->fd);
	buf_free(&client->in);
	buf_free(&client->out);
	json_decref(client->arguments);
	free(client);
}

static void
deadline_over(void *context)
{
	struct control_client *client = context;

	/* Who waits for us is not to blame. */
	if (client->busy && buf_len(&client->out) == 0)
		return;
	log_debug("control: a client took too long");
	control_client_free(client);
}

static void
flush(struct control_client *client)
{
	ssize_t n;

	while (buf_len(&client->out) > 0 && !client->broken) {
		n = send(client->fd, buf_data(&client->out),
		    buf_len(&client->out), MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			return;
		if (n == -1) {
			client->broken = true;
			return;
		}
		buf_consume(&client->out, (size_t)n);
		loop_timer_set(client->deadline, DEADLINE_MS);
	}
}

static void
queue(struct control_client *client, json_t *line)
{
	char *text;

	text = line == NULL ? NULL : json_dumps(line, JSON_COMPACT);
	json_decref(line);
	if (text == NULL ||
	    buf_append(&client->out, text, strlen(text)) == -1 ||
	    buf_append(&client->out, "\n", 1) == -1)
		client->broken = true;
	free(text);
	loop_timer_set(client->deadline, DEADLINE_MS);
}

void
control_client_send(struct control_client *client, json_t *line,
    void (*drained)(struct control_client *client, void *context))
{
	client->drained = drained;
	queue(client, line);
	if (!client->handling)
		settle(client);
}

static void
end(struct control_client *client, json_t *line, const char *status)
{
	client->busy = false;
	client->waiting = 0;
	client->drained = NULL;
	if (line != NULL &&
	    (json_object_set_new(line, "end", json_true()) == -1 ||
		json_object_set_new(line, "status", json_string(status)) == -1))
		client->broken = true;
	queue(client, line);
	if (!client->handling)
		settle(client);
}

void
control_client_end(struct control_client *client, json_t *line)
{
	end(client, line, CONTROL_OK);
}

static void
end_with(struct control_client *client, const char *status, const char *error,
    json_t *more)
{
	json_t *line = more != NULL ? more : json_object();

	if (line != NULL)
		(void)json_object_set_new(line, "error", json_string(error));
	end(client, line, status);
}

void
control_client_fail(struct control_client *client, const char *error,
    json_t *more)
{
	end_with(client, CONTROL_FAILED, error, more);
}

void
control_client_wait(struct control_client *client, uint64_t number)
{
	client->waiting = number;
}

enum control_command
control_client_command(const struct control_client *client)
{
	return (client->command);
}

bool
control_client_verbose(const struct control_client *client)
{
	return (client->verbose);
}

size_t
control_client_count(const struct control_client *client)
{
	return (json_array_size(client->arguments));
}

const char *
control_client_argument(const struct control_client *client, size_t index)
{
	return (json_string_value(json_array_get(client->arguments, index)));
}

uint8_t *
control_client_cursor(struct control_client *client)
{
	return (client->cursor);
}

/* Keeps the arguments of the request, which has none, or a few texts. */
static int
take_arguments(struct control_client *client, const json_t *request)
{
	json_t *list = json_object_get(request, "arguments");
	const json_t *item;
	size_t i;

	json_decref(client->arguments);
	client->arguments = NULL;
	if (list == NULL)
		return (0);
	if (!json_is_array(list) || json_array_size(list) > CONTROL_WORDS_MAX)
		return (-1);
	json_array_foreach(list, i, item) if (!json_is_string(item)) return (
	    -1);
	client->arguments = json_incref(list);
	return (0);
}

static void
dispatch(struct control_client *client, const json_t *request)
{
	const char *text;

	text = json_string_value(json_object_get(request, "command"));
	client->command = text == NULL ? CONTROL_COUNT : control_find(text);
	if (client->command == CONTROL_COUNT ||
	    take_arguments(client, request) == -1) {
		end_with(client, CONTROL_UNKNOWN,
		    client->command != CONTROL_COUNT || text == NULL
			? "this is no request"
			: "there is no such command",
		    NULL);
		return;
	}
	if ((client->allowed & CONTROL_BIT(client->command)) == 0) {
		log_notice("control: \"%s\" was refused to a client", text);
		end_with(client, CONTROL_REFUSED, "access denied", NULL);
		return;
	}
	memset(client->cursor, 0, sizeof(client->cursor));
	client->verbose = json_is_true(json_object_get(request, "verbose"));
	client->control->setup.request(client, client->control->setup.context);
}

/* Handles one line, if there is a whole one.  false: there is none. */
static bool
next_request(struct control_client *client)
{
	const char *line = (const char *)buf_data(&client->in);
	const char *line_end;
	json_error_t error;
	json_t *request;
	size_t len;

	if (buf_len(&client->in) == 0)
		return (false);
	line_end = memchr(line, '\n', buf_len(&client->in));
	if (line_end == NULL)
		return (false);
	len = (size_t)(line_end - line);
	request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	buf_consume(&client->in, len + 1);
	client->busy = true;
	dispatch(client, request);
	json_decref(request);
	return (true);
}

/* What is there to do after anything has happened; may free the client. */
static void
settle(struct control_client *client)
{
	void (*drained)(struct control_client *, void *);

	client->handling = true;
	flush(client);
	while (!client->broken && buf_len(&client->out) == 0) {
		drained = client->drained;
		client->drained = NULL;
		if (drained != NULL)
			drained(client, client->control->setup.context);
		else if (client->busy || !next_request(client))
			break;
		flush(client);
	}
	client->handling = false;
	if (client->broken) {
		control_client_free(client);
		return;
	}
	loop_watch_events(client->watch,
	    (client->busy ? 0 : LOOP_READ) |
		(buf_len(&client->out) > 0 ? LOOP_WRITE : 0));
}

static void
read_more(struct control_client *client)
{
	uint8_t *room;
	ssize_t n;

	room = buf_reserve(&client->in, READ_SIZE);
	if (room == NULL) {
		client->broken = true; /* a line longer than we take */
		return;
	}
	n = recv(client->fd, room, READ_SIZE, MSG_DONTWAIT);
	if (n > 0)
		buf_added(&client->in, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		client->broken = true;
}

static void
ready(unsigned int events, void *context)
{
	struct control_client *client = context;

	/* Both ends closed is reported whether it was asked for or not. */
	if (client->busy && buf_len(&client->out) == 0)
		client->broken = true;
	else if ((events & LOOP_READ) != 0 && !client->busy)
		read_more(client);
	settle(client);
}

struct control_client *
control_client_new(struct control *control, int fd, uint32_t allowed)
{
	struct control_client *client;

	client = calloc(1, sizeof(*client));
	if (client == NULL) {
		fd_close(&fd);
		return (NULL);
	}
	client->control = control;
	client->fd = fd;
	client->allowed = allowed;
	buf_init(&client->in, CONTROL_LINE_MAX + READ_SIZE);
	buf_init(&client->out, OUT_MAX);
	LIST_INSERT_HEAD(&control->clients, client, link);
	control->nclients++;
	client->watch =
	    loop_watch(control->setup.loop, fd, LOOP_READ, ready, client);
	client->deadline =
	    loop_timer(control->setup.loop, deadline_over, client);
	if (client->watch == NULL || client->deadline == NULL) {
		control_client_free(client);
		return (NULL);
	}
	loop_timer_set(client->deadline, DEADLINE_MS);
	return (client);
}
