/*
 * upload - a file that is being written.
 *
 * A new or replaced file is written to a hidden temporary beside it, which the
 * commit renames: the name shows the old contents or the whole of the new.
 * Where the name must stay bound to its inode (several links, another owner,
 * attributes that may not be read, a directory that is not writable), and for
 * what continues a file (APPEND, RESUME), the file itself is written, "in
 * place": what was written stays.
 *
 * RESUME overwrites from the offset on and cuts nothing off: what the client
 * sends takes the place of as many bytes, the rest of the file stays.  From
 * offset 0 on, it makes a file that is not there.
 */
#ifndef WORKER_AGENT_UPLOAD_H
#define WORKER_AGENT_UPLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/ipc/body.h"
#include "worker/agent/jail.h"

struct upload;

struct upload_request {
	const char *path;
	enum fs_create_how how;
	uint64_t offset;
	uint32_t mode;     /* of a new file: see FS_MODE_OWN */
	mode_t like;       /* st_mode of what it is a copy of, or 0 */
	unsigned int need; /* ACCESS_ bits, besides to add the file */
	bool at_once; /* committed or freed before anybody else has a turn */
	bool whole;   /* REPLACE, but never in place: else EOPNOTSUPP */
};

struct upload_facts {
	int fd;           /* the upload's; for writing */
	const char *name; /* the last component of what it will become */
	uint64_t start;   /* the offset that is written first */
	uint64_t size;    /* of the file before */
	int64_t modified;
	bool in_place;
	uint32_t sums; /* hash_on_upload, where it will be */
};

/*
 * Begins an upload, which the caller owns.  NULL with errno: ERANGE the offset
 * is beyond the end, EISDIR, EOPNOTSUPP it is no regular file.
 */
NODISCARD struct upload *upload_new(struct jail *jail,
    const struct upload_request *request);

/* What its user needs to know; valid as long as the upload. */
void upload_facts(const struct upload *upload, struct upload_facts *facts);

/*
 * Makes it the file that it was to become: written bytes of it must be there,
 * else EIO.  0, or -1 with errno, after which it can only be freed.
 */
NODISCARD int upload_commit(struct upload *upload, uint64_t written,
    enum fs_durability durability);

/*
 * Ends it; one that was not committed leaves nothing behind but what was
 * written in place.  Sets *upload to NULL; NULL is allowed.
 */
void upload_free(struct upload **upload);

#endif
