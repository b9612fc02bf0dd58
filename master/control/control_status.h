/* control_status - what `ftpsctl status` shows, as JSON. */
#ifndef MASTER_CONTROL_CONTROL_STATUS_H
#define MASTER_CONTROL_CONTROL_STATUS_H

#include <jansson.h>
#include <stdint.h>

#include "master/master.h"
#include "master/supervise.h"
#include "shm/base/attr.h"

/* The whole of it; NULL when memory is short. */
NODISCARD json_t *control_status(const struct master *master);

/* What a slot's workers have counted: those that run, and those before. */
NODISCARD uint64_t status_count(const struct post *post,
    enum score_counter counter);

/* Files that are bad, for which what was good before is still used. */
NODISCARD json_t *status_alarms(const struct master *master);
/* Ages of the ticket keys in seconds, the newest first. */
NODISCARD json_t *status_ticket_keys(const struct master *master);

/* Sets a number; what JSON cannot hold becomes its largest. */
void status_set(json_t *object, const char *key, uint64_t value);

#endif
