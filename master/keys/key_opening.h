/*
 * key_opening - makes the protected keys of a configuration plain.
 *
 * Encrypted PEM files, PKCS#12 files and "file:" URIs are opened one after
 * another, each by a process of its own (key_child.h), and put in the place of
 * what they were made from, before anything is checked.  Where a pass phrase
 * is needed the program of tls.pass_phrase_provider is asked for it, else who
 * sits at the terminal.  Keys that need none cost nothing here.
 */
#ifndef MASTER_KEYS_KEY_OPENING_H
#define MASTER_KEYS_KEY_OPENING_H

#include "master/keys/certificates.h"
#include "master/service_users.h"
#include "shm/base/attr.h"
#include "shm/base/loop.h"
#include "shm/conf/conf.h"

struct key_opening;

struct key_opening_setup {
	struct loop *loop;
	int self;                 /* descriptor of the binary */
	struct service_user user; /* that the processes become */
	const struct conf *conf;
	struct certificates *certificates;
	bool may_ask; /* at the terminal, and wait for the answer */
	/* All are open, or mistakes; may call key_opening_free(). */
	void (*done)(void *context);
	void *context;
};

/* Whether there is anything to open. */
NODISCARD bool key_opening_needed(const struct certificates *certificates);

/*
 * Begins.  What setup points to has to live until done() was called, from the
 * loop, or the opening was freed.  NULL with errno.
 */
NODISCARD struct key_opening *key_opening_new(
    const struct key_opening_setup *setup);

/* Ends all processes and sets *opening to NULL; NULL is allowed. */
void key_opening_free(struct key_opening **opening);

#endif
