#include "worker/ftp/syntax/input.h"

#include <string.h>

#include "shm/base/secret.h"

/*
 * Telnet (RFC 854): clients send IAC IP IAC DM before ABOR, some negotiate.
 * A byte 255 that begins no Telnet command is kept, since names are bytes.
 */
enum telnet {
	TELNET_TEXT,
	TELNET_IAC,   /* 255 seen */
	TELNET_OPTION /* IAC and WILL, WONT, DO or DONT seen */
};

#define IAC  255
#define WILL 251 /* to DONT, 254: one byte follows */
#define SE   240 /* to GA, 249, and SB, 250: nothing follows */

void
input_init(struct input *input)
{
	buf_init(&input->buf, INPUT_MAX);
	input->telnet = TELNET_TEXT;
	input->skipping = false;
	input->begun = false;
	input->eight_bit = false;
}

void
input_free(struct input *input)
{
	buf_free(&input->buf);
}

/* One byte of text may become two: the IAC that was held back, and itself. */
size_t
input_room(const struct input *input)
{
	size_t used = buf_len(&input->buf);

	return (used + 1 >= INPUT_MAX ? 0 : INPUT_MAX - used - 1);
}

/* Runs one byte through the filter; returns how many bytes of out it gives. */
static size_t
filter(struct input *input, uint8_t byte, uint8_t out[2])
{
	switch ((enum telnet)input->telnet) {
	case TELNET_TEXT:
		if (byte == IAC && !(input->eight_bit && input->begun)) {
			input->telnet = TELNET_IAC;
			return (0);
		}
		out[0] = byte;
		return (1);
	case TELNET_IAC:
		input->telnet =
		    byte >= WILL && byte != IAC ? TELNET_OPTION : TELNET_TEXT;
		out[0] = IAC;
		out[1] = byte;
		if (byte == IAC)
			return (1);
		return (byte >= SE ? 0 : 2);
	case TELNET_OPTION:
		input->telnet = TELNET_TEXT;
		return (0);
	}
	return (0);
}

int
input_feed(struct input *input, const uint8_t *data, size_t len)
{
	uint8_t *room;
	uint8_t out[2];
	size_t used = 0, i, j, n;

	if (len == 0)
		return (0);
	room = buf_reserve(&input->buf, len + 1);
	if (room == NULL)
		return (-1);
	for (i = 0; i < len; i++) {
		n = filter(input, data[i], out);
		if (n > 0)
			input->begun = out[n - 1] != '\n';
		for (j = 0; j < n; j++) {
			if (!input->skipping)
				room[used++] = out[j];
			else if (out[j] == '\n')
				input->skipping = false;
		}
	}
	buf_added(&input->buf, used);
	return (0);
}

/* The length of a line without the CR at its end, if it has one. */
static size_t
trimmed(const uint8_t *line, size_t len)
{
	return (len > 0 && line[len - 1] == '\r' ? len - 1 : len);
}

enum input_result
input_take(struct input *input, char *line)
{
	uint8_t *data = buf_data(&input->buf);
	size_t waiting = buf_len(&input->buf), len;
	enum input_result result = INPUT_LINE;
	const uint8_t *end;

	if (waiting == 0)
		return (INPUT_NONE);
	end = memchr(data, '\n', waiting);
	if (end == NULL) {
		if (waiting <= INPUT_LINE_MAX + 1)
			return (INPUT_NONE);
		buf_consume(&input->buf, waiting);
		input->skipping = true;
		return (INPUT_TOO_LONG);
	}
	len = trimmed(data, (size_t)(end - data));
	if (len > INPUT_LINE_MAX) {
		result = INPUT_TOO_LONG;
	} else if (memchr(data, '\r', len) != NULL ||
	    memchr(data, '\0', len) != NULL) {
		result = INPUT_BAD;
	} else {
		memcpy(line, data, len);
		line[len] = '\0';
	}
	/* It may be a password. */
	secret_wipe(data, len);
	buf_consume(&input->buf, (size_t)(end - data) + 1);
	return (result);
}

bool
input_peek(const struct input *input, size_t *offset, char *head, size_t size)
{
	const uint8_t *data = buf_data(&input->buf);
	size_t waiting = buf_len(&input->buf), len;
	const uint8_t *end;

	if (*offset >= waiting)
		return (false);
	data += *offset;
	end = memchr(data, '\n', waiting - *offset);
	if (end == NULL)
		return (false);
	*offset += (size_t)(end - data) + 1;
	len = trimmed(data, (size_t)(end - data));
	if (len > size - 1)
		len = size - 1;
	memcpy(head, data, len);
	head[len] = '\0';
	return (true);
}

size_t
input_discard(struct input *input)
{
	size_t waiting = buf_len(&input->buf);

	buf_consume(&input->buf, waiting);
	input->telnet = TELNET_TEXT;
	input->skipping = false;
	input->begun = false;
	return (waiting);
}
