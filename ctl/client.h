/* client - one question to the server and its whole answer. */
#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include <jansson.h>
#include <stdbool.h>

#include "shm/base/attr.h"

/* Exit status of ftpsctl; see ftpsctl(8). */
enum status {
	STATUS_OK,
	STATUS_FAILED,
	STATUS_USAGE,
	STATUS_REFUSED,
	STATUS_NO_SERVER
};

struct answer {
	enum status status;
	json_t *object;      /* all lines joined; the caller's.  May be NULL */
	const char *problem; /* why there is no object */
};

struct question {
	const char *command;
	bool verbose;
	char **arguments;
	int count; /* of arguments */
};

/*
 * Asks the server at path.  The lines of the answer are joined into one
 * object: lists are put end to end.
 */
NODISCARD struct answer client_ask(const char *path,
    const struct question *question);

#endif
