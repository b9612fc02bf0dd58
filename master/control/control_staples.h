/*
 * control_staples - what the ocsp process knows of each certificate that is
 * stapled, for clients of the control socket.
 */
#ifndef MASTER_CONTROL_CONTROL_STAPLES_H
#define MASTER_CONTROL_CONTROL_STAPLES_H

#include "master/control/control.h"
#include "master/master.h"
#include "shm/ipc/channel.h"

/*
 * Asks for the entries from the client's cursor on; the client gets them as
 * lines {"staples": [...]}, the last of which ends the command.  Fits
 * control_client_send(): context is the master.
 */
void control_staples_more(struct control_client *client, void *context);

/*
 * Sends the last line that a command has by itself; the staples follow it
 * where there are any.
 */
void control_staples_follow(struct control_client *client,
    const struct master *master, json_t *line);

/* An answer of the ocsp process.  0, or -1: it broke the rules. */
NODISCARD int control_staples_answer(struct control *control,
    const struct message *message);

/* The process has ended: whoever waits for it is told so. */
void control_staples_gone(struct control *control);

#endif
