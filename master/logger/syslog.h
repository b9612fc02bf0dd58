/*
 * syslog - the system's log, over a datagram socket of our own.
 *
 * syslog(3) waits when the daemon is slow; this does not.
 */
#ifndef MASTER_LOGGER_SYSLOG_H
#define MASTER_LOGGER_SYSLOG_H

#include <stddef.h>

#include "shm/base/attr.h"
#include "shm/base/log.h"

struct syslog_socket;

/* A daemon that is not there yet is tried again later.  NULL with errno. */
NODISCARD struct syslog_socket *syslog_socket_new(void);
void syslog_socket_free(struct syslog_socket **syslog); /* NULL is allowed */

/* 0, or -1: the line was not taken. */
NODISCARD int syslog_socket_send(struct syslog_socket *syslog,
    enum log_level level, const char *line, size_t len);

/* 3 (error) to 7 (debug) */
NODISCARD int syslog_priority(enum log_level level);

#endif
