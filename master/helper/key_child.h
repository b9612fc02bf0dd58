/*
 * key_child - the process that opens one protected key.
 *
 * Started by the master for one key, of which and of whose pass phrase it then
 * knows: it has no rights, and ends with its answer, so that neither stays in
 * any process's memory longer than that.
 */
#ifndef MASTER_HELPER_KEY_CHILD_H
#define MASTER_HELPER_KEY_CHILD_H

#include <stdint.h>

#include "master/helper/key_open.h"
#include "shm/base/attr.h"

#define KEY_CHILD "@keys" /* argv[1]; then uid and gid */

/* Followed by certificate, key and pass phrase. */
struct key_child_job {
	uint32_t form; /* enum key_form */
	uint32_t with_phrase;
	uint32_t cert_len, key_len, phrase_len;
};

/* Followed by certificate and key. */
struct key_child_answer {
	uint32_t outcome; /* enum key_outcome */
	uint32_t cert_len, key_len;
	char type[16];
	char text[200];
};

/* The process's whole life. */
NORETURN void key_child_run(const char *uid, const char *gid);

#endif
