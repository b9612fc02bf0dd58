/*
 * service - a cache as the keeper offers it: that of sessions, or of responses
 * of OCSP, which are stored in the same way.
 *
 * Holds the environment in use, makes another one when there is doubt, and
 * knows whether there is a cache at all.  Knows nothing of processes and
 * channels: the owner is called when the workers must be told where the
 * environment is.
 */
#ifndef SHM_CACHE_SERVICE_H
#define SHM_CACHE_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/base/loop.h"
#include "shm/ipc/body.h"

struct service;

/* What a generation's configuration says about the cache. */
struct service_settings {
	uint32_t generation;
	bool enabled;
	bool internal;    /* each worker has its own: there is none here */
	uint64_t size;    /* of the map, in bytes */
	uint32_t timeout; /* no session lives longer, in seconds */
};

/* Tells every worker; "" as name: out of service. */
typedef void (
    *service_tell)(const struct msg_cache_directory *where, void *context);

/*
 * Environments are made below the current directory; what is the cache's name
 * in the log, a literal.  NULL with errno.
 */
NODISCARD struct service *service_new(struct loop *loop, const char *what,
    service_tell tell, void *context);
/* Removes the environment, too; sets *service to NULL; NULL is allowed. */
void service_free(struct service **service);

/*
 * These settings count from now on.  A cache that was removed comes back with
 * a generation later than the one that saw it go.
 */
void service_configure(struct service *service,
    const struct service_settings *settings);

/* Where the environment is now, for a worker that has just come. */
void service_where(const struct service *service,
    struct msg_cache_directory *where);

/*
 * Requests of workers.  The parts of a put have been checked to have the
 * lengths that it says, and these to be within bounds.
 */
void service_put(struct service *service, const struct msg_cache_put *put,
    const uint8_t *id, const uint8_t *context, const uint8_t *sealed);
void service_delete(struct service *service, const uint8_t key[CACHE_KEY_LEN]);
void service_counts(struct service *service,
    const struct msg_cache_counts *counts);
/* true: another environment will come for this; false: an old story. */
bool service_trouble(struct service *service,
    const struct msg_cache_trouble *trouble);
/* A worker is gone; its place among the readers may be free. */
void service_worker_gone(struct service *service);

/*
 * Administration; both tell how many sessions went.  0, or ENOSYS when there
 * is no cache.
 */
NODISCARD int service_clear(struct service *service, uint64_t *sessions);
NODISCARD int service_remove(struct service *service, uint64_t *sessions);
void service_facts(struct service *service, struct msg_cache_facts *facts);
/* entries has room for CACHE_PAGE_ENTRIES; see writer_list(). */
void service_list(struct service *service, const uint8_t after[CACHE_KEY_LEN],
    struct msg_cache_page *page, struct msg_cache_entry *entries);

#endif
