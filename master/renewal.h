/*
 * renewal - reads and checks the files of a configuration that have changed.
 *
 * What has not changed is taken from what there is, unchecked; what is bad now
 * keeps the bytes that it had.
 */
#ifndef MASTER_RENEWAL_H
#define MASTER_RENEWAL_H

#include "master/configuration.h"
#include "shm/base/attr.h"
#include "shm/base/loop.h"

struct renewal;

struct renewal_setup {
	struct loop *loop;
	int self;         /* descriptor of the binary */
	const char *path; /* of the configuration, for mistakes */
	/* Lives until it is over, and its certificates do. */
	const struct configuration *configuration;
	/*
	 * The certificates, the callee's then, or NULL when nothing is to be
	 * changed, logged.  The renewal is over and freed.
	 */
	void (*done)(struct certificates *fresh, void *context);
	void *context;
};

/* Begins; done() is called from the loop.  NULL with errno. */
NODISCARD struct renewal *renewal_new(const struct renewal_setup *setup);

/* Gives it up and sets *renewal to NULL; NULL is allowed. */
void renewal_free(struct renewal **renewal);

#endif
