/*
 * pem_list - certificates in PEM text, as bytes.
 *
 * Only the text form is undone: what a certificate says is not looked at.
 */
#ifndef SHM_BASE_PEM_LIST_H
#define SHM_BASE_PEM_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/base/digest.h"

/*
 * Whether one of the certificates in text has that SHA-256.  What else is
 * there is passed over; behind what is malformed nothing is found.
 */
NODISCARD bool pem_list_has(const char *text, size_t len,
    const uint8_t digest[DIGEST_LEN]);

#endif
