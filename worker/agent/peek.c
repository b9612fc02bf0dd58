#include "worker/agent/peek.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "worker/agent/resolve.h"
#include "worker/agent/session.h"

/* As much of the file as there is, up to len bytes; -1 with errno. */
static ssize_t
read_beginning(const struct jail *jail, const char *path, uint8_t *bytes,
    size_t len)
{
	struct stat st;
	ssize_t n;
	int fd, error;

	fd = open_regular(jail, path, ACCESS_READ, O_RDONLY, &st);
	if (fd == -1)
		return (-1);
	do {
		n = pread(fd, bytes, len, 0);
	} while (n == -1 && errno == EINTR);
	error = errno;
	fd_close(&fd);
	errno = error;
	return (n);
}

int
peek(struct session *session, struct message *message)
{
	const struct msg_fs_path *request = message->body;
	const size_t len = request->path_len;
	uint8_t bytes[FS_PEEK_MAX];
	struct msg_fs_contents body;
	struct message_part part;
	char path[FS_PATH_MAX + 1];
	ssize_t n;

	if (message_split(message, &len, &part, 1) == -1 ||
	    !session_path(path, &part) || request->mode == 0 ||
	    request->mode > FS_PEEK_MAX)
		return (-1);
	n = read_beginning(&session->agent->jail, path, bytes, request->mode);
	if (n == -1)
		return (session_done(session, request->request, errno));
	memset(&body, 0, sizeof(body));
	body.request = request->request;
	body.size = (uint32_t)n;
	return (session_contents(session, &body, bytes));
}
