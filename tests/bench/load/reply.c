#include "tests/bench/load/reply.h"

#include <stdint.h>
#include <string.h>

#define CODE_LEN 3

/* The code that a line begins with, or -1. */
static int
code_of(const char *line, size_t len)
{
	int code = 0;
	size_t i;

	if (len < CODE_LEN)
		return (-1);
	for (i = 0; i < CODE_LEN; i++) {
		if (line[i] < '0' || line[i] > '9')
			return (-1);
		code = code * 10 + (line[i] - '0');
	}
	return (code);
}

ssize_t
reply_scan(const char *data, size_t len, struct reply *reply)
{
	const char *line = data, *end = data + len, *stop;
	size_t size;
	int first = -1, code;

	while ((stop = memchr(line, '\n', (size_t)(end - line))) != NULL) {
		size = (size_t)(stop - line);
		if (size > 0 && line[size - 1] == '\r')
			size--;
		code = code_of(line, size);
		if (first == -1 && code == -1)
			return (-1);
		if (first == -1)
			first = code;
		if (code == first &&
		    (size == CODE_LEN || line[CODE_LEN] != '-')) {
			reply->code = code;
			reply->text = line;
			reply->len = size;
			return (stop + 1 - data);
		}
		line = stop + 1;
	}
	return (0);
}

unsigned int
reply_port(const struct reply *reply)
{
	const char *at, *end = reply->text + reply->len;
	unsigned int port = 0;

	at = memmem(reply->text, reply->len, "(|||", 4);
	if (at == NULL)
		return (0);
	for (at += 4; at < end && *at >= '0' && *at <= '9'; at++) {
		port = port * 10 + (unsigned int)(*at - '0');
		if (port > UINT16_MAX)
			return (0);
	}
	return (at < end && *at == '|' ? port : 0);
}
