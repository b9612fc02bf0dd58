/* command - takes commands from a session's input and hands them out. */
#ifndef WORKER_FTP_COMMAND_H
#define WORKER_FTP_COMMAND_H

#include <stdbool.h>

#include "shm/base/attr.h"

struct session;

/*
 * While a transfer runs: answers NOOP and STAT that come next.  All else waits
 * its turn.
 */
void command_aside(struct session *session);
/* Whether one comes next. */
NODISCARD bool command_aside_waits(const struct session *session);

/* Whether ABOR waits, meant for the transfer that runs. */
NODISCARD bool command_abort_waits(const struct session *session);

/*
 * Whether the session may do that with paths anywhere (bits of VERB_PATH);
 * files_path() then resolves.  A command's own flags have been asked about;
 * what a part of it does besides (SITE, forms of MDTM) is asked here.  false:
 * it was answered; return session_goto() to step_command.
 */
NODISCARD bool command_may(struct session *session, unsigned int does);

#endif
