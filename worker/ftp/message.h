/*
 * message - banner and login_message, their variables filled in.
 */
#ifndef WORKER_FTP_MESSAGE_H
#define WORKER_FTP_MESSAGE_H

#include "shm/base/attr.h"
#include "shm/conf/conf.h"

/* The configured text, and as much again for the values of its variables. */
#define MESSAGE_MAX       ((size_t)2 * CONF_TEXT_MAX)
#define MESSAGE_VALUE_MAX 256 /* bytes of one */

struct session;

/*
 * The text, of a line or several; it is valid as long as out, which is used
 * only where there is something to fill in.
 */
NODISCARD const char *message_banner(struct session *session,
    char out[MESSAGE_MAX + 1]);
NODISCARD const char *message_login(struct session *session,
    char out[MESSAGE_MAX + 1]);

#endif
