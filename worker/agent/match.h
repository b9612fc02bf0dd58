/*
 * match - names that fit a pattern, for listings.
 */
#ifndef WORKER_AGENT_MATCH_H
#define WORKER_AGENT_MATCH_H

#include <stdbool.h>

#include "shm/base/attr.h"

/*
 * Whether the whole name fits, character by character: of UTF-8, or one byte
 * where it is none.  "*" stands for any characters; "?" for one; "[a-z_]" for
 * one of these characters, "[!a-z]" and "[^a-z]" for one that is none of them,
 * with "]" as the first or "-" as the last meaning itself; a backslash before
 * any of these takes the meaning off.  All else, and a "[" without its end,
 * stands for itself.  Never more than the product of both lengths in steps.
 */
NODISCARD bool match_name(const char *pattern, const char *name);

#endif
