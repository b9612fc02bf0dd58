/* Unit tests of worker/ftp/syntax/coding.c. */
#include "worker/ftp/syntax/coding.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/suites.h"

#define SIZE ((size_t)3 << 20)

struct bytes {
	uint8_t *data;
	size_t len, room;
};

static void
bytes_add(struct bytes *bytes, const uint8_t *data, size_t len)
{
	CU_ASSERT_FATAL(bytes->len + len <= bytes->room);
	memcpy(bytes->data + bytes->len, data, len);
	bytes->len += len;
}

static void
bytes_open(struct bytes *bytes, size_t room)
{
	bytes->data = malloc(room);
	bytes->len = 0;
	bytes->room = room;
	CU_ASSERT_PTR_NOT_NULL_FATAL(bytes->data);
}

/* Some lines that repeat, some that do not. */
static void
make_text(struct bytes *text, size_t len)
{
	uint32_t noise = 1;
	size_t i;

	bytes_open(text, len + 1);
	for (i = 0; i < len; i++) {
		noise = noise * 1664525u + 1013904223u;
		text->data[i] = i % 61 == 0 ? '\n'
		    : i % 3 == 0 ? (uint8_t)('a' + (noise >> 24) % 26)
				 : (uint8_t)'x';
	}
	text->len = len;
}

/* Takes len bytes, all that becomes of them goes to the wire. */
static void
encode_piece(struct coding *coding, const uint8_t *in, size_t len, bool last,
    struct bytes *wire)
{
	const uint8_t *data;
	size_t taken, ready;

	do {
		taken = coding_encode(coding, in, len, last);
		CHECK_CASE(taken <= len, "no more than there is");
		in += taken;
		len -= taken;
		ready = coding_ready(coding, &data);
		bytes_add(wire, data, ready);
		coding_sent(coding, ready);
	} while (len > 0 || (last && !coding_is_complete(coding)));
}

/* The file's bytes in pieces; the last one may say so, or an empty one. */
static void
encode(const struct coding_how *how, const struct bytes *file, size_t piece,
    bool empty_end, struct bytes *wire)
{
	struct coding *coding = coding_new(how);
	size_t at, len;

	CU_ASSERT_PTR_NOT_NULL_FATAL(coding);
	for (at = 0; at + piece < file->len; at += piece)
		encode_piece(coding, file->data + at, piece, false, wire);
	len = file->len - at;
	encode_piece(coding, file->data + at, len, !empty_end, wire);
	if (empty_end)
		encode_piece(coding, NULL, 0, true, wire);
	coding_free(&coding);
	CU_ASSERT_PTR_NULL(coding);
}

/* Gives the next bytes of the wire, from *at on, if some are wanted; false:
 * they are wanted, and there are none. */
static bool
feed(struct coding *coding, const struct bytes *wire, size_t piece, size_t *at)
{
	size_t len = wire->len - *at, room;
	uint8_t *to = coding_space(coding, &room);

	if (to == NULL)
		return (true);
	len = len < piece ? len : piece;
	len = len < room ? len : room;
	if (len == 0)
		return (false);
	memcpy(to, wire->data + *at, len);
	coding_received(coding, len);
	*at += len;
	return (true);
}

/* 0, or the errno of what cannot be decoded. */
static int
decode(const struct coding_how *how, const struct bytes *wire, size_t piece,
    struct bytes *file)
{
	struct coding *coding = coding_new(how);
	uint8_t out[CODING_ROOM_MIN];
	size_t at = 0;
	ssize_t got = 0;
	int error;

	CU_ASSERT_PTR_NOT_NULL_FATAL(coding);
	while (got >= 0 && feed(coding, wire, piece, &at)) {
		got = coding_decode(coding, out, sizeof(out));
		bytes_add(file, out, got > 0 ? (size_t)got : 0);
	}
	if (got >= 0)
		got = coding_end(coding, out);
	error = got < 0 ? errno : 0;
	bytes_add(file, out, got > 0 ? (size_t)got : 0);
	coding_free(&coding);
	return (error);
}

static const struct {
	const char *what;
	bool ascii, zip;
	uint8_t level;
} ways[] = {
	{ "line ends", true, false, 0 },
	{ "compressed, fast", false, true, 1 },
	{ "compressed, small", false, true, 9 },
	{ "both", true, true, 6 },
};
static const size_t pieces[] = { 1000, CODING_BLOCK - 1, CODING_BLOCK,
	CODING_BLOCK + 1, SIZE };

