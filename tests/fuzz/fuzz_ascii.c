/*
 * Fuzzes TYPE A: the result must not depend on where the blocks end, and what
 * is sent and received again must be what was sent (with line ends that are CR
 * LF in the file becoming LF).
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shm/base/ensure.h"
#include "worker/ftp/syntax/ascii.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
send_in(const uint8_t *data, size_t size, size_t step, uint8_t *out)
{
	struct ascii ascii = { false };
	size_t used = 0, n;

	for (; size > 0; data += n, size -= n) {
		n = size < step ? size : step;
		used += ascii_to_wire(&ascii, data, n, out + used);
	}
	return (used);
}

static size_t
receive_in(const uint8_t *data, size_t size, size_t step, uint8_t *out)
{
	struct ascii ascii = { false };
	size_t used = 0, n;

	for (; size > 0; data += n, size -= n) {
		n = size < step ? size : step;
		used += ascii_to_file(&ascii, data, n, out + used);
	}
	return (used + ascii_end(&ascii, out + used));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t step, len, other_len, file_len, back_len;
	uint8_t *wire, *other, *file, *back;

	if (size == 0)
		return (0);
	step = 1 + data[0] % 16;
	data++;
	size--;
	wire = malloc(2 * size + 1);
	other = malloc(2 * size + 1);
	file = malloc(size + 1);
	back = malloc(2 * size + 2);
	ensure(wire != NULL && other != NULL && file != NULL && back != NULL);

	len = send_in(data, size, size + 1, wire);
	other_len = send_in(data, size, step, other);
	ensure(len <= 2 * size && len == other_len);
	ensure(memcmp(wire, other, len) == 0);

	file_len = receive_in(data, size, size + 1, file);
	other_len = receive_in(data, size, step, other);
	ensure(file_len <= size && file_len == other_len);
	ensure(memcmp(file, other, file_len) == 0);

	/* Every LF on the wire has its CR, so all of them come back as LF. */
	back_len = receive_in(wire, len, step, back);
	ensure(back_len == receive_in(data, size, 1, file));
	ensure(memcmp(back, file, back_len) == 0);

	free(wire);
	free(other);
	free(file);
	free(back);
	return (0);
}
