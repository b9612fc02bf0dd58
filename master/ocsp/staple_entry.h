/* staple_entry - what is known of one certificate, and said about it. */
#ifndef MASTER_OCSP_STAPLE_ENTRY_H
#define MASTER_OCSP_STAPLE_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "master/ocsp/job.h"
#include "master/ocsp/staple_list.h"
#include "master/ocsp/staple_store.h"
#include "shm/base/attr.h"

struct staple_entry {
	struct staple_subject subject;
	uint64_t id; /* of its questions */
	enum staple_status status;
	uint64_t this_update, next_update, fetched;
	uint64_t expires;  /* of the response */
	uint64_t next_try; /* seconds since 1970 */
	uint64_t warned;   /* that it demands a response and has none */
	uint32_t failures; /* in a row */
	bool loaded;       /* the file has been looked for */
	bool asking, to_put, to_remove;
	uint8_t *der; /* the response; NULL: none that is good */
	size_t der_len;
	char error[OCSP_TEXT_MAX]; /* the last one */
};

/* Takes the response from its file, if it is still good. */
void staple_entry_load(struct staple_entry *entry,
    const struct staple_store *store, uint64_t now);

/* What the responder has said, or why it has not. */
void staple_entry_answer(struct staple_entry *entry,
    const struct job_result *result, struct staple_store *store, uint64_t now);

/* A response that is over is forgotten; a certificate that demands one and has
 * none is complained about. */
void staple_entry_age(struct staple_entry *entry, uint64_t now);

/* As if nothing had ever been asked. */
void staple_entry_forget(struct staple_entry *entry,
    const struct staple_store *store);

/* For a listing. */
void staple_entry_describe(const struct staple_entry *entry,
    struct msg_staple_entry *out);

void staple_entry_free(struct staple_entry *entry);

#endif
