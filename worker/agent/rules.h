/*
 * rules - what the configuration says of what is done at a place.
 *
 * Its keys differ from path to path by the entries of `directories` alone: so
 * there are as many sets of rules, and one for all that is in none of them.
 * Each is made when it is asked for first.
 */
#ifndef WORKER_AGENT_RULES_H
#define WORKER_AGENT_RULES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "shm/base/attr.h"
#include "shm/conf/subject.h"

/* Each is named as its key. */
struct rules {
	const struct conf_strings *deny;
	enum conf_hide hide_dotfiles;
	enum conf_required_data data; /* of tls.required */
	uint64_t hash_max_size;
	uint32_t hash_on_upload, umask, file_mode;
	bool allow_chmod, allow_symlinks, list_recursive, read_only;
	bool rename_replaces, show_symlinks, upload_only;
	bool made;
};

struct rulebook {
	struct conf_subject subject;
	struct rules *rules; /* of no entry, and then of each */
};

/* 0, or -1 when memory is short.  The configuration has to stay. */
NODISCARD int rulebook_init(struct rulebook *book,
    const struct conf_subject *subject);
/* Harmless when done twice. */
void rulebook_free(struct rulebook *book);

/*
 * Those for path (virtual, as it was found), NULL: that is in no entry.  Valid
 * as long as the book.
 */
NODISCARD const struct rules *rulebook_at(const struct rulebook *book,
    const char *path);

/*
 * The permissions of something new of which no more than most are allowed:
 * what a request that names that mode gets (see FS_MODE_OWN).
 */
NODISCARD mode_t rules_mode(const struct rules *rules, mode_t most,
    uint32_t mode);

#endif
