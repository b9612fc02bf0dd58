/*
 * fs - file-system requests of one session, done by its agent.
 *
 * The agent is asked for when the first request comes and given back after
 * agent_idle seconds without requests and open handles.  When the session ends
 * before, with nothing open, its channel is left to the account's next session
 * for a moment.  An agent that dies answers all open requests with EIO; the
 * next request gets a fresh one.
 *
 * Requests are answered in any order.  The handler is called from the loop,
 * never from within the call that asked, and at most once for each request;
 * after fs_free() not at all.
 */
#ifndef WORKER_FS_H
#define WORKER_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/ipc/body.h"
#include "worker/broker.h"

struct fs;
struct worker;

/* The answer to a request. */
struct fs_answer {
	int error;       /* errno, or 0 */
	int fd;          /* FS_OPEN, FS_CREATE: the handler's now; else -1 */
	uint32_t handle; /* FS_CREATE */
	bool pipe;       /* fd is a pipe that the agent serves */
	bool in_place;
	uint64_t size;
	int64_t modified;
	uint32_t modified_ns; /* unless it came with a file */
	uint32_t mode;
	uint32_t entries; /* FS_CREATE: as of fs_stat_upload() */
	uint32_t changed; /* FS_CHANGE: what of FS_CHANGE_ was asked for */
	uint32_t gid;
	const char *name; /* FS_CREATE_UNIQUE: the name chosen; else "" */
	/*
	 * FS_OPEN of a small file: its bytes from the offset on, size of them;
	 * a listing without a pipe; a message that is the answer.  Then there
	 * is no descriptor.  During the call only.  NULL: see fd.
	 */
	const uint8_t *contents;
};

typedef void (*fs_handler)(const struct fs_answer *answer, void *context);

/* NULL when memory is short.  client: of the session, for its agent. */
NODISCARD struct fs *fs_new(struct worker *worker, struct broker_client *client,
    fs_handler handler, void *context);
/* Withdraws everything: uploads not committed are discarded. NULL-safe. */
void fs_free(struct fs **fs);

/* The agent's answer to broker_ask_agent(), handed on by the session. */
void fs_agent(struct fs *fs, int fd, int error);

/*
 * Ask: each returns the request's number (never 0), or 0 with errno when it
 * cannot be sent.  There is one handler for all, so the session asks one thing
 * at a time, with two exceptions that are not answered: fs_discard(), and
 * fs_forget(), after which the answer to an earlier request is swallowed (its
 * descriptor closed, its upload discarded).
 *
 * A file to read that came as a pipe keeps the agent until the next request or
 * fs_forget(): call that when the pipe has been read.
 */
NODISCARD uint32_t fs_stat(struct fs *fs, const char *path);
/* Of a symbolic link itself; and if it may be renamed. */
NODISCARD uint32_t fs_stat_self(struct fs *fs, const char *path);
/*
 * Of what an upload would replace or continue, if it may; where there is
 * nothing, but may be, all is 0, but for the entries: which checksums are
 * wanted of it, as bits.
 */
NODISCARD uint32_t fs_stat_upload(struct fs *fs, const char *path,
    enum fs_data data);
NODISCARD uint32_t fs_chdir(struct fs *fs, const char *path);
/* The answer's contents are a struct msg_fs_room, with wanted in it. */
NODISCARD uint32_t fs_space(struct fs *fs, const char *path, uint64_t wanted);
/*
 * To read from offset (ERANGE: the file is shorter): contents, or a file, or a
 * pipe that begins there.
 */
NODISCARD uint32_t fs_open(struct fs *fs, const char *path, uint64_t offset,
    enum fs_data data);
/* The same, for a checksum up to end; EFBIG: that would be too much. */
NODISCARD uint32_t fs_open_sum(struct fs *fs, const char *path, uint64_t offset,
    uint64_t end);
/*
 * The answer's contents are the first bytes of a regular file, most (at most
 * FS_PEEK_MAX) of them.
 */
NODISCARD uint32_t fs_peek(struct fs *fs, const char *path, uint32_t most);
struct fs_create {
	const char *path;
	enum fs_create_how how;
	uint64_t offset;
	uint32_t mode; /* see FS_MODE_OWN */
	enum fs_data data;
};
NODISCARD uint32_t fs_create(struct fs *fs, const struct fs_create *create);
NODISCARD uint32_t fs_commit(struct fs *fs, uint32_t handle,
    enum fs_durability durability, uint64_t size);
/*
 * fs_create(), the file's bytes (at most FS_SMALL_MAX) and fs_commit() in one;
 * the answer's in_place is that of fs_create().
 */
NODISCARD uint32_t fs_store(struct fs *fs, const struct fs_create *create,
    enum fs_durability durability, const uint8_t *bytes, uint32_t size);
void fs_discard(struct fs *fs, uint32_t handle);
void fs_forget(struct fs *fs);

struct fs_list {
	const char *path;
	size_t pattern;     /* where its patterns begin; 0: there are none */
	const char *prefix; /* "" */
	enum fs_list_format format;
	uint32_t flags; /* FS_LIST_HIDDEN ... */
	uint32_t facts;
	enum fs_list_order order;
	uint32_t sorted_max, entries_max, directories_max, depth_max;
	enum fs_data data;
	uint32_t uid, gid;
	const char *user, *group;
	int pipe; /* write end; a duplicate travels; -1: only if it is short */
};
/* Without a pipe: contents, or EMSGSIZE when the listing is not short. */
NODISCARD uint32_t fs_list(struct fs *fs, const struct fs_list *list);
/*
 * These take as long as they take: fs_heard() is when the agent last said that
 * it is at it, and fs_forget() ends them.
 */
struct fs_copy {
	const char *target;
	const char *sources; /* one after the other, each terminated */
	size_t sources_len;
	uint32_t flags; /* FS_COPY_JOIN, or 0 */
	uint32_t mode;
	enum fs_durability durability;
};
NODISCARD uint32_t fs_copy(struct fs *fs, const struct fs_copy *copy);
/* The answer's contents are a struct msg_fs_erased. */
NODISCARD uint32_t fs_erase(struct fs *fs, const char *path);
NODISCARD uint64_t fs_heard(const struct fs *fs);

NODISCARD uint32_t fs_mkdir(struct fs *fs, const char *path, uint32_t mode);
NODISCARD uint32_t fs_rmdir(struct fs *fs, const char *path);
NODISCARD uint32_t fs_unlink(struct fs *fs, const char *path);
NODISCARD uint32_t fs_rename(struct fs *fs, const char *from, const char *to);
/*
 * All of the change, or as good as nothing; group: the name of one, or "".  The
 * answer tells mode and times as they are then; its errno is EINVAL for a mode
 * that the file cannot have, and ENODATA for a group that is not known.
 */
NODISCARD uint32_t fs_change(struct fs *fs, const char *path,
    const struct fs_change *change, const char *group);
/* target: as it is given; EXDEV when it leads out of the root. */
NODISCARD uint32_t fs_symlink(struct fs *fs, const char *path,
    const char *target);

/* Whether a handle is open or a request is not answered. */
NODISCARD bool fs_busy(const struct fs *fs);

#endif
