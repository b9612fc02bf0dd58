#include "worker/memory.h"

#include <malloc.h>
#include <stdlib.h>

#include "shm/base/log.h"
#include "worker/clock.h"
#include "worker/worker.h"

/* Fewer do not leave enough to be worth a look at the whole heap. */
#define ENOUGH 128

/* Whoever comes back meanwhile finds his memory still there. */
#define DELAY_MS 5000

struct memory {
	struct worker *worker;
	struct deadline due;
	uint32_t released; /* since the last time */
};

static void
give_back(void *context)
{
	struct memory *memory = context;
	uint64_t before = uv_hrtime();

	memory->released = 0;
	(void)malloc_trim(0);
	log_debug("free memory given back, within %lu us",
	    (unsigned long)((uv_hrtime() - before) / 1000));
}

struct memory *
memory_new(struct worker *worker)
{
	struct memory *memory = calloc(1, sizeof(*memory));

	if (memory == NULL)
		return (NULL);
	memory->worker = worker;
	deadline_init(&memory->due, give_back, memory);
	return (memory);
}

void
memory_free(struct memory **memory)
{
	if (*memory == NULL)
		return;
	deadline_clear(&(*memory)->due);
	free(*memory);
	*memory = NULL;
}

void
memory_released(struct memory *memory)
{
	if (memory == NULL || ++memory->released < ENOUGH ||
	    deadline_is_set(&memory->due))
		return;
	deadline_set(memory->worker, &memory->due, DELAY_MS);
}
