/*
 * name_child - the process that looks names up.
 *
 * Reads questions from descriptor 3, one packet each, and answers them: the
 * IPv4 address of a network interface or of a host, by the system's resolver.
 * That one reads what came from the network; so the process has no rights, and
 * its only output are addresses.
 */
#ifndef MASTER_HELPER_NAME_CHILD_H
#define MASTER_HELPER_NAME_CHILD_H

#include <stdint.h>

#include "shm/base/attr.h"

#define NAME_CHILD   "@names" /* argv[1]; then uid and gid */
#define NAME_LEN_MAX 253

struct name_question {
	char text[NAME_LEN_MAX + 1]; /* terminated */
};

struct name_answer {
	uint8_t found;
	uint8_t ip[4];
	char why[123]; /* not found */
};

/* The process's whole life. */
NORETURN void name_child_run(const char *uid, const char *gid);

/* One question; fills *answer. */
void name_look_up(const char *name, struct name_answer *answer);

#endif
