/* build - from trees of nodes to a struct conf. */
#ifndef SHM_CONF_BUILD_H
#define SHM_CONF_BUILD_H

#include <stdbool.h>
#include <stddef.h>

#include "shm/base/attr.h"
#include "shm/conf/load.h"

/* Where each key of a section was set last; NULL: nowhere. */
struct given {
	const struct node *nodes[KEYS_MAX];
	const struct node *anonymous[KEYS_MAX]; /* below anonymous */
};

struct build {
	struct load *load;
	struct conf *conf;
	const struct node **sections; /* by host: its mapping; [0] NULL */
	struct given defaults;
	bool server_good; /* no value of the top level was refused */
};

/* Where the certificates go that have keys of their own. */
struct parts_target {
	struct conf_host *host;
	struct conf_parts *parts; /* empty afterwards */
};

/* Appends them to the host's list; given: what the section sets itself. */
void parts_move(struct build *build, const struct given *given,
    struct parts_target *target);

/* Whether the section sets any certificate: then it inherits none. */
NODISCARD bool parts_given(const struct given *given);

/* The checks of one host, once it is complete.  own: what it set itself. */
void check_host(const struct build *build, size_t index,
    const struct given *own);

/* Either banner or banner_file, for `defaults` too (banner_file.c). */
void check_banner(const struct build *build, const struct given *own);

/* Those of its keys of tls (check_tls.c). */
void check_tls(const struct build *build, size_t index,
    const struct given *own);

/* Those of what may be done with paths (check_paths.c). */
void check_paths(const struct build *build, size_t index,
    const struct given *own);

/* How a host is called in messages. */
const char *check_host_name(const struct build *build, size_t index,
    struct shown *shown);

/* Whom an entry of users is for, or what directory. */
NODISCARD const char *check_entry_name(const struct conf_section *entry);

/* The checks of the whole, once all hosts are there. */
void check_conf(const struct build *build, const struct given *own);

/* Makes conf->names of all hosts (addresses.c); -1: memory is short. */
NODISCARD int names_build(struct conf *conf);

/* Where a mistake of the host as a whole is. */
NODISCARD struct place build_place(const struct build *build, size_t host);

/* Where the key with that path was set for the host; else as above. */
NODISCARD struct place build_key_place(const struct build *build, size_t host,
    const struct given *own, const char *path);

/* The same for a key below anonymous. */
NODISCARD struct place build_anonymous_place(const struct build *build,
    size_t host, const struct given *own, const char *path);

#endif
