#include "master/log_pairs.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "shm/base/fd.h"

struct log_pair {
	LIST_ENTRY(log_pair) link;
	struct log_pairs *pairs;
	struct msg_peer who;
	int reader;
	bool running; /* the process was started */
	bool ended;
	bool handed; /* to the logger of now */
};

struct log_pairs {
	LIST_HEAD(, log_pair) all;
	struct link *logger;
};

struct log_pairs *
log_pairs_new(void)
{
	struct log_pairs *pairs;

	pairs = calloc(1, sizeof(*pairs));
	if (pairs != NULL)
		LIST_INIT(&pairs->all);
	return (pairs);
}

static void
drop(struct log_pair *pair)
{
	LIST_REMOVE(pair, link);
	fd_close(&pair->reader);
	free(pair);
}

void
log_pairs_free(struct log_pairs **pairs)
{
	struct log_pair *pair, *next;

	if (*pairs == NULL)
		return;
	for (pair = LIST_FIRST(&(*pairs)->all); pair != NULL; pair = next) {
		next = LIST_NEXT(pair, link);
		drop(pair);
	}
	free(*pairs);
	*pairs = NULL;
}

static void
hand(struct log_pair *pair)
{
	struct channel_message message;

	if (pair->pairs->logger == NULL || pair->handed || !pair->running)
		return;
	memset(&message, 0, sizeof(message));
	message.type = MSG_LOG_PEER;
	message.body = &pair->who;
	message.fd = pair->reader;
	if (link_send(pair->pairs->logger, &message) == 0)
		pair->handed = true;
}

struct log_pair *
log_pair_new(struct log_pairs *pairs, const struct msg_peer *who, int *writer)
{
	struct log_pair *pair;
	int fds[2];

	pair = calloc(1, sizeof(*pair));
	if (pair == NULL)
		return (NULL);
	if (fd_pair(fds) == -1) {
		free(pair);
		return (NULL);
	}
	pair->pairs = pairs;
	pair->who = *who;
	pair->reader = fds[0];
	*writer = fds[1];
	LIST_INSERT_HEAD(&pairs->all, pair, link);
	return (pair);
}

void
log_pair_started(struct log_pair *pair, int32_t pid)
{
	pair->who.pid = pid;
	pair->running = true;
	hand(pair);
}

void
log_pair_ended(struct log_pair *pair)
{
	pair->ended = true;
	if (pair->handed || !pair->running)
		drop(pair);
}

void
log_pairs_logger(struct log_pairs *pairs, struct link *logger)
{
	struct log_pair *pair, *next;

	pairs->logger = logger;
	for (pair = LIST_FIRST(&pairs->all); pair != NULL; pair = next) {
		next = LIST_NEXT(pair, link);
		pair->handed = false;
		hand(pair);
		if (pair->handed && pair->ended)
			drop(pair);
	}
}
