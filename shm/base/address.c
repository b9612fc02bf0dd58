#include "shm/base/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "shm/base/fd.h"

static const uint8_t v4_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff,
	0xff };

int
address_from_sockaddr(struct address *address, const struct sockaddr *sa)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	memset(address, 0, sizeof(*address));
	if (sa->sa_family == AF_INET) {
		memcpy(&in, sa, sizeof(in));
		memcpy(address->ip, v4_prefix, sizeof(v4_prefix));
		memcpy(address->ip + 12, &in.sin_addr, 4);
		address->port = ntohs(in.sin_port);
		return (0);
	}
	if (sa->sa_family == AF_INET6) {
		memcpy(&in6, sa, sizeof(in6));
		memcpy(address->ip, &in6.sin6_addr, 16);
		address->port = ntohs(in6.sin6_port);
		address->scope = in6.sin6_scope_id;
		return (0);
	}
	return (-1);
}

socklen_t
address_to_sockaddr(const struct address *address, int family,
    struct sockaddr_storage *sa)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	memset(sa, 0, sizeof(*sa));
	if (family == AF_UNSPEC)
		family = address_is_v4(address) ? AF_INET : AF_INET6;
	if (family == AF_INET) {
		memset(&in, 0, sizeof(in));
		in.sin_family = AF_INET;
		in.sin_port = htons(address->port);
		memcpy(&in.sin_addr, address->ip + 12, 4);
		memcpy(sa, &in, sizeof(in));
		return (sizeof(in));
	}
	memset(&in6, 0, sizeof(in6));
	in6.sin6_family = AF_INET6;
	in6.sin6_port = htons(address->port);
	in6.sin6_scope_id = address->scope;
	memcpy(&in6.sin6_addr, address->ip, 16);
	memcpy(sa, &in6, sizeof(in6));
	return (sizeof(in6));
}

int
address_source(const struct address *address)
{
	int family = address_is_v4(address) ? AF_INET : AF_INET6, on = 1, fd;
	struct sockaddr_storage sa;
	socklen_t len = address_to_sockaddr(address, family, &sa);

	fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return (-1);
	if (address->port == 0)
		(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
		    sizeof(on));
	else
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&sa, len) != 0)
		fd_close(&fd);
	return (fd);
}

int
address_parse(struct address *address, const char *text)
{
	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, text, address->ip + 12) == 1) {
		memcpy(address->ip, v4_prefix, sizeof(v4_prefix));
		return (0);
	}
	return (inet_pton(AF_INET6, text, address->ip) == 1 ? 0 : -1);
}

const char *
address_text(const struct address *address, char *out)
{
	const char *text;

	if (address_is_v4(address))
		text =
		    inet_ntop(AF_INET, address->ip + 12, out, ADDRESS_TEXT_MAX);
	else
		text = inet_ntop(AF_INET6, address->ip, out, ADDRESS_TEXT_MAX);
	if (text == NULL)
		(void)snprintf(out, ADDRESS_TEXT_MAX, "?");
	return (out);
}

bool
address_is_v4(const struct address *address)
{
	return (memcmp(address->ip, v4_prefix, sizeof(v4_prefix)) == 0);
}

bool
address_is_any(const struct address *address)
{
	static const uint8_t zero[16];

	if (address_is_v4(address))
		return (memcmp(address->ip + 12, zero, 4) == 0);
	return (memcmp(address->ip, zero, 16) == 0);
}

bool
address_same_ip(const struct address *a, const struct address *b)
{
	return (memcmp(a->ip, b->ip, sizeof(a->ip)) == 0);
}

void
address_mask(struct address *address, unsigned int v4_bits,
    unsigned int v6_bits)
{
	unsigned int bits, i;

	bits = address_is_v4(address) ? 96 + v4_bits : v6_bits;
	for (i = 0; i < 16; i++) {
		if (bits >= 8 * (i + 1))
			continue;
		if (bits <= 8 * i)
			address->ip[i] = 0;
		else
			address->ip[i] &= (uint8_t)(0xff00u >> (bits - 8 * i));
	}
}
