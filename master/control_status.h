/* control_status - what `ftpsctl status` shows, as JSON. */
#ifndef MASTER_CONTROL_STATUS_H
#define MASTER_CONTROL_STATUS_H

#include <jansson.h>
#include <stdint.h>

#include "master/master.h"
#include "shm/base/attr.h"

/* The whole of it; NULL when memory is short. */
NODISCARD json_t *control_status(const struct master *master);

/* Sets a number; what JSON cannot hold becomes its largest. */
void status_set(json_t *object, const char *key, uint64_t value);

#endif
