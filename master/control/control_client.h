/* control_client - one connection of the control socket. */
#ifndef MASTER_CONTROL_CONTROL_CLIENT_H
#define MASTER_CONTROL_CONTROL_CLIENT_H

#include <sys/queue.h>

#include "master/control/control.h"
#include "shm/base/buf.h"

struct control_client {
	LIST_ENTRY(control_client) link;
	struct control *control;
	int fd;
	struct loop_watch *watch;
	struct loop_timer *deadline;
	uint32_t allowed;
	struct buf in, out;
	enum control_command command;
	bool verbose;
	json_t *arguments; /* of the command; NULL: none */
	bool busy;         /* a command is being answered; nothing is read */
	bool broken;       /* to be closed when it is safe */
	bool handling;     /* further up the stack */
	uint64_t waiting;
	uint8_t cursor[CONTROL_CURSOR_LEN];
	void (*drained)(struct control_client *client, void *context);
};

struct control {
	struct control_setup setup;
	char *path;
	int fd;
	struct loop_watch *watch;
	struct loop_timer *pause; /* no descriptor was left to accept with */
	LIST_HEAD(, control_client) clients;
	unsigned int nclients;
};

/* Takes over fd (closed in any case).  NULL with errno. */
NODISCARD struct control_client *control_client_new(struct control *control,
    int fd, uint32_t allowed);

/* Closes and frees it. */
void control_client_free(struct control_client *client);

#endif
