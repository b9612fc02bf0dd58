/*
 * trace - lines that tell in detail what a part of the server does.
 *
 * For who looks for a fault: off, and then one comparison a line, until
 * log.trace or `ftpsctl trace` gives a channel a level, for all clients or for
 * one address or network.  Lines go to the tls.log of their host (else to the
 * main log), whatever log.level is, and never hold a secret.
 *
 * Levels: 1 how things end, 5 what was decided and why, 10 each step, 15 each
 * message, 20 everything.
 */
#ifndef SHM_BASE_TRACE_H
#define SHM_BASE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/address.h"
#include "shm/base/attr.h"
#include "shm/base/log.h"

#define TRACE_LEVEL_MAX 20

enum trace_channel {
#define TRACE(name, text, help) TRACE_##name,
#include "shm/base/trace.def"
#undef TRACE
	TRACE_COUNT
};

/* What of a channel is written; it travels in messages. */
struct trace_rule {
	struct address client;
	uint32_t bits;  /* of client that must be the same; 0: any client */
	uint32_t level; /* lines up to this one; 0: none */
};

/* The levels in force in this process, by channel; set by trace_set(). */
extern unsigned int trace_levels[TRACE_COUNT];

/* Whether a line of that level may be written: trace_on(TLS, 5). */
#define trace_on(channel, at) (trace_levels[TRACE_##channel] >= (at))

/*
 * trace_line(TLS, 5, subject, "format", ...): nothing is evaluated while the
 * channel's level is lower.  subject may be NULL: a rule for one client then
 * leaves the line out.
 */
#define trace_line(channel, at, subject, ...)                                \
	(trace_on(channel, at)                                               \
		? trace_write(TRACE_##channel, (at), (subject), __VA_ARGS__) \
		: (void)0)

void trace_write(enum trace_channel channel, unsigned int level,
    const struct log_subject *subject, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* Puts all rules in force; -1 when one of them cannot be, and none was. */
NODISCARD int trace_set(const struct trace_rule rules[TRACE_COUNT]);
/* The rules in force. */
const struct trace_rule *trace_get(void);

/* The channel with that name, or TRACE_COUNT. */
NODISCARD enum trace_channel trace_find(const char *text);
NODISCARD const char *trace_name(enum trace_channel channel);

/*
 * A rule from "0" ... "20" and "192.0.2.1", "2001:db8::/32" or NULL.  0, or -1
 * with what is wrong in *why.
 */
NODISCARD int trace_parse(struct trace_rule *rule, const char *level,
    const char *client, const char **why);

/* The client part of a rule as text, "" for any client. */
#define TRACE_CLIENT_MAX (ADDRESS_TEXT_MAX + 4)
const char *trace_client(const struct trace_rule *rule,
    char out[TRACE_CLIENT_MAX]);

#endif
