/* mode - what a client does again and again: the modes of the generator. */
#ifndef TESTS_BENCH_LOAD_MODE_H
#define TESTS_BENCH_LOAD_MODE_H

#include <stdbool.h>
#include <stdio.h>

#include "shm/base/attr.h"
#include "tests/bench/load/client.h"

enum mode_shape {
	SHAPE_REPEAT, /* clients that repeat an operation */
	SHAPE_ONCE,   /* as many clients as operations, all at once */
	SHAPE_HOLD    /* sessions that stay until the end of our input */
};

struct mode {
	const char *name;
	enum mode_shape shape;
	bool large; /* moves much on each connection */
	/* Before the clock starts and after a failure; NULL: nothing. */
	int (*prepare)(struct client *client);
	/* One operation, or what is done once a second while it is held. */
	int (*operate)(struct client *client);
};

/* The mode of that name, or NULL. */
const struct mode *mode_find(const char *name);

/* Writes the names. */
void mode_list(FILE *out);

#endif
