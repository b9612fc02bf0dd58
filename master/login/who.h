/* who - which sessions there are of an account, for one of them. */
#ifndef MASTER_LOGIN_WHO_H
#define MASTER_LOGIN_WHO_H

#include "master/login/workers.h"
#include "shm/base/attr.h"
#include "shm/ipc/channel.h"

struct login_worker;

/* A message of a worker: 0, or -1 when it breaks the rules. */
NODISCARD int who_on_ask(struct login_worker *worker,
    const struct message *message);

#endif
