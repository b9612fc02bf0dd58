#include "shm/base/ensure.h"

#include <stdlib.h>

#include "shm/base/log.h"

void
ensure_failed(const char *expression, const char *file, int line)
{
	log_error("internal error: %s does not hold (%s:%d)", expression, file,
	    line);
	abort();
}
