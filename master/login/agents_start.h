/* agents_start - forks one agent. */
#ifndef MASTER_LOGIN_AGENTS_START_H
#define MASTER_LOGIN_AGENTS_START_H

#include <sys/types.h>

#include "master/login/token.h"
#include "shm/base/attr.h"
#include "shm/conf/conf.h"

/*
 * Forks an agent for the account of the token.  Returns its pid and our end of
 * its channel in *channel_fd, or -1 with errno.
 */
NODISCARD pid_t agents_start(const struct token *token, const struct conf *conf,
    int *channel_fd);

/* What the exit status of an agent means. */
NODISCARD const char *agents_exit_words(int status);

#endif
