/*
 * index - the hosts by name and listener.
 *
 * A host is found by its names on each of its listeners; those that share the
 * listeners of the server are found on the server.
 */
#ifndef SHM_CONF_INDEX_H
#define SHM_CONF_INDEX_H

#include <stdbool.h>
#include <stddef.h>

#include "shm/base/attr.h"
#include "shm/conf/conf.h"

/* Two hosts that cannot be told apart. */
struct index_clash {
	size_t first, second; /* hosts */
	const char *name;     /* that both have; NULL: they have none */
	const struct conf_listener
	    *listener; /* that both have; NULL: the server's */
	bool implicit; /* instead: the same listener, implicit in one only */
};

typedef void (*index_clashes)(const struct index_clash *clash, void *context);

/*
 * Makes conf->index, calling clashes for each clash.  0, or -1 when memory is
 * short.
 */
NODISCARD int index_build(struct conf *conf, index_clashes clashes,
    void *context);

/* Releases conf->index. */
void index_free(struct conf *conf);

#endif
