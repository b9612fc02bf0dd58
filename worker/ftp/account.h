/*
 * account - what is counted of a session for log.session, and its line.
 *
 * Only a session whose host has a session log has an account.
 */
#ifndef WORKER_FTP_ACCOUNT_H
#define WORKER_FTP_ACCOUNT_H

#include <stdint.h>

struct session;

struct account {
	uint64_t begun; /* milliseconds of the loop's clock */
	uint64_t login; /* microseconds since 1970; 0: not logged in */
	uint64_t bytes_in, bytes_out; /* of files */
	uint64_t raw_in, raw_out;     /* on data connections, if it is asked */
	uint32_t files_in, files_out, failed;
};

/* Opens one if the host wants it, or closes it: for a session's first host, and
 * whenever it has gone to another. */
void account_open(struct session *session);
void account_close(struct session *session);

/* The session has logged in. */
void account_login(struct session *session);

/* The data connection of its transfer, if it has one still, is about to end:
 * keeps what the logs of the host want of it. */
void account_data(const struct session *session);

/* Its transfer ends with that code, after account_data(). */
void account_transfer(struct session *session, int code);

/* Writes the line of a session that ends. */
void account_write(struct session *session);

#endif
