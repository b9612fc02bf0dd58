#include "shm/board/score.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/base/fd.h"

struct score_page {
	_Atomic int64_t counters[SCORE_COUNT];
};

struct score {
	struct score_page *page;
};

static const char *const names[SCORE_COUNT] = {
	[SCORE_SESSIONS] = "sessions",
	[SCORE_LOGGED_IN] = "logged_in",
	[SCORE_TRANSFERS] = "transfers",
	[SCORE_ACCEPTED] = "accepted",
	[SCORE_LOGINS] = "logins",
	[SCORE_LOGINS_FAILED] = "logins_failed",
	[SCORE_HANDSHAKES_FULL] = "handshakes_full",
	[SCORE_HANDSHAKES_RESUMED] = "handshakes_resumed",
	[SCORE_HANDSHAKES_FAILED] = "handshakes_failed",
	[SCORE_DATA_FULL] = "data_full",
	[SCORE_DATA_RESUMED] = "data_resumed",
	[SCORE_DATA_REFUSED] = "data_refused",
	[SCORE_RESUMED_CACHE] = "resumed_cache",
	[SCORE_RESUMED_TICKET] = "resumed_ticket",
	[SCORE_FILES_SENT] = "files_sent",
	[SCORE_FILES_RECEIVED] = "files_received",
	[SCORE_BYTES_SENT] = "bytes_sent",
	[SCORE_BYTES_RECEIVED] = "bytes_received",
	[SCORE_REFUSED_SESSIONS] = "refused_sessions",
	[SCORE_REFUSED_ADDRESS] = "refused_address",
	[SCORE_REFUSED_NETWORK] = "refused_network",
	[SCORE_REFUSED_HOST] = "refused_host",
	[SCORE_REFUSED_USER] = "refused_user",
	[SCORE_REFUSED_HANDSHAKES] = "refused_handshakes",
	[SCORE_ACCEPT_PAUSED] = "accept_paused",
	[SCORE_NO_PORT] = "no_port",
	[SCORE_DATA_STRANGERS] = "data_strangers",
	[SCORE_LINES_TOO_LONG] = "lines_too_long",
	[SCORE_LISTINGS_CUT] = "listings_cut",
	[SCORE_EXPANSIONS] = "expansions",
	[SCORE_LOG_LOST] = "log_lost",
	[SCORE_TLS_1_0] = "TLSv1",
	[SCORE_TLS_1_1] = "TLSv1.1",
	[SCORE_TLS_1_2] = "TLSv1.2",
	[SCORE_TLS_1_3] = "TLSv1.3",
	[SCORE_FAILED_NO_TLS] = "no_tls",
	[SCORE_FAILED_VERSION] = "version",
	[SCORE_FAILED_CIPHER] = "cipher",
	[SCORE_FAILED_ALPN] = "alpn",
	[SCORE_FAILED_CLIENT_CERTIFICATE] = "client_certificate",
	[SCORE_FAILED_BY_CLIENT] = "by_client",
	[SCORE_FAILED_CLOSED] = "closed",
	[SCORE_FAILED_GIVEN_UP] = "given_up",
	[SCORE_FAILED_OTHER] = "other",
#define CIPHER(id, name) [SCORE_CIPHER_##id] = (name),
#include "shm/board/cipher.def"
#undef CIPHER
	[SCORE_CIPHER_OTHER] = "others",
};

static struct score *
map_board(int fd, int protection)
{
	struct score *score;
	void *memory;

	score = malloc(sizeof(*score));
	if (score == NULL)
		return (NULL);
	memory = mmap(NULL, sizeof(struct score_page), protection, MAP_SHARED,
	    fd, 0);
	if (memory == MAP_FAILED) {
		free(score);
		return (NULL);
	}
	score->page = memory;
	return (score);
}

struct score *
score_create(int *fd)
{
	struct score *score = NULL;

	*fd = memfd_create("ftpsd-score", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*fd == -1)
		return (NULL);
	/* A worker that could cut the file would end its readers by SIGBUS. */
	if (ftruncate(*fd, sizeof(struct score_page)) == 0 &&
	    fcntl(*fd, F_ADD_SEALS,
		F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		score = map_board(*fd, PROT_READ);
	if (score == NULL)
		fd_close(fd);
	return (score);
}

struct score *
score_attach(int fd)
{
	struct stat status;

	if (fstat(fd, &status) == -1)
		return (NULL);
	if (status.st_size != sizeof(struct score_page)) {
		errno = EINVAL;
		return (NULL);
	}
	return (map_board(fd, PROT_READ | PROT_WRITE));
}

void
score_free(struct score **score)
{
	struct score *ended = *score;

	if (ended == NULL)
		return;
	*score = NULL;
	munmap(ended->page, sizeof(*ended->page));
	free(ended);
}

void
score_add(struct score *score, enum score_counter counter, int64_t delta)
{
	atomic_fetch_add_explicit(&score->page->counters[counter], delta,
	    memory_order_relaxed);
}

uint64_t
score_get(const struct score *score, enum score_counter counter)
{
	int64_t value;

	value = atomic_load_explicit(&score->page->counters[counter],
	    memory_order_relaxed);
	return (value > 0 ? (uint64_t)value : 0);
}

const char *
score_name(enum score_counter counter)
{
	return (names[counter]);
}
