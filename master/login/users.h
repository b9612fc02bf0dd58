/*
 * users - the users file: one account a line,
 *
 *	name:hash:uid:gid:gecos:home:shell
 *
 * with hashes of crypt(5).  Empty lines and lines that begin with # count for
 * nothing.  A line that is wrong is left out and reported; a file that others
 * may read or that others than its owner may write is refused as a whole.
 */
#ifndef MASTER_LOGIN_USERS_H
#define MASTER_LOGIN_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "shm/base/attr.h"

#define USERS_FILE_MAX    (64L << 20)
#define USERS_LINE_MAX    4096
#define USERS_METHODS_MAX 8 /* ways of hashing in one file */

struct users_entry {
	const char *name;
	const char *hash; /* as it stands there: "!" and "*" are locked */
	const char *home; /* absolute */
	unsigned int uid, gid;
	unsigned int line;
};

struct users_method {
	const char *example; /* a hash of the file that is made this way */
	size_t prefix_len;   /* of what other hashes made so begin with */
};

struct users {
	char *path;
	char *text;                  /* of the file, taken apart in place */
	struct users_entry *entries; /* sorted by name, each name once */
	size_t count, room;
	struct users_method methods[USERS_METHODS_MAX];
	size_t nmethods;
	char mistakes[512]; /* the first one; "" = the file is right */
	unsigned int nmistakes;
	struct stat identity; /* of what was read */
	bool settled;         /* a further change shows in identity */
};

/* For path, which is copied; nothing is read yet.  NULL: memory is short. */
NODISCARD struct users *users_new(const char *path);
/* Sets *users to NULL; NULL is allowed. */
void users_free(struct users **users);

enum users_load {
	USERS_SAME,    /* as it was read before */
	USERS_READ,    /* read anew: mistakes may be told */
	USERS_MISSING, /* there is no such file: no accounts */
	USERS_REFUSED  /* mistakes says why; no accounts */
};

/* Sees to it that what is in memory is what is in the file. */
NODISCARD enum users_load users_load(struct users *users);

/*
 * Takes over text of len bytes (from malloc, one byte more allocated) as the
 * contents of the file.
 */
void users_parse(struct users *users, char *text, size_t len);

/* NULL when the name is not in the file. */
NODISCARD const struct users_entry *users_find(const struct users *users,
    const char *name);

/* Whether the hash can match a password at all. */
NODISCARD bool users_can_log_in(const struct users_entry *entry);

/* Whether hash was made by the method, with the same cost. */
NODISCARD bool users_same_method(const struct users_method *method,
    const char *hash);

#endif
