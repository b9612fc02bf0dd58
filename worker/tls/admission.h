/* admission - whether more than the handshake decides about clients. */
#ifndef WORKER_TLS_ADMISSION_H
#define WORKER_TLS_ADMISSION_H

#include <stdbool.h>

#include "shm/base/attr.h"

struct conf_tls;
struct tls_channel;

NODISCARD bool admission_asks(const struct conf_tls *conf);
/* After a control handshake. */
void admission_begin(struct tls_channel *control);

#endif
