/*
 * options - what the load generator was told to do.
 *
 * Filled from the command line before the first thread starts, and never
 * written afterwards: all threads read it without a lock.
 */
#ifndef TESTS_BENCH_LOAD_OPTIONS_H
#define TESTS_BENCH_LOAD_OPTIONS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"

#define OPTIONS_LINE 1100 /* a command line with its end */

struct mode;

struct options {
	const struct mode *mode;
	struct sockaddr_in server;
	int tls_version;      /* TLS1_2_VERSION or TLS1_3_VERSION */
	unsigned int threads; /* clients at once */
	double seconds;       /* operations begin within so many; 0: no end */
	uint64_t operations;  /* in total, or sessions to hold; 0: no end */
	uint64_t bytes;       /* of a file; of a listing: entries, at least */
	unsigned int hosts;   /* asked for by name, in turn; 0: none */
	const char *user, *password, *file, *directory;
	bool gated;   /* "begin" awaits a line of our input */
	bool lenient; /* sessions need not be resumed */
	bool status;  /* handshakes ask for a response of OCSP */
	bool spread;  /* clients come from different loopback addresses */
};

/*
 * Reads the command line.  Returns -1 after saying on stderr what is wrong
 * with it.
 */
NODISCARD int options_parse(struct options *options, int argc, char **argv);

#endif
