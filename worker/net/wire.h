/* wire - what the kernel has counted of a TCP connection. */
#ifndef WORKER_NET_WIRE_H
#define WORKER_NET_WIRE_H

#include <stdint.h>

/*
 * Adds the bytes that came in and went out on the connection, everything above
 * TCP included, to *in and *out; nothing when fd is no such connection.
 */
void wire_bytes(int fd, uint64_t *in, uint64_t *out);

#endif
