/*
 * certificate_checks - has key pairs and all else checked by other processes.
 *
 * A few children at once (see certificate_child.h), each for a number of
 * pieces; one that crashes or takes too long makes the piece it had a mistake.
 */
#ifndef MASTER_KEYS_CERTIFICATE_CHECKS_H
#define MASTER_KEYS_CERTIFICATE_CHECKS_H

#include "master/keys/certificates.h"
#include "master/service_users.h"
#include "shm/base/attr.h"
#include "shm/base/loop.h"
#include "shm/conf/conf.h"

struct certificate_checks;

struct certificate_checks_setup {
	struct loop *loop;
	int self;                 /* descriptor of the binary */
	struct service_user user; /* that the children become */
	struct certificates *certificates;
	/* All are checked; may call certificate_checks_free(). */
	void (*done)(void *context);
	void *context;
};

/*
 * Begins.  certificates have to live until done() was called, from the loop, or
 * the checks were freed.  Doubts are logged as warnings; what is bad is told by
 * certificates_bad().  NULL with errno.
 */
NODISCARD struct certificate_checks *certificate_checks_new(
    const struct certificate_checks_setup *setup);

/* Ends all children and sets *checks to NULL; NULL is allowed. */
void certificate_checks_free(struct certificate_checks **checks);

#endif
