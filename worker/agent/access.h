/*
 * access - what the account's policy allows with a path.
 *
 * The permissions of the file system are the kernel's business; this is what
 * the configuration forbids beyond them (deny, hide_dotfiles, read_only,
 * upload_only, allow_chmod, allow_symlinks, list_recursive, and tls.required of
 * transfers).
 * Each request names the rights that it needs when it resolves its path
 * (resolve.h), so none gets past.  They are judged on the path that was found,
 * without symbolic links, not on the one that the client gave.
 *
 * A name is governed by what counts for itself, and what is done with it as a
 * name (to add, list, remove it) by what counts for its directory, too.
 */
#ifndef WORKER_AGENT_ACCESS_H
#define WORKER_AGENT_ACCESS_H

#include <stdbool.h>

#include "shm/base/attr.h"
#include "shm/conf/subject.h"
#include "shm/ipc/body.h"
#include "worker/agent/rules.h"

#define ACCESS_SHOW   1u   /* its name stands in listings */
#define ACCESS_LOOK   2u   /* its size, time, mode; whether it is there */
#define ACCESS_ENTER  4u   /* a directory: to go there, to list it */
#define ACCESS_READ   8u   /* its contents, and what is made from them */
#define ACCESS_ADD    16u  /* to make something under a name that is free */
#define ACCESS_WRITE  32u  /* to change or replace the contents */
#define ACCESS_SET    64u  /* to change time, mode, group */
#define ACCESS_REMOVE 128u /* to take the name away, or give it another */
#define ACCESS_FILL   256u /* a directory: something may be added in it */
#define ACCESS_CLEAR  512u /* ... and removed from it */
/* To transfer it, or the names in it: */
#define ACCESS_PLAIN   1024u  /* in clear */
#define ACCESS_PRIVATE 2048u  /* protected */
#define ACCESS_MODE    4096u  /* to change its permissions */
#define ACCESS_LINK    8192u  /* to make a symbolic link under the name */
#define ACCESS_BELOW   16384u /* a directory: to list what is below it, too */
#define ACCESS_ALL     32767u
#define ACCESS_CHANGE                                             \
	(ACCESS_ADD | ACCESS_WRITE | ACCESS_SET | ACCESS_REMOVE | \
	    ACCESS_FILL | ACCESS_CLEAR | ACCESS_MODE | ACCESS_LINK)

struct access {
	struct rulebook book;
	bool by_path;         /* rights, or rules, differ from path to path */
	bool hides_dots;      /* such names are not listed; not by_path */
	unsigned int general; /* the rights to all paths; not by_path */
};

/* Finds out what counts for the account.  0, or -1 when memory is short. */
NODISCARD int access_init(struct access *access,
    const struct conf_subject *subject);
/* Harmless when done twice. */
void access_free(struct access *access);

/* Whether nothing may be changed anywhere. */
NODISCARD bool access_read_only(const struct access *access);

/*
 * The rights to path (virtual, as it was found): a set of ACCESS_ bits.  Where
 * rights do not go by path, any may be given.
 */
NODISCARD unsigned int access_rights(const struct access *access,
    const char *path);

/* The rules that count there; as long as access. */
NODISCARD const struct rules *access_rules(const struct access *access,
    const char *path);

/* The rights to a name in a directory, NULL: of any. */
NODISCARD unsigned int access_entry(const struct access *access,
    const char *directory, const char *name);
/* ... and its rules, of which what the rights tell is a part. */
NODISCARD unsigned int access_entry_rules(const struct access *access,
    const char *directory, const char *name, const struct rules **rules);

/* To the directory that holds the path; the root holds itself. */
NODISCARD unsigned int access_above(const struct access *access,
    const char *path);

/*
 * Whether a directory may get another name without any path in it getting other
 * rights.
 */
NODISCARD bool access_may_move(const struct access *access, const char *from,
    const char *to);

/* What a request needs besides that has such a data connection. */
NODISCARD unsigned int access_transfer(enum fs_data data);

/*
 * The errno, or FS_ERROR_, that says why some of wanted is not among the
 * rights.
 */
NODISCARD int access_error(unsigned int rights, unsigned int wanted);

#endif
