/* utf8 - telling text from bytes. */
#ifndef SHM_BASE_UTF8_H
#define SHM_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"

/*
 * The length (1-4) of the well-formed UTF-8 sequence that text begins with, or
 * 0 when it begins with none (RFC 3629: no overlong forms, no surrogates).
 * len is at least 1.
 */
NODISCARD size_t utf8_sequence(const uint8_t *text, size_t len);

/* Whether the sequence of that length is a control character: ASCII or C1. */
NODISCARD bool utf8_is_control(const uint8_t *sequence, size_t len);

#endif
