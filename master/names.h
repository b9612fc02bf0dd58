/*
 * names - has the names of a configuration's addresses looked up.
 *
 * By another process (see name_child.h), one after another, all within a time;
 * nothing here waits.
 */
#ifndef MASTER_NAMES_H
#define MASTER_NAMES_H

#include "master/service_users.h"
#include "shm/base/attr.h"
#include "shm/base/loop.h"
#include "shm/conf/conf.h"

struct names;

struct names_setup {
	struct loop *loop;
	int self;                 /* descriptor of the binary */
	struct service_user user; /* that the child becomes */
	const struct conf *conf;  /* has names */
	/*
	 * For each of conf->names in turn: its address, or why there is none
	 * (address is NULL then).  Must not free us.
	 */
	void (*found)(size_t number, const struct address *address,
	    const char *why, void *context);
	/* That was all; may call names_free(). */
	void (*done)(void *context);
	void *context;
};

/*
 * Begins; the callbacks are called from the loop.  conf has to live until
 * done() was called or the lookup was freed.  NULL with errno.
 */
NODISCARD struct names *names_new(const struct names_setup *setup);

/* Ends the child and sets *names to NULL; NULL is allowed. */
void names_free(struct names **names);

#endif
