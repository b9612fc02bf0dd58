/* uri - keys that are named by a URI and not by the path of a file. */
#ifndef SHM_BASE_URI_H
#define SHM_BASE_URI_H

#include <stdbool.h>

#include "shm/base/attr.h"

/* Whether text begins with a scheme and a colon, such as "pkcs11:". */
NODISCARD bool uri_is(const char *text);

/*
 * The path that a URI of the scheme "file" means, a part of text; NULL when it
 * is of another scheme, of another host, or no URI.
 */
NODISCARD const char *uri_file(const char *text);

#endif
