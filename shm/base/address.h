/* address - IPv4 and IPv6 addresses in one form. */
#ifndef SHM_BASE_ADDRESS_H
#define SHM_BASE_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "shm/base/attr.h"

#define ADDRESS_TEXT_MAX 48 /* INET6_ADDRSTRLEN and some */

/* IPv4 is held mapped (::ffff:a.b.c.d), so that comparing is one memcmp. */
struct address {
	uint8_t ip[16];
	uint16_t port;  /* host byte order */
	uint16_t zero;  /* no padding: the struct travels in messages */
	uint32_t scope; /* of a link-local IPv6 address, else 0 */
};

/* 0, or -1 when the family is neither AF_INET nor AF_INET6. */
NODISCARD int address_from_sockaddr(struct address *address,
    const struct sockaddr *sa);

/*
 * Fills *sa and returns its length.  family is AF_INET, AF_INET6, or AF_UNSPEC
 * for what the address is by itself.
 */
socklen_t address_to_sockaddr(const struct address *address, int family,
    struct sockaddr_storage *sa);

/*
 * A TCP socket to connect from that address, CLOEXEC and non-blocking.  The
 * kernel chooses port 0 as late as when it connects; several may share any
 * other.  -1 with errno.
 */
NODISCARD int address_source(const struct address *address);

/* Numeric text without brackets or port; 0, or -1 when it is no address. */
NODISCARD int address_parse(struct address *address, const char *text);

/* The address without port, as text in out (ADDRESS_TEXT_MAX bytes). */
const char *address_text(const struct address *address, char *out);

NODISCARD bool address_is_v4(const struct address *address);
NODISCARD bool address_is_any(const struct address *address);
/* Same IP; ports and scope do not count. */
NODISCARD bool address_same_ip(const struct address *a,
    const struct address *b);
/* Clears all but the first bits of the IP (v4: 0-32, v6: 0-128). */
void address_mask(struct address *address, unsigned int v4_bits,
    unsigned int v6_bits);

#endif
