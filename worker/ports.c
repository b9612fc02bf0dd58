#include "worker/ports.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "shm/base/secret.h"

#define FOLDER "/proc/sys/net/ipv4/"
#define PORTS  65536
#define TRIES  64

static struct {
	uint32_t first, count; /* 0: unknown */
	uint8_t reserved[PORTS / 8];
	uint16_t drawn[64]; /* at random, by one system call */
	size_t left;
} ports;

/* The file's text; "" when it cannot be read. */
static void
read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd == -1 ? -1 : read(fd, text, size - 1);

	text[n > 0 ? n : 0] = '\0';
	fd_close(&fd);
}

void
ports_reserve(const char *text)
{
	unsigned long first, last;
	char *end;

	while (*text >= '0' && *text <= '9') {
		first = last = strtoul(text, &end, 10);
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (; first <= last && first < PORTS; first++)
			ports.reserved[first / 8] |=
			    (uint8_t)(1u << (first % 8));
		text = *end == ',' ? end + 1 : end;
	}
}

void
ports_load(void)
{
	unsigned long first, last;
	char text[4096], *end;

	read_text(FOLDER "ip_local_port_range", text, sizeof(text));
	first = strtoul(text, &end, 10);
	last = strtoul(end, NULL, 10);
	if (first == 0 || last < first || last >= PORTS)
		return;
	read_text(FOLDER "ip_local_reserved_ports", text, sizeof(text));
	/* A list that was cut would hide what is reserved. */
	if (strlen(text) == sizeof(text) - 1)
		return;
	ports_reserve(text);
	ports.first = (uint32_t)first;
	ports.count = (uint32_t)(last - first + 1);
}

static uint16_t
draw(void)
{
	if (ports.left == 0) {
		secret_random(ports.drawn, sizeof(ports.drawn));
		ports.left = NITEMS(ports.drawn);
	}
	return (ports.drawn[--ports.left]);
}

static bool
is_reserved(uint32_t port)
{
	return ((ports.reserved[port / 8] & 1u << (port % 8)) != 0);
}

uint16_t
ports_any(void)
{
	uint32_t port;
	int i;

	if (ports.count == 0)
		return (0);
	for (i = 0; i < TRIES; i++) {
		port = ports.first + draw() * ports.count / PORTS;
		if (!is_reserved(port))
			return ((uint16_t)port);
	}
	return (0);
}
