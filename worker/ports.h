/*
 * ports - a free port for a data connection's listener.
 *
 * Left to choose, the kernel looks at one port after the other, and skips those
 * that closed connections still remember.  A busy server has thousands of them,
 * and the search takes longer than the rest of a small transfer.  A port that
 * is named can be listened on nevertheless; so we name one at random.
 */
#ifndef WORKER_PORTS_H
#define WORKER_PORTS_H

#include <stdint.h>

#include "shm/base/attr.h"

/*
 * Reads which ports the system gives out to whoever asks for any.  Before the
 * root directory changes; where it cannot be read, the kernel goes on choosing.
 */
void ports_load(void);

/* One of these, at random, in use or not; 0: let the kernel choose. */
NODISCARD uint16_t ports_any(void);

/* As the kernel prints ranges: "8080,9148-9160\n".  For ports_load(). */
void ports_reserve(const char *text);

#endif
