/*
 * memory - what a peak leaves behind goes back to the system.
 *
 * Sessions and handshakes are many small allocations: when most of them have
 * ended, the heap keeps their pages, between those that live on.  Some time
 * after enough have ended, all pages that are free are given back.
 */
#ifndef WORKER_MEMORY_H
#define WORKER_MEMORY_H

#include "shm/base/attr.h"

struct memory;
struct worker;

/* NULL when memory is short.  The worker's clock has to be there. */
NODISCARD struct memory *memory_new(struct worker *worker);
/* Sets *memory to NULL; NULL is allowed. */
void memory_free(struct memory **memory);

/* A session or a handshake has ended.  NULL: there is nobody to care. */
void memory_released(struct memory *memory);

#endif
