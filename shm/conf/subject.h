/*
 * subject - whom the settings of a host are asked for.
 *
 * Sections below a host set some of its keys anew.  The most specific one that
 * sets a key wins: an entry of `directories` for the path that it is about, the
 * entry of `users` for the user, those for the groups of the account in their
 * order, `anonymous`, the host.
 */
#ifndef SHM_CONF_SUBJECT_H
#define SHM_CONF_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/conf/conf.h"

struct conf_subject {
	const struct conf_host *host;
	const struct conf_section *user; /* its entry of `users`, or NULL */
	uint64_t groups; /* bit n: it is in the n-th entry for a group */
	bool anonymous;
};

/* Who that account of the host is. */
NODISCARD struct conf_subject subject_of(const struct conf_host *host,
    const char *user, uint64_t groups, bool anonymous);

/*
 * The value of a field of struct conf_host (CONF_FIELD); path is absolute and
 * normalised, or NULL.  Valid as long as the host.
 */
NODISCARD const void *subject_find(const struct conf_subject *subject,
    const char *path, size_t offset);

/* What is not the host's own, nor a directory's; or NULL. */
NODISCARD const void *subject_own(const struct conf_subject *subject,
    size_t offset);

/* The entries of `directories` that are for it. */
NODISCARD const struct conf_sections *subject_directories(
    const struct conf_subject *subject);

#endif
