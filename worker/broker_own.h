/*
 * broker_own - what a broker is, to those who make it up.
 *
 * broker.c has the channel to login and serves sessions, broker_answers.c takes
 * what login says.
 */
#ifndef WORKER_BROKER_OWN_H
#define WORKER_BROKER_OWN_H

#include "shm/base/attr.h"
#include "worker/broker.h"
#include "worker/broker_agents.h"
#include "worker/broker_places.h"
#include "worker/broker_table.h"
#include "worker/broker_tell.h"
#include "worker/clock.h"

struct link_uv;
struct message;

/* Questions whose pages are kept: making one takes five system calls. */
#define SPARES 8

struct broker {
	struct worker *worker;
	struct link_uv *link;
	struct deadline alone; /* set while login is away */
	struct broker_table table;
	struct broker_tell tell;
	struct broker_places places;
	struct broker_agents agents;
	uint32_t connections;                   /* to login, so far */
	uint64_t requests;                      /* numbered from 1 */
	struct broker_question *spares[SPARES]; /* wiped */
	size_t nspares;
};

/* The client's question to login is over; harmless when there is none. */
void broker_end_question(struct broker_client *client);

/* Nobody is logged in there any more. */
void broker_drop_token(struct broker_client *client);

/* The handler of login's messages; context: the broker. */
NODISCARD int broker_receive(struct message *message, void *context);

#endif
