/*
 * control - the control socket: connections, lines, deadlines.
 *
 * Knows who asks and for which command, and nothing of what the commands do:
 * requests go to the owner's function, which answers at once or later.  A peer
 * that may give no command at all is closed before a byte of it is read.
 */
#ifndef MASTER_CONTROL_CONTROL_H
#define MASTER_CONTROL_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "master/control/control_rules.h"
#include "shm/base/attr.h"
#include "shm/base/control.h"
#include "shm/base/loop.h"
#include "shm/conf/conf.h"

#define CONTROL_CLIENTS_MAX 16
#define CONTROL_CURSOR_LEN  32

struct control;
struct control_client;

struct control_setup {
	struct loop *loop;
	const char *path;
	/* The commands that the peer may give (CONTROL_BIT). */
	uint32_t (*allowed)(const struct control_peer *peer, void *context);
	/* A command that was allowed; it is answered with the functions below.
	 */
	void (*request)(struct control_client *client, void *context);
	void *context;
};

struct control_access {
	mode_t mode;
	const char *owner, *group; /* NULL: as they come */
};

/*
 * Listens at setup->path, which is copied; a socket that nobody answers on is
 * replaced.  NULL after logging why.
 */
NODISCARD struct control *control_new(const struct control_setup *setup,
    const struct control_access *access);

/* Closes everything, removes the socket, and sets *control to NULL. */
void control_free(struct control **control);

/* setup->context */
NODISCARD void *control_context(const struct control *control);

NODISCARD enum control_command control_client_command(
    const struct control_client *client);
NODISCARD bool control_client_verbose(const struct control_client *client);
/* How many arguments the command has, at most CONTROL_WORDS_MAX. */
NODISCARD size_t control_client_count(const struct control_client *client);
/* One of them; valid until the command is answered. */
NODISCARD const char *control_client_argument(const struct control_client
						  *client,
    size_t index);

/*
 * Sends a line of the answer; takes over the object (NULL: memory was short,
 * and the connection is closed).  With drained set, it is called with the
 * owner's context when all has been written and more may be sent.
 */
void control_client_send(struct control_client *client, json_t *line,
    void (*drained)(struct control_client *client, void *context));

/* Sends the last line, which gets "end" and "status": "ok". */
void control_client_end(struct control_client *client, json_t *line);
/* The same for a command that did not work; more may be NULL. */
void control_client_fail(struct control_client *client, const char *error,
    json_t *more);

/*
 * The answer comes later, under this number (not 0): the client is found by it
 * as long as it is still there.  Several may wait for the same number.
 */
void control_client_wait(struct control_client *client, uint64_t number);
NODISCARD struct control_client *control_waiting(struct control *control,
    uint64_t number);
/* Any client that waits, with that command. */
NODISCARD struct control_client *control_waiting_command(struct control
							     *control,
    enum control_command command);
/* Whoever waits with one of count commands has waited in vain: error says why.
 * control may be NULL. */
void control_fail_waiting(struct control *control,
    const enum control_command *commands, size_t count, const char *error);

/* CONTROL_CURSOR_LEN bytes for whoever answers; zeroes for a new command. */
NODISCARD uint8_t *control_client_cursor(struct control_client *client);

#endif
