#include "shm/base/trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IP_BITS  128u
#define V4_FIRST 96u /* bits before an IPv4 address */

unsigned int trace_levels[TRACE_COUNT];

static struct trace_rule rules[TRACE_COUNT];

static const char *const names[TRACE_COUNT] = {
#define TRACE(name, text, help) [TRACE_##name] = (text),
#include "shm/base/trace.def"
#undef TRACE
};

int
trace_set(const struct trace_rule wanted[TRACE_COUNT])
{
	size_t i;

	for (i = 0; i < TRACE_COUNT; i++)
		if (wanted[i].level > TRACE_LEVEL_MAX ||
		    wanted[i].bits > IP_BITS)
			return (-1);
	memcpy(rules, wanted, sizeof(rules));
	for (i = 0; i < TRACE_COUNT; i++)
		trace_levels[i] = rules[i].level;
	return (0);
}

const struct trace_rule *
trace_get(void)
{
	return (rules);
}

enum trace_channel
trace_find(const char *text)
{
	unsigned int i;

	for (i = 0; i < TRACE_COUNT; i++)
		if (strcmp(names[i], text) == 0)
			break;
	return ((enum trace_channel)i);
}

const char *
trace_name(enum trace_channel channel)
{
	return (names[channel]);
}

static bool
same_bits(const uint8_t *a, const uint8_t *b, uint32_t bits)
{
	uint32_t whole = bits / 8, rest = bits % 8;
	uint8_t mask = (uint8_t)(0xff00u >> rest);

	if (memcmp(a, b, whole) != 0)
		return (false);
	return (rest == 0 || ((a[whole] ^ b[whole]) & mask) == 0);
}

static bool
is_meant(const struct trace_rule *rule, const struct log_subject *subject)
{
	struct address client;

	if (rule->bits == 0)
		return (true);
	if (subject == NULL || subject->client == NULL ||
	    address_parse(&client, subject->client) == -1)
		return (false);
	return (same_bits(client.ip, rule->client.ip, rule->bits));
}

void
trace_write(enum trace_channel channel, unsigned int level,
    const struct log_subject *subject, const char *format, ...)
{
	char text[LOG_TEXT_MAX];
	va_list arguments;

	if (!is_meant(&rules[channel], subject))
		return;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	log_always(LOG_STREAM_TLS, subject, "trace %s:%u: %s", names[channel],
	    level, text);
}

/* A number without anything around it, up to most; or -1. */
static long
number(const char *text, long most)
{
	char *end;
	long value;

	if (text[0] < '0' || text[0] > '9' || strlen(text) > 3)
		return (-1);
	value = strtol(text, &end, 10);
	return (*end == '\0' && value <= most ? value : -1);
}

static int
parse_client(struct trace_rule *rule, const char *text)
{
	char address[ADDRESS_TEXT_MAX];
	size_t len = strcspn(text, "/");
	long bits, most;

	if (len >= sizeof(address))
		return (-1);
	memcpy(address, text, len);
	address[len] = '\0';
	if (address_parse(&rule->client, address) == -1)
		return (-1);
	most = address_is_v4(&rule->client) ? 32 : (long)IP_BITS;
	bits = text[len] == '/' ? number(text + len + 1, most) : most;
	if (bits == -1)
		return (-1);
	address_mask(&rule->client, (unsigned int)bits, (unsigned int)bits);
	rule->bits = (uint32_t)bits;
	if (most < (long)IP_BITS)
		rule->bits += V4_FIRST;
	return (0);
}

int
trace_parse(struct trace_rule *rule, const char *level, const char *client,
    const char **why)
{
	struct trace_rule parsed;
	long value = number(level, TRACE_LEVEL_MAX);

	memset(&parsed, 0, sizeof(parsed));
	if (value == -1) {
		*why = "a level is a number from 0 to 20";
		return (-1);
	}
	parsed.level = (uint32_t)value;
	if (client != NULL && parse_client(&parsed, client) == -1) {
		*why = "a client is an address, or a network such as "
		       "192.0.2.0/24";
		return (-1);
	}
	*rule = parsed;
	return (0);
}

const char *
trace_client(const struct trace_rule *rule, char out[TRACE_CLIENT_MAX])
{
	bool v4 = address_is_v4(&rule->client);
	char text[ADDRESS_TEXT_MAX];

	if (rule->bits == 0)
		out[0] = '\0';
	else if (rule->bits == IP_BITS)
		(void)snprintf(out, TRACE_CLIENT_MAX, "%s",
		    address_text(&rule->client, text));
	else
		(void)snprintf(out, TRACE_CLIENT_MAX, "%s/%u",
		    address_text(&rule->client, text),
		    v4 ? rule->bits - V4_FIRST : rule->bits);
	return (out);
}
