/*
 * phrase - the program of tls.pass_phrase_provider, asked for one pass phrase.
 *
 * It runs as the master does, without a shell: nothing of ours is open in it
 * or stands in its environment, its input is empty, and no terminal controls
 * it.  The first line of its output is the phrase; what it says on standard
 * error is logged.  It has ten seconds.
 */
#ifndef MASTER_KEYS_PHRASE_H
#define MASTER_KEYS_PHRASE_H

#include "master/helper/key_open.h"
#include "shm/base/attr.h"
#include "shm/base/loop.h"
#include "shm/conf/conf.h"

struct phrase_question {
	const struct conf_strings *command; /* the program and its arguments */
	const char *host;                   /* "name:port" */
	const char *type;                   /* RSA, ..., PKCS12 */
};

/* why is NULL when there is a phrase.  May call phrase_run_free(). */
typedef void (*phrase_done)(const char *why, void *context);

struct phrase_run;

struct phrase_setup {
	struct loop *loop;
	char *phrase; /* secret memory of KEY_PHRASE_MAX bytes to put it in */
	phrase_done done;
	void *context;
};

/* What is wrong with the program's file, or NULL. */
NODISCARD const char *phrase_check_program(const char *path);

/* Starts the program.  NULL with errno when it cannot be. */
NODISCARD struct phrase_run *phrase_run_new(const struct phrase_setup *setup,
    const struct phrase_question *question);

/* Kills the program if it still runs, and sets *run to NULL; NULL is allowed.
 */
void phrase_run_free(struct phrase_run **run);

#endif
