/*
 * device_check - has providers and keys by URI tried by another process.
 *
 * See device_child.h.  A configuration without them costs nothing.
 */
#ifndef MASTER_KEYS_DEVICE_CHECK_H
#define MASTER_KEYS_DEVICE_CHECK_H

#include "master/keys/certificates.h"
#include "master/service_users.h"
#include "shm/base/attr.h"
#include "shm/base/loop.h"
#include "shm/conf/conf.h"

struct device_check;

struct device_check_setup {
	struct loop *loop;
	int self;                 /* descriptor of the binary */
	struct service_user user; /* that the process becomes */
	const char *path;         /* of the configuration, for mistakes */
	const struct conf *conf;
	const struct certificates *certificates;
	struct conf_errors *errors;
	/* All is tried; may call device_check_free(). */
	void (*done)(void *context);
	void *context;
};

/* Whether there is anything to try. */
NODISCARD bool device_check_needed(const struct conf *conf,
    const struct certificates *certificates);

/*
 * Begins.  What setup points to has to live until done() was called, from the
 * loop, or the check was freed.  NULL with errno.
 */
NODISCARD struct device_check *device_check_new(
    const struct device_check_setup *setup);

/* Ends the process and sets *check to NULL; NULL is allowed. */
void device_check_free(struct device_check **check);

#endif
