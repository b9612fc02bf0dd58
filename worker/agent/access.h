/*
 * access - what the account's policy allows with a path.
 *
 * The permissions of the file system are the kernel's business; this is what
 * the configuration forbids beyond them.  Each request names the rights that it
 * needs when it resolves its path (resolve.h), so none gets past.  They are
 * judged on the path that was found, without symbolic links, not on the one
 * that the client gave.
 */
#ifndef WORKER_AGENT_ACCESS_H
#define WORKER_AGENT_ACCESS_H

#include "shm/base/attr.h"
#include "worker/agent/jail.h"

#define ACCESS_SHOW   1u   /* its name stands in listings */
#define ACCESS_LOOK   2u   /* its size, time, mode; whether it is there */
#define ACCESS_ENTER  4u   /* a directory: to go there, to list it */
#define ACCESS_READ   8u   /* its contents, and what is made from them */
#define ACCESS_ADD    16u  /* to make something under a name that is free */
#define ACCESS_WRITE  32u  /* to change or replace the contents */
#define ACCESS_SET    64u  /* to change time, mode, group */
#define ACCESS_REMOVE 128u /* to take the name away, or give it another */
#define ACCESS_ALL    255u
#define ACCESS_CHANGE (ACCESS_ADD | ACCESS_WRITE | ACCESS_SET | ACCESS_REMOVE)

/* The rights to path (virtual, as it was found): a set of ACCESS_ bits. */
NODISCARD unsigned int access_rights(const struct jail *jail, const char *path);

/* The errno that says why some of wanted is not among the rights. */
NODISCARD int access_error(unsigned int rights, unsigned int wanted);

#endif
