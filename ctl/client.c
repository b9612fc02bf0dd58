#include "ctl/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "shm/base/buf.h"
#include "shm/base/control.h"

#define READ_SIZE  ((size_t)64 * 1024)
#define ANSWER_MAX ((size_t)1024 * 1024 * 1024)

static struct answer
problem(enum status status, const char *text)
{
	struct answer answer = { status, NULL, text };

	return (answer);
}

static int
connect_to(const char *path)
{
	struct sockaddr_un address;
	int fd;

	memset(&address, 0, sizeof(address));
	address.sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return (-1);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) ==
	    -1) {
		close(fd);
		return (-1);
	}
	return (fd);
}

static int
send_all(int fd, const char *text, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = send(fd, text, len, MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return (-1);
		text += n;
		len -= (size_t)n;
	}
	return (0);
}

static json_t *
list_arguments(const struct question *question)
{
	json_t *list = json_array();
	int i;

	for (i = 0; i < question->count; i++)
		(void)json_array_append_new(list,
		    json_string(question->arguments[i]));
	return (list);
}

static int
send_request(int fd, const struct question *question)
{
	json_t *request;
	char *text;
	int ret = -1;

	request = json_pack("{s:s, s:b}", "command", question->command,
	    "verbose", question->verbose ? 1 : 0);
	if (question->count > 0)
		(void)json_object_set_new(request, "arguments",
		    list_arguments(question));
	text = request == NULL ? NULL : json_dumps(request, JSON_COMPACT);
	if (text != NULL && send_all(fd, text, strlen(text)) == 0)
		ret = send_all(fd, "\n", 1);
	free(text);
	json_decref(request);
	return (ret);
}

/* Puts a line's members into the object; lists grow. */
static int
join(json_t *object, json_t *line)
{
	const char *key;
	json_t *value, *list;

	json_object_foreach(line, key, value)
	{
		list = json_object_get(object, key);
		if (json_is_array(list) && json_is_array(value)) {
			if (json_array_extend(list, value) == -1)
				return (-1);
		} else if (json_object_set(object, key, value) == -1) {
			return (-1);
		}
	}
	return (0);
}

/* One line of the answer: 1 it was the last, 0 there are more, -1 not JSON. */
static int
take_line(json_t *object, const char *line, size_t len)
{
	json_error_t error;
	json_t *parsed;
	int ret = -1;

	parsed = json_loadb(line, len, 0, &error);
	if (json_is_object(parsed) && join(object, parsed) == 0)
		ret = json_is_true(json_object_get(parsed, "end")) ? 1 : 0;
	json_decref(parsed);
	return (ret);
}

/* All whole lines that have come, as take_line(). */
static int
take_lines(json_t *object, struct buf *in)
{
	const char *line, *end;
	int ret = 0;

	while (ret == 0 && buf_len(in) > 0) {
		line = (const char *)buf_data(in);
		end = memchr(line, '\n', buf_len(in));
		if (end == NULL)
			break;
		ret = take_line(object, line, (size_t)(end - line));
		buf_consume(in, (size_t)(end - line) + 1);
	}
	return (ret);
}

/* NULL: the server closed without the end of an answer. */
static json_t *
read_answer(int fd, bool *anything)
{
	json_t *object = json_object();
	struct buf in;
	uint8_t *room;
	ssize_t n;
	int ret = 0;

	buf_init(&in, ANSWER_MAX);
	*anything = false;
	while (ret == 0) {
		room = buf_reserve(&in, READ_SIZE);
		n = room == NULL ? -1 : recv(fd, room, READ_SIZE, 0);
		if (n == -1 && room != NULL && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		*anything = true;
		buf_added(&in, (size_t)n);
		ret = take_lines(object, &in);
	}
	buf_free(&in);
	if (ret == 1)
		return (object);
	json_decref(object);
	return (NULL);
}

static enum status
to_status(const json_t *object)
{
	const char *word = json_string_value(json_object_get(object, "status"));

	if (word != NULL && strcmp(word, CONTROL_OK) == 0)
		return (STATUS_OK);
	if (word != NULL && strcmp(word, CONTROL_REFUSED) == 0)
		return (STATUS_REFUSED);
	if (word != NULL && strcmp(word, CONTROL_UNKNOWN) == 0)
		return (STATUS_USAGE);
	return (STATUS_FAILED);
}

static struct answer
converse(int fd, const struct question *question)
{
	struct answer answer = { STATUS_FAILED, NULL, NULL };
	bool anything = false;

	/* A server that refuses us closes before it reads, so go on to that. */
	if (send_request(fd, question) == -1 && errno != EPIPE)
		return (problem(STATUS_FAILED, strerror(errno)));
	answer.object = read_answer(fd, &anything);
	if (answer.object != NULL) {
		answer.status = to_status(answer.object);
		return (answer);
	}
	if (!anything)
		return (problem(STATUS_REFUSED,
		    "the server closed the connection: access denied"));
	return (problem(STATUS_FAILED, "the answer of the server is cut off"));
}

struct answer
client_ask(const char *path, const struct question *question)
{
	struct answer answer;
	int fd;

	fd = connect_to(path);
	if (fd == -1 && (errno == EACCES || errno == EPERM))
		return (problem(STATUS_REFUSED, strerror(errno)));
	if (fd == -1)
		return (problem(STATUS_NO_SERVER, strerror(errno)));
	answer = converse(fd, question);
	close(fd);
	return (answer);
}
