/*
 * key_open - protected keys, made plain.
 *
 * Encrypted PEM, PKCS#12, and whatever a "file:" URI may hold: out comes PEM
 * that everybody reads.  Only the process without rights comes here, see
 * key_child.h.
 */
#ifndef MASTER_HELPER_KEY_OPEN_H
#define MASTER_HELPER_KEY_OPEN_H

#include <stdbool.h>
#include <stddef.h>

#include "shm/base/attr.h"

#define KEY_PHRASE_MAX 1024 /* with its NUL */
#define KEY_BYTES_MAX  ((size_t)4 * 1024 * 1024)

enum key_form {
	KEY_PEM,
	KEY_PKCS12, /* key and certificates */
	KEY_ANY,    /* what OpenSSL takes for a file with a key */
	KEY_FORM_COUNT
};

enum key_outcome {
	KEY_OPENED,
	KEY_LOCKED, /* wants a pass phrase, or another one */
	KEY_BAD,    /* text says why */
	KEY_OUTCOME_COUNT
};

struct key_request {
	enum key_form form;
	const char *cert; /* PEM, for its type only; may be empty */
	size_t cert_len;
	const char *key;
	size_t key_len;
	const char *phrase; /* NULL: none */
};

struct key_opened {
	enum key_outcome outcome;
	char type[16];  /* RSA, DSA, EC, ED25519, ED448 or PKCS12 */
	char text[200]; /* KEY_BAD */
	char *cert;     /* PEM, of PKCS#12 only; else NULL */
	size_t cert_len;
	char *key; /* PEM; NULL unless KEY_OPENED */
	size_t key_len;
};

/* Fills *opened, which key_opened_free() releases. */
void key_open(const struct key_request *request, struct key_opened *opened);

/* Wipes what is secret. */
void key_opened_free(struct key_opened *opened);

/* Whether type is one of those above. */
NODISCARD bool key_type_known(const char *type);

#endif
