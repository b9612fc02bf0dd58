/*
 * stream - a connection as a stream of bytes, clear or TLS.
 *
 * Protocol code reads and writes until it is told to wait, says what it waits
 * for, and is called when that is so.  Whether TLS needs the socket to be
 * readable or writable for it is known here and nowhere else.
 *
 * All calls from the loop's thread.  The handler may free the stream.
 */
#ifndef WORKER_NET_STREAM_H
#define WORKER_NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "shm/base/attr.h"
#include "worker/tls/tls.h"

struct stream;

#define STREAM_READ  1u
#define STREAM_WRITE 2u

/* Called when what was wanted may be possible; wants are then cleared. */
typedef void (*stream_handler)(struct stream *stream, void *context);

/*
 * Over a connected, non-blocking socket, which it takes over (closed in any
 * case).  NULL with errno.
 */
NODISCARD struct stream *stream_new(uv_loop_t *loop, int fd,
    stream_handler handler, void *context);

/* Closes the socket at once, sends nothing, and sets *stream to NULL. */
void stream_free(struct stream **stream);

/*
 * Calls the handler once when reading (writing, or either) may succeed; wants
 * replace the earlier ones, 0 withdraws them.  Bytes that TLS already holds
 * count as readable: the handler is then called from the next loop turn.
 */
void stream_want(struct stream *stream, unsigned int wants);

/*
 * When reading, calls the handler only for this many bytes, the end or an
 * error: many bytes then cost few wake-ups.  It is less where that much would
 * close the sender's window.  1, as at first, is for any byte; set it when no
 * more may come without an end.
 */
void stream_gather(struct stream *stream, int bytes);

/*
 * For an owner that uses the socket itself, to accept or connect: it was not
 * ready just now, and is to be waited for.
 */
void stream_unready(struct stream *stream);

enum stream_result {
	STREAM_OK,
	STREAM_AGAIN,     /* nothing now: stream_want() and wait */
	STREAM_END,       /* read: FIN (clear) or close_notify (TLS) */
	STREAM_TRUNCATED, /* read: TLS ended without close_notify, or RST */
	STREAM_FAILED     /* see stream_reason() */
};

/*
 * *done is set for OK only, and then not 0.  What has come since the loop last
 * told of it may not be read before it tells of that.
 */
NODISCARD enum stream_result stream_read(struct stream *stream, void *data,
    size_t len, size_t *done);
NODISCARD enum stream_result stream_write(struct stream *stream,
    const void *data, size_t len, size_t *done);

/*
 * While held, what is written may wait in the kernel for what comes next, so
 * that both go in one packet: hold only what is followed in the same turn by a
 * write that is not held, or by the end of our side.
 */
void stream_hold(struct stream *stream, bool hold);

/*
 * Puts TLS on the stream; what the peer sent in clear and was not read yet
 * from the socket is part of the handshake.  Then stream_handshake() until it
 * is OK (AGAIN: stream_want() either, and wait).  -1 when it cannot be made.
 */
NODISCARD int stream_start_tls(struct stream *stream, struct tls_login *login,
    enum tls_kind kind);
/* The same, TLS_DATA, where another server may be the peer. */
NODISCARD int stream_start_tls_fxp(struct stream *stream,
    struct tls_login *login, const struct tls_fxp *fxp);
NODISCARD enum stream_result stream_handshake(struct stream *stream);

/*
 * Ends our side: close_notify, and FIN when fin.  OK, AGAIN (want WRITE), or
 * FAILED when the peer is gone.  With TLS and without fin the stream is clear
 * afterwards once the peer's close_notify was read (CCC).
 */
NODISCARD enum stream_result stream_close_write(struct stream *stream,
    bool fin);

/*
 * Whether the peer goes on in clear, without a close_notify of its own: it has
 * sent something that no record of TLS begins with.
 */
NODISCARD bool stream_goes_clear(const struct stream *stream);

/* Back to clear after both close_notify (CCC), or if it goes on so. */
void stream_end_tls(struct stream *stream);

NODISCARD bool stream_is_tls(const struct stream *stream);
/* The channel, for tls_refresh(), tls_bound(), tls_facts(); NULL when clear. */
NODISCARD struct tls_channel *stream_tls(struct stream *stream);
/* Why it FAILED or was TRUNCATED, in plain words. */
NODISCARD const char *stream_reason(const struct stream *stream);
/*
 * After TRUNCATED: nothing but close_notify is missing, the client has ended
 * the connection in good order.
 */
NODISCARD bool stream_ended_bare(const struct stream *stream);
NODISCARD int stream_fd(const struct stream *stream);

#endif
