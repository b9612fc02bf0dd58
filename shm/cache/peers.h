/*
 * peers - the keeper's channels to the workers.
 *
 * What a worker sends is checked here; one that breaks a rule loses its
 * channel, the others notice nothing.
 */
#ifndef SHM_CACHE_PEERS_H
#define SHM_CACHE_PEERS_H

#include "shm/base/attr.h"
#include "shm/base/loop.h"
#include "shm/cache/service.h"
#include "shm/ipc/channel.h"

struct peers;

/* NULL when memory is short.  loop and service live longer. */
NODISCARD struct peers *peers_new(struct loop *loop, struct service *service);
/* Ends all channels; NULL is allowed. */
void peers_free(struct peers **peers);

/*
 * The worker that the PEER message introduces, which learns at once where the
 * environment is.  0, or -1: the master introduced somebody else.
 */
NODISCARD int peers_add(struct peers *peers, struct message *message);

/* Tells all workers where the environment is. */
void peers_tell(struct peers *peers, const struct msg_cache_directory *where);

#endif
