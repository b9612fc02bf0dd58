/*
 * key_changes - tells running workers of certificates and keys that changed.
 *
 * Only what is different for some host is sent.  A worker that was started
 * before the change and became ready after it gets all there is.
 */
#ifndef MASTER_KEY_CHANGES_H
#define MASTER_KEY_CHANGES_H

#include "master/keys/certificates.h"
#include "master/supervise.h"

/*
 * Takes over fresh, made of the current configuration, in place of what there
 * was, and sends the difference to all workers of the current generation.
 */
void key_changes_apply(struct master *master, struct certificates *fresh);

/* A worker is ready: tells it what it does not know yet, if anything. */
void key_changes_catch_up(struct process *worker);

#endif
