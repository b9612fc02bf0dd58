/* users_line - one line of the users file. */
#ifndef MASTER_LOGIN_USERS_LINE_H
#define MASTER_LOGIN_USERS_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "master/login/users.h"
#include "shm/base/attr.h"

/*
 * Takes the line apart in place (line[len] is writable and becomes a NUL) and
 * points entry at its fields.  Returns NULL, or what is wrong with it.
 */
NODISCARD const char *users_line_parse(char *line, size_t len,
    struct users_entry *entry);

/* Whether the line holds no account: empty, or a comment. */
NODISCARD bool users_line_is_blank(const char *line, size_t len);

/*
 * How many bytes of the hash say how it was made: all before the salt.  Two
 * hashes that agree in them take the same time.
 */
NODISCARD size_t users_line_method_len(const char *hash);

#endif
