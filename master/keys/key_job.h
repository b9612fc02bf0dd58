/*
 * key_job - one protected key on its way through the process that opens it.
 *
 * See key_child.h.  Nothing waits: the answer comes from the loop.
 */
#ifndef MASTER_KEYS_KEY_JOB_H
#define MASTER_KEYS_KEY_JOB_H

#include "master/helper/key_open.h"
#include "master/service_users.h"
#include "shm/base/attr.h"
#include "shm/base/loop.h"

struct key_job;

/*
 * What became of it.  Certificate and key lie in secret memory that ends with
 * the call, and are as little to be trusted as the file they are from.  May
 * call key_job_free().
 */
typedef void (*key_job_done)(const struct key_opened *opened, void *context);

struct key_job_setup {
	struct loop *loop;
	int self;                 /* descriptor of the binary */
	struct service_user user; /* that the process becomes */
	key_job_done done;
	void *context;
};

/*
 * Begins.  What request points to has to live as long as the job, the phrase
 * too.  NULL with errno when no process can be had.
 */
NODISCARD struct key_job *key_job_new(const struct key_job_setup *setup,
    const struct key_request *request);

/* Ends the process and sets *job to NULL; NULL is allowed. */
void key_job_free(struct key_job **job);

#endif
