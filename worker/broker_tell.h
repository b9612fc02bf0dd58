/*
 * broker_tell - what the broker has to tell login.
 *
 * Only for broker.c.  The channel's queue is bounded; what it does not take
 * stays noted with the client (as bits, so nothing is told twice) and goes out
 * when there is room.  So memory is bounded by the sessions, however long login
 * does not read.
 */
#ifndef WORKER_BROKER_TELL_H
#define WORKER_BROKER_TELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "worker/broker.h"
#include "worker/link_uv.h"

#define BROKER_TELL_SESSION 1u /* that it exists; asks, or announces */
#define BROKER_TELL_HOST    2u
#define BROKER_TELL_LOGIN   4u
#define BROKER_TELL_AGENT   8u
#define BROKER_TELL_LISTED  16u /* the client is in the list; ours alone */
#define BROKER_TELL_RENEW   32u /* that it has the place of another */
#define BROKER_TELL_LOGOUT  64u /* that it is nobody's any more */
#define BROKER_TELL_WHO     128u

/* Lies in secret memory, since it has a password. */
struct broker_question {
	uint64_t request;
	bool tls;
	uint32_t proof;
	uint16_t user_len, password_len;
	uint8_t user[LOGIN_NAME_MAX_LEN];
	uint8_t password[LOGIN_PASSWORD_MAX];
};

struct broker_tell {
	struct link_uv *link; /* NULL: login is not there */
	uint32_t generation;
	struct broker_client *first, *last; /* to be told about */
	uint64_t *left; /* sessions that login does not know to be over */
	size_t nleft, left_size;
};

/* Starts anew with this link, which the caller owns; nothing is noted. */
void broker_tell_start(struct broker_tell *tell, struct link_uv *link);
void broker_tell_free(struct broker_tell *tell);

/* Notes what has to be told and tells what can be. */
void broker_tell(struct broker_tell *tell, struct broker_client *client,
    uint32_t bits);
/* The client leaves: nothing about it is told any more but that. */
void broker_tell_left(struct broker_tell *tell, struct broker_client *client);
/* Gives the place of an ended session back. */
void broker_tell_closed(struct broker_tell *tell, uint64_t session);
/* Tells what there is room for. */
void broker_tell_more(struct broker_tell *tell);

#endif
