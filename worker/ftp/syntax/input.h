/*
 * input - the lines that a client sends.
 *
 * Bytes are fed as they arrive, Telnet commands are taken out, and lines are
 * taken one by one.  Bounded: whoever feeds it asks for the room first, and
 * stops reading from the client while there is none.
 */
#ifndef WORKER_FTP_SYNTAX_INPUT_H
#define WORKER_FTP_SYNTAX_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/base/buf.h"

#define INPUT_LINE_MAX 4096 /* without the line end */
#define INPUT_MAX      8192 /* bytes that wait */

struct input {
	struct buf buf;
	uint8_t telnet; /* enum telnet */
	bool skipping;  /* the rest of a line that was too long */
	bool begun;     /* something of a line has come */
	/*
	 * The client's character set has 255: only what stands before a
	 * command is Telnet.
	 */
	bool eight_bit;
};

void input_init(struct input *input);
void input_free(struct input *input);

/* How many bytes may be fed now. */
NODISCARD size_t input_room(const struct input *input);

/* Takes len bytes, at most input_room(); -1 when memory is short. */
NODISCARD int input_feed(struct input *input, const uint8_t *data, size_t len);

enum input_result {
	INPUT_NONE,     /* no whole line yet */
	INPUT_LINE,     /* line is a command */
	INPUT_TOO_LONG, /* one was dropped, to be answered once */
	INPUT_BAD       /* one with NUL or CR inside was dropped */
};

/*
 * Takes the next line into line (INPUT_LINE_MAX + 1 bytes), without its end
 * and terminated.
 */
NODISCARD enum input_result input_take(struct input *input, char *line);

/*
 * Looks at the lines that wait: copies the first bytes (size - 1 at most, up
 * to the line's end) of the line at *offset, and moves *offset to the one
 * after it.  false: there is no whole line.
 */
NODISCARD bool input_peek(const struct input *input, size_t *offset, char *head,
    size_t size);

/* Drops all that waits; returns how many bytes that were. */
size_t input_discard(struct input *input);

#endif
