/*
 * transfer - files and listings over data connections of a client.
 *
 * The client is logged in and prepared.  Each call uses a passive connection
 * that resumes the TLS session of the control connection, and returns as the
 * calls of client.h do.
 */
#ifndef TESTS_BENCH_LOAD_TRANSFER_H
#define TESTS_BENCH_LOAD_TRANSFER_H

#include "tests/bench/load/client.h"

/* Fetches options->file, which must have options->bytes bytes. */
NODISCARD int transfer_down(struct client *client);

/* Stores options->bytes bytes as options->file with the client's number. */
NODISCARD int transfer_up(struct client *client);

/*
 * Lists options->directory with LIST or MLSD; at least options->bytes entries,
 * and one, must come.
 */
NODISCARD int transfer_list(struct client *client, const char *verb);

/*
 * Begins to fetch options->file over client->data, in such a way that the
 * server can send but little ahead; the first byte has been read.
 */
NODISCARD int transfer_begin(struct client *client);

/* Reads one byte more of it. */
NODISCARD int transfer_go_on(struct client *client);

#endif
