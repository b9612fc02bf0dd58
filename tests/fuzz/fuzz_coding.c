/*
 * Fuzzes what reads compressed uploads.  The first byte says whether they are
 * text, too, the second in pieces of which length they come.
 */
#include <stdint.h>
#include <string.h>

#include "shm/base/ensure.h"
#include "worker/ftp/syntax/coding.h"

#define EXPANSION 100u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
decode_all(struct coding *coding, const uint8_t *data, size_t size, size_t step)
{
	static uint8_t out[2 * CODING_ROOM_MIN];
	size_t room, n;
	ssize_t got;
	uint8_t *to;

	do {
		to = coding_space(coding, &room);
		if (to != NULL && size == 0)
			break;
		if (to != NULL) {
			n = size < step ? size : step;
			ensure(n <= room);
			memcpy(to, data, n);
			coding_received(coding, n);
			data += n;
			size -= n;
		}
		got = coding_decode(coding, out, sizeof(out));
		ensure(got <= (ssize_t)sizeof(out));
	} while (got >= 0);
	got = coding_end(coding, out);
	ensure(got >= -1 && got <= 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct coding_how how = { .receive = true, .zip = true };
	struct coding *coding;

	if (size < 2)
		return (0);
	how.ascii = (data[0] & 1) != 0;
	how.expansion = EXPANSION;
	coding = coding_new(&how);
	ensure(coding != NULL);
	decode_all(coding, data + 2, size - 2, 1 + data[1] * (size_t)16);
	coding_free(&coding);
	return (0);
}
