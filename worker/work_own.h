/*
 * work_own - what a struct work is, to those who make it up.
 *
 * work.c has files read and written by threads, work_pipe.c goes through pipes
 * when the loop says that they are ready.
 */
#ifndef WORKER_WORK_OWN_H
#define WORKER_WORK_OWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "shm/base/attr.h"
#include "worker/pool.h"
#include "worker/work.h"

struct checksum_set;
struct worker;

enum work_operation {
	WORK_IDLE,
	WORK_READ,
	WORK_WRITE,
	WORK_CLOSE
};

struct work_buffer {
	uint8_t *data; /* NULL: none */
	size_t size;
};

struct work {
	struct worker *worker;
	int fd;
	uint32_t account;
	bool is_pipe;
	bool nowait; /* RWF_NOWAIT works for this descriptor */
	bool memory; /* its file system has no disk to wait for */
	bool slow;   /* the last buffer took long */
	bool freed;  /* goes when the operation has ended */
	enum work_operation operation;
	work_handler handler;
	void *context;
	size_t len, done;
	uint64_t offset;
	ssize_t result;
	struct work_buffer buffer; /* the caller's */
	struct work_buffer taken;  /* for writing, reading ahead; or none */
	uint8_t *data;             /* of the operation: either one */
	uint64_t since;            /* that buffer is being filled */
	struct checksum_set *sums; /* of what is written; or NULL */
	struct pool_job job;       /* files */
	uv_poll_t *poll;           /* pipes, once one had to be waited for */
};

/* The operation goes on: -EINPROGRESS, and later the handler is called. */
NODISCARD ssize_t work_await(struct work *work, enum work_operation operation,
    work_handler handler, void *context);
/* It has ended: calls the handler, which may free the work. */
void work_finish(struct work *work, ssize_t result);

/*
 * Of the operation that was prepared: bytes, 0 at the end, or a negative errno,
 * -EAGAIN while there is nothing, or not all is written.
 */
NODISCARD ssize_t work_read_pipe(struct work *work);
NODISCARD ssize_t work_write_pipe(struct work *work);
/* Waits for the pipe, and goes on then: -EINPROGRESS, or a negative errno. */
NODISCARD ssize_t work_await_pipe(struct work *work,
    enum work_operation operation, work_handler handler, void *context);

#endif
