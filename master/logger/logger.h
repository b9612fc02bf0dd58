/*
 * logger - the process that writes log files.
 *
 * Every other process sends its records over a socket of its own; a record is
 * attributed to the process at the other end by the master's word, whatever it
 * says itself.  Nobody ever waits for us: when we are slow, the senders drop
 * records and say how many.
 *
 * With root it runs as log_user and opens files by path with that user's
 * rights, so the directories of log files have to be writable for it.
 */
#ifndef MASTER_LOGGER_LOGGER_H
#define MASTER_LOGGER_LOGGER_H

#include "shm/base/attr.h"

/* The role's main(): FD_MASTER is open. */
NORETURN void logger_run(void);

#endif
