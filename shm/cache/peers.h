/*
 * peers - the keeper's channels to the workers, and to the ocsp process.
 *
 * What they send is checked here; one that breaks a rule loses its channel,
 * the others notice nothing.
 */
#ifndef SHM_CACHE_PEERS_H
#define SHM_CACHE_PEERS_H

#include "shm/base/attr.h"
#include "shm/base/loop.h"
#include "shm/cache/service.h"
#include "shm/ipc/channel.h"

struct peers;

/* What peers are told of, and may change: workers one, ocsp the other. */
struct peers_services {
	struct service *sessions, *ocsp, *staples;
};

/* NULL when memory is short.  loop and services live longer. */
NODISCARD struct peers *peers_new(struct loop *loop,
    const struct peers_services *services);
/* Ends all channels; NULL is allowed. */
void peers_free(struct peers **peers);

/*
 * Who the PEER message introduces; a worker learns at once where the
 * environments are.  0, or -1: the master introduced somebody else.
 */
NODISCARD int peers_add(struct peers *peers, struct message *message);

/* Tells all workers where an environment is: CACHE_DIRECTORY ... */
void peers_tell(struct peers *peers, enum msg_type type,
    const struct msg_cache_directory *where);

/* Tells the ocsp process what is wanted of it. */
void peers_want(struct peers *peers, enum staples_wish wish);

#endif
