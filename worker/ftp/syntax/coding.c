#include "worker/ftp/syntax/coding.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

#include "shm/base/ensure.h"
#include "worker/ftp/syntax/ascii.h"

#define DEFLATE_COST 16 /* times that of a copy; measured at level 6 */
#define INFLATE_COST 4
/* What compresses that well is small, and needs no limit. */
#define EXPANSION_FREE ((uint64_t)16 << 20)

struct coding {
	struct coding_how how;
	struct ascii ascii;
	bool complete; /* sending: all was made; receiving: zlib's end came */
	bool more;     /* receiving: zlib holds bytes that had no room */
	bool begun;    /* something has come from the wire */
	z_stream zip;

	/* What was read off the wire, or is ready for it. */
	size_t at, len;
	uint8_t block[2 * CODING_BLOCK];

	/* With both: text between the two. */
	size_t middle_at, middle_len;
	uint8_t middle[2 * CODING_BLOCK];
};

static int
begin_zip(struct coding *coding)
{
	int ret;

	ret = coding->how.receive
	    ? inflateInit(&coding->zip)
	    : deflateInit(&coding->zip, coding->how.level);
	return (ret == Z_OK ? 0 : -1);
}

struct coding *
coding_new(const struct coding_how *how)
{
	struct coding *coding = calloc(1, sizeof(*coding));

	if (coding == NULL)
		return (NULL);
	coding->how = *how;
	if (how->zip && begin_zip(coding) == -1) {
		free(coding);
		return (NULL);
	}
	return (coding);
}

void
coding_free(struct coding **coding)
{
	if (*coding == NULL)
		return;
	if ((*coding)->how.zip && (*coding)->how.receive)
		(void)inflateEnd(&(*coding)->zip);
	else if ((*coding)->how.zip)
		(void)deflateEnd(&(*coding)->zip);
	free(*coding);
	*coding = NULL;
}

size_t
coding_cost(const struct coding *coding, size_t bytes)
{
	if (!coding->how.zip)
		return (bytes);
	return (bytes * (coding->how.receive ? INFLATE_COST : DEFLATE_COST));
}

/* Sending ------------------------------------------------------------------ */

/* Compresses into the block; returns how many bytes were taken. */
static size_t
compress_into_block(struct coding *coding, const uint8_t *in, size_t len,
    bool last)
{
	z_stream *zip = &coding->zip;
	int ret;

	zip->next_in = in;
	zip->avail_in = (uInt)len;
	zip->next_out = coding->block;
	zip->avail_out = sizeof(coding->block);
	ret = deflate(zip, last ? Z_FINISH : Z_NO_FLUSH);
	ensure(ret == Z_OK || ret == Z_STREAM_END || ret == Z_BUF_ERROR);
	coding->complete = ret == Z_STREAM_END;
	coding->at = 0;
	coding->len = sizeof(coding->block) - zip->avail_out;
	return (len - zip->avail_in);
}

/* With line ends: through the middle. */
static size_t
compress_text(struct coding *coding, const uint8_t *in, size_t len, bool last)
{
	size_t taken = 0;

	if (coding->middle_at == coding->middle_len && len > 0) {
		taken = len;
		coding->middle_at = 0;
		coding->middle_len =
		    ascii_to_wire(&coding->ascii, in, len, coding->middle);
	}
	coding->middle_at +=
	    compress_into_block(coding, coding->middle + coding->middle_at,
		coding->middle_len - coding->middle_at, last && taken == len);
	return (taken);
}

size_t
coding_encode(struct coding *coding, const uint8_t *in, size_t len, bool last)
{
	if (coding->at < coding->len || coding->complete)
		return (0);
	if (len > CODING_BLOCK) {
		len = CODING_BLOCK;
		last = false;
	}
	if (coding->how.zip && coding->how.ascii)
		return (compress_text(coding, in, len, last));
	if (coding->how.zip)
		return (compress_into_block(coding, in, len, last));
	coding->at = 0;
	coding->len = ascii_to_wire(&coding->ascii, in, len, coding->block);
	coding->complete = last;
	return (len);
}

size_t
coding_ready(const struct coding *coding, const uint8_t **data)
{
	*data = coding->block + coding->at;
	return (coding->len - coding->at);
}

void
coding_sent(struct coding *coding, size_t len)
{
	ensure(len <= coding->len - coding->at);
	coding->at += len;
}

bool
coding_is_complete(const struct coding *coding)
{
	return (coding->complete);
}

/* Receiving ---------------------------------------------------------------- */

uint8_t *
coding_space(struct coding *coding, size_t *room)
{
	*room = CODING_BLOCK;
	if (coding->at < coding->len || coding->more)
		return (NULL);
	return (coding->block);
}

void
coding_received(struct coding *coding, size_t len)
{
	ensure(coding->at == coding->len && len <= CODING_BLOCK);
	coding->begun = coding->begun || len > 0;
	coding->at = 0;
	coding->len = len;
}

/* Whether a few bytes have become very many. */
static bool
is_bomb(const struct coding *coding)
{
	uint64_t most = coding->how.expansion * (uint64_t)coding->zip.total_in;

	return (coding->how.expansion > 0 &&
	    coding->zip.total_out > most + EXPANSION_FREE);
}

static ssize_t
decompress(struct coding *coding, uint8_t *out, size_t room)
{
	z_stream *zip = &coding->zip;
	size_t len = coding->len - coding->at;
	int ret;

	if (coding->complete && len > 0) {
		errno = EBADMSG;
		return (-1);
	}
	zip->next_in = coding->block + coding->at;
	zip->avail_in = (uInt)len;
	zip->next_out = out;
	zip->avail_out = (uInt)room;
	ret = coding->complete ? Z_BUF_ERROR : inflate(zip, Z_NO_FLUSH);
	coding->at = coding->len - zip->avail_in;
	coding->complete = coding->complete || ret == Z_STREAM_END;
	coding->more = zip->avail_out == 0 && !coding->complete;
	if (ret == Z_OK || ret == Z_STREAM_END || ret == Z_BUF_ERROR) {
		errno = EFBIG;
		return (
		    is_bomb(coding) ? -1 : (ssize_t)(room - zip->avail_out));
	}
	errno = ret == Z_MEM_ERROR ? ENOMEM : EBADMSG;
	return (-1);
}

ssize_t
coding_decode(struct coding *coding, uint8_t *out, size_t room)
{
	size_t len = coding->len - coding->at;
	ssize_t got;

	ensure(room >= CODING_ROOM_MIN);
	/* A turn of the loop goes to other sessions, too. */
	if (room > 4 * (size_t)CODING_BLOCK)
		room = 4 * (size_t)CODING_BLOCK;
	if (!coding->how.ascii)
		return (decompress(coding, out, room));
	if (!coding->how.zip) {
		coding->at = coding->len;
		return ((ssize_t)ascii_to_file(&coding->ascii, coding->block,
		    len, out));
	}
	got = decompress(coding, coding->middle, CODING_BLOCK);
	if (got < 0)
		return (got);
	return ((ssize_t)ascii_to_file(&coding->ascii, coding->middle,
	    (size_t)got, out));
}

ssize_t
coding_end(struct coding *coding, uint8_t *out)
{
	/* Who sends an empty file may send nothing at all. */
	if (coding->how.zip && coding->begun && !coding->complete) {
		errno = EBADMSG;
		return (-1);
	}
	return ((ssize_t)ascii_end(&coding->ascii, out));
}
