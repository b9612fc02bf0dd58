/* crypto - the start of the cryptographic library, the same in every role. */
#ifndef SHM_BASE_CRYPTO_H
#define SHM_BASE_CRYPTO_H

/*
 * Begins to use OpenSSL without its configuration file: what a process does
 * must not depend on a file that it may be unable to open in its root
 * directory.  Call first in main(); aborts when the library cannot begin.
 */
void crypto_init(void);

#endif