/* One of ways, in pieces of that size. */
static void
travel(size_t way, size_t piece, const struct bytes *file)
{
	struct coding_how how = { .ascii = ways[way].ascii,
		.zip = ways[way].zip,
		.level = ways[way].level };
	struct bytes wire, back;

	bytes_open(&wire, 2 * SIZE);
	bytes_open(&back, 2 * SIZE);
	encode(&how, file, piece, way % 2 == 0, &wire);
	CHECK_CASE(!how.zip || wire.len < file->len, ways[way].what);
	how.receive = true;
	CHECK_CASE(decode(&how, &wire, piece, &back) == 0, ways[way].what);
	CHECK_CASE(back.len == file->len &&
		memcmp(back.data, file->data, back.len) == 0,
	    ways[way].what);
	free(wire.data);
	free(back.data);
}

static void
there_and_back(void)
{
	struct bytes file;
	size_t i, k;

	make_text(&file, SIZE);
	for (i = 0; i < NITEMS(ways); i++)
		for (k = 0; k < NITEMS(pieces); k++)
			travel(i, pieces[k], &file);
	free(file.data);
}

static void
nothing_at_all(void)
{
	struct coding_how how = { .zip = true, .level = 6 };
	struct bytes file = { (uint8_t[1]){ 0 }, 0, 0 }, wire, back;

	bytes_open(&wire, 64);
	bytes_open(&back, 64);
	encode(&how, &file, 10, false, &wire);
	CU_ASSERT(wire.len > 0);
	how.receive = true;
	CU_ASSERT(decode(&how, &wire, 1, &back) == 0 && back.len == 0);
	wire.len = 0;
	CU_ASSERT(decode(&how, &wire, 1, &back) == 0 && back.len == 0);
	free(wire.data);
	free(back.data);
}

static void
damage_is_noticed(void)
{
	struct coding_how how = { .zip = true, .level = 6 };
	struct bytes file, wire, back;
	uint8_t saved;
	size_t i, len;

	make_text(&file, 5000);
	bytes_open(&wire, 2 * SIZE);
	bytes_open(&back, 2 * SIZE);
	encode(&how, &file, SIZE, false, &wire);
	how.receive = true;
	len = wire.len;
	for (i = 0; i < len; i += 7) {
		back.len = 0;
		wire.len = i;
		CU_ASSERT(i == 0 || decode(&how, &wire, 100, &back) == EBADMSG);
		back.len = 0;
		wire.len = len;
		saved = wire.data[i];
		wire.data[i] ^= 0x55;
		CU_ASSERT(decode(&how, &wire, 100, &back) == EBADMSG);
		wire.data[i] = saved;
	}
	/* Something behind the end. */
	wire.data[len] = 0;
	wire.len = len + 1;
	CU_ASSERT(decode(&how, &wire, 100, &back) == EBADMSG);
	CU_ASSERT(decode(&how, &wire, SIZE, &back) == EBADMSG);
	free(file.data);
	free(wire.data);
	free(back.data);
}

static void
too_much_is_refused(void)
{
	struct coding_how how = { .zip = true, .level = 9, .expansion = 100 };
	struct bytes file, wire, back;

	bytes_open(&file, 16 * SIZE);
	file.len = file.room;
	memset(file.data, 0, file.len);
	bytes_open(&wire, SIZE);
	bytes_open(&back, 16 * SIZE);
	encode(&how, &file, SIZE, false, &wire);
	how.receive = true;
	CU_ASSERT(decode(&how, &wire, CODING_BLOCK, &back) == EFBIG);
	CU_ASSERT(back.len < file.len);
	back.len = 0;
	how.expansion = 0;
	CU_ASSERT(decode(&how, &wire, CODING_BLOCK, &back) == 0);
	CU_ASSERT(back.len == file.len);
	free(file.data);
	free(wire.data);
	free(back.data);
}

CU_TestInfo coding_tests[] = {
	{ "there and back", there_and_back },
	{ "nothing at all", nothing_at_all },
	{ "damage is noticed", damage_is_noticed },
	{ "too much is refused", too_much_is_refused },
	CU_TEST_INFO_NULL,
};
