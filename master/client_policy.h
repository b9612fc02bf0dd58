/* client_policy - whether a configuration lets in whom the last one let in. */
#ifndef MASTER_CLIENT_POLICY_H
#define MASTER_CLIENT_POLICY_H

#include <stdbool.h>

#include "master/configuration.h"
#include "shm/base/attr.h"

/*
 * true: some host demands something else of its clients in TLS, or is another
 * one.  Sessions from before cannot be resumed then, where it matters: that is
 * up to the session-id context.  This says that they may as well be forgotten.
 */
NODISCARD bool client_policy_changed(const struct configuration *before,
    const struct configuration *after);

#endif
