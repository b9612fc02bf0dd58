/* control_cache - the commands about the caches, by way of the keeper. */
#ifndef MASTER_CONTROL_CONTROL_CACHE_H
#define MASTER_CONTROL_CONTROL_CACHE_H

#include "master/control/control.h"
#include "master/master.h"
#include "shm/ipc/channel.h"

/* Asks the keeper; the client waits for its answer. */
void control_cache_request(struct control_client *client,
    struct master *master);

/* An answer of the keeper.  Returns 0, or -1: it broke the rules. */
NODISCARD int control_cache_answer(struct control *control,
    const struct message *message);

/* A number for a question, which no other has. */
NODISCARD uint64_t control_cache_number(void);

/* A keeper is ready: it hears whether a cache was taken out of service. */
void control_cache_keeper_ready(struct master *master);

/* What sessions stand for is of no use any more: the keeper forgets all. */
void control_cache_clear(struct master *master);

/* The keeper has ended: whoever waits for it is told so. */
void control_cache_keeper_gone(struct control *control);

#endif
