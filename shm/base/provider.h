/*
 * provider - what of OpenSSL does the cryptography in this process.
 *
 * Without a word OpenSSL loads its default provider.  A process that works
 * with keys can be told to load another one beside it, or the FIPS module in
 * its stead; either it is there as wanted, or the process cannot begin.
 */
#ifndef SHM_BASE_PROVIDER_H
#define SHM_BASE_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>

#include "shm/base/attr.h"

#define PROVIDER_NAME_MAX  512
#define PROVIDER_QUERY_MAX 256

/* "provider:NAME QUERY" taken apart; empty: none. */
struct provider_name {
	char name[PROVIDER_NAME_MAX];   /* or the path of the module */
	char query[PROVIDER_QUERY_MAX]; /* of properties */
};

/* Reads a value of tls.crypto_device; "all" and "none" name nothing. */
NODISCARD bool provider_parse(struct provider_name *name, const char *text);

/*
 * Loads what the two settings ask for, once in a process, while it may open
 * files.  0, or -1 with the reason in why.
 */
NODISCARD int provider_load(const char *device, bool fips, char *why,
    size_t size);

/*
 * Whether this process leaves everything to OpenSSL's own choice, so that it
 * may do a part of it by itself.
 */
NODISCARD bool provider_is_usual(void);

/* The property query for the fetches of libssl, or NULL. */
NODISCARD const char *provider_query(void);

#endif
