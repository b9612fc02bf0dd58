/* command - takes commands from a session's input and hands them out. */
#ifndef WORKER_FTP_COMMAND_H
#define WORKER_FTP_COMMAND_H

#include <stdbool.h>

#include "shm/base/attr.h"

struct session;

/*
 * While the session is busy: answers NOOP and STAT that come next.  All else
 * waits its turn.
 */
void command_aside(struct session *session);
/* Whether one comes next. */
NODISCARD bool command_aside_waits(const struct session *session);

/*
 * Whether what keeps the session busy has to end: the client has sent ABOR,
 * meant for this, or has gone, or the worker ends.
 */
NODISCARD bool command_interrupted(struct session *session);
/* But the client may still send data. */
NODISCARD bool command_aborted(struct session *session);

/*
 * Whether the session may do that with paths anywhere (bits of VERB_PATH);
 * files_path() then resolves.  A command's own flags have been asked about;
 * what a part of it does besides (SITE, forms of MDTM) is asked here.  false:
 * it was answered; return session_goto() to step_command.
 */
NODISCARD bool command_may(struct session *session, unsigned int does);

#endif
