/*
 * agent_rig - an agent to test, with login and workers played by the test.
 *
 * As root the agent becomes a uid that no account has, in a chroot; else it is
 * the user who tests.  Each answer is awaited for at most RIG_PATIENCE.
 */
#ifndef TESTS_UNIT_AGENT_RIG_H
#define TESTS_UNIT_AGENT_RIG_H

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/wait.h>

#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/ipc/channel.h"
#include "tests/unit/scratch.h"
#include "worker/agent/agent.h"

#define RIG_PATIENCE 10000 /* milliseconds */
#define RIG_UID      61234

struct rig {
	struct scratch scratch;
	struct scratch home; /* below it: the agent's root */
	struct channel *control;
	struct msg_agent_load load; /* the last that was told */
	unsigned int told;
	pid_t pid;
};

/* A worker's end of one session. */
struct peer {
	struct channel *channel;
	unsigned int answers;
	enum msg_type type; /* of the last answer */
	struct msg_fs_done done;
	struct msg_fs_opened opened;
	char name[NAME_MAX + 1];
	char small[FS_SMALL_MAX + 1]; /* of FS_CONTENTS, terminated */
	int fd;                       /* that came with it, the test's; or -1 */
};

struct rig_options {
	bool read_only;
	bool relayed; /* no file system counts as local */
};

static inline void
rig_ignore(const struct log_record *record UNUSED, void *context UNUSED)
{
}

static inline int
rig_hear(struct message *message, void *context)
{
	struct rig *rig = context;

	memcpy(&rig->load, message->body, sizeof(rig->load));
	rig->told++;
	return (message->type == MSG_AGENT_LOAD ? 0 : -1);
}

static inline int
peer_hear(struct message *message, void *context)
{
	struct peer *peer = context;

	peer->answers++;
	peer->type = message->type;
	if (message->type == MSG_FS_DONE) {
		memcpy(&peer->done, message->body, sizeof(peer->done));
		return (message->len == 0 ? 0 : -1);
	}
	if (message->type == MSG_FS_CONTENTS) {
		if (message->len > FS_SMALL_MAX)
			return (-1);
		memcpy(peer->small, message->bytes, message->len);
		peer->small[message->len] = '\0';
		return (0);
	}
	memcpy(&peer->opened, message->body, sizeof(peer->opened));
	if (message->len != peer->opened.name_len || message->len > NAME_MAX)
		return (-1);
	memcpy(peer->name, message->bytes, message->len);
	peer->name[message->len] = '\0';
	fd_close(&peer->fd);
	peer->fd = message_take_fd(message);
	return (0);
}

/* Receives one message.  false: the channel has ended, or nothing came. */
static inline bool
rig_receive(struct channel *channel)
{
	struct pollfd ready = { channel_fd(channel), POLLIN, 0 };

	return (poll(&ready, 1, RIG_PATIENCE) == 1 &&
	    channel_receive(channel, 1) == 1);
}

/* Whether the other end has closed the channel, after what it still said. */
static inline bool
rig_ended(struct channel *channel)
{
	struct pollfd ready = { channel_fd(channel), POLLIN, 0 };

	while (poll(&ready, 1, RIG_PATIENCE) == 1)
		if (channel_receive(channel, 1) == -1)
			return (errno != ECANCELED);
	return (false);
}

static inline struct identity
rig_identity(void)
{
	struct identity identity = { geteuid(), getegid(), NULL, 0 };

	if (identity.uid == 0)
		identity.uid = identity.gid = RIG_UID;
	return (identity);
}

/* Starts an agent; the status with which it ends is rig_wait()'s. */
static inline pid_t
rig_fork(const struct agent_start *start, int *control_fd)
{
	struct agent_start copy = *start;
	int pair[2];
	pid_t pid;

	if (fd_pair(pair) == -1)
		abort();
	pid = fork();
	if (pid == 0) {
		copy.control_fd = pair[1];
		agent_run(&copy);
	}
	close(pair[1]);
	*control_fd = pair[0];
	return (pid);
}

static inline void
rig_start(struct rig *rig, const struct rig_options *options)
{
	static const char *const local[] = { "ext4", "tmpfs", "overlay", "xfs",
		"btrfs" };
	struct agent_start start = { 0 };
	struct conf_host host = { 0 };
	int fd;

	memset(rig, 0, sizeof(*rig));
	log_set_sink(rig_ignore, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	scratch_new(&rig->scratch);
	(void)snprintf(rig->home.path, sizeof(rig->home.path), "%s/home",
	    rig->scratch.path);
	start.identity = rig_identity();
	start.root = rig->home.path;
	host.read_only = options->read_only;
	host.file_mode = 0777;
	host.allow_symlinks = host.allow_chmod = host.rename_replaces = true;
	host.list_recursive = host.show_symlinks = true;
	start.subject.host = &host;
	start.local_file_systems = local;
	start.nlocal_file_systems = options->relayed ? 0 : NITEMS(local);
	start.parent = getpid();
	/* The agent may pass through, and only the account may enter. */
	if (chmod(rig->scratch.path, 0711) == -1 ||
	    mkdir(rig->home.path, 0700) == -1 ||
	    (geteuid() == 0 &&
		chown(rig->home.path, start.identity.uid, start.identity.gid) ==
		    -1))
		abort();
	rig->home.fd = open(rig->home.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	rig->pid = rig_fork(&start, &fd);
	rig->control = channel_new(fd, ROLE_LOGIN, ROLE_AGENT, rig_hear, rig);
	if (rig->control == NULL)
		abort();
	channel_running(rig->control);
}

/* The exit status of a process that ends by itself, else -1. */
static inline int
rig_wait(pid_t pid)
{
	int status, i;

	for (i = 0; i < RIG_PATIENCE; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return (WIFEXITED(status) ? WEXITSTATUS(status) : -1);
		(void)poll(NULL, 0, 1);
	}
	(void)kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return (-1);
}

/* Ends the agent by closing its channel; its exit status. */
static inline int
rig_stop(struct rig *rig)
{
	int status;

	channel_free(&rig->control);
	status = rig_wait(rig->pid);
	close(rig->home.fd);
	scratch_free(&rig->scratch);
	log_set_sink(NULL, NULL);
	return (status);
}

/* Gives a file that root made to the account. */
static inline void
rig_give(const struct rig *rig, const char *name)
{
	struct identity identity = rig_identity();

	if (geteuid() == 0 &&
	    fchownat(rig->home.fd, name, identity.uid, identity.gid,
		AT_SYMLINK_NOFOLLOW) == -1)
		abort();
}

static inline void
rig_write(const struct rig *rig, const char *name, const char *text)
{
	scratch_write(&rig->home, name, text);
	rig_give(rig, name);
}

static inline void
peer_attach(struct rig *rig, struct peer *peer)
{
	struct channel_message message = { 0 };
	struct msg_session body = { 1, 1 };
	int pair[2];

	if (fd_pair(pair) == -1)
		abort();
	memset(peer, 0, sizeof(*peer));
	peer->fd = -1;
	peer->channel =
	    channel_new(pair[0], ROLE_WORKER, ROLE_AGENT, peer_hear, peer);
	message.type = MSG_AGENT_ATTACH;
	message.body = &body;
	message.fd = pair[1];
	if (peer->channel == NULL || channel_send(rig->control, &message) == -1)
		abort();
	channel_running(peer->channel);
	close(pair[1]);
}

static inline void
peer_free(struct peer *peer)
{
	fd_close(&peer->fd);
	channel_free(&peer->channel);
}

/* Sends a request that ends in up to three texts. */
static inline void
peer_send(struct peer *peer, enum msg_type type, const void *body,
    const char *const texts[3], int fd)
{
	struct channel_message message = { 0 };
	size_t i;

	message.type = type;
	message.body = body;
	message.fd = fd;
	for (i = 0; i < 3 && texts[i] != NULL; i++) {
		message.pieces[i].data = texts[i];
		message.pieces[i].len = strlen(texts[i]);
	}
	if (channel_send(peer->channel, &message) == -1 && errno != EPIPE)
		abort();
}

/* The error of the next answer, 0 for an opened file; -1: none came. */
static inline int
peer_answer(struct peer *peer)
{
	if (!rig_receive(peer->channel))
		return (-1);
	return (peer->type == MSG_FS_DONE ? peer->done.error : 0);
}

/* FS_STORE of text; size: what the message says of it. */
static inline void
peer_store(struct peer *peer, const char *path, const char *text,
    struct msg_fs_store body)
{
	body.request = 9;
	body.path_len = (uint32_t)strlen(path);
	if (body.size == 0)
		body.size = (uint32_t)strlen(text);
	peer_send(peer, MSG_FS_STORE, &body,
	    (const char *const[3]){ path, text }, -1);
}

/* A request that is a path, perhaps with a mode; of FS_OPEN that is where. */
static inline int
peer_path(struct peer *peer, enum msg_type type, const char *path,
    uint32_t mode)
{
	struct {
		struct msg_fs_path path;
		uint64_t more[2]; /* of FS_OPEN */
	} body = { { 7, (uint32_t)strlen(path), mode, 0 }, { 0, 0 } };

	peer_send(peer, type, &body, (const char *const[3]){ path }, -1);
	return (peer_answer(peer));
}

static inline int
peer_create(struct peer *peer, const char *path, enum fs_create_how how,
    uint64_t offset)
{
	struct msg_fs_create body = { .request = 8,
		.how = how,
		.offset = offset,
		.mode = 0644,
		.path_len = (uint32_t)strlen(path) };

	peer_send(peer, MSG_FS_CREATE, &body, (const char *const[3]){ path },
	    -1);
	return (peer_answer(peer));
}

static inline int
peer_commit(struct peer *peer, uint32_t handle, uint64_t size)
{
	struct msg_fs_commit body = { 9, handle, FS_DURABLE_NONE, 0, size };

	peer_send(peer, MSG_FS_COMMIT, &body, (const char *const[3]){ NULL },
	    -1);
	return (peer_answer(peer));
}

/* Asks for a listing into a new pipe and returns the end to read, or -1. */
static inline int
peer_list(struct peer *peer, const char *path, enum fs_list_format format,
    uint32_t flags)
{
	struct msg_fs_list body = { 0 };
	int ends[2];

	body.request = 10;
	body.format = format;
	body.flags = flags;
	body.facts = FS_FACT_TYPE | FS_FACT_SIZE;
	body.path_len = (uint32_t)strlen(path);
	if (pipe2(ends, O_CLOEXEC) == -1)
		return (-1);
	peer_send(peer, MSG_FS_LIST, &body, (const char *const[3]){ path },
	    ends[1]);
	close(ends[1]);
	return (ends[0]);
}

/* Reads to the end; the text is the caller's. */
static inline char *
rig_read_all(int fd)
{
	size_t len = 0, size = 1 << 16;
	char *text = malloc(size);
	ssize_t n = 1;

	while (text != NULL && n > 0) {
		if (size - len < 4096)
			text = realloc(text, size *= 2);
		n = text == NULL ? -1 : read(fd, text + len, size - len - 1);
		if (n > 0)
			len += (size_t)n;
	}
	if (text == NULL)
		abort();
	text[len] = '\0';
	close(fd);
	return (text);
}

/* Asks for a change; its errno. */
static inline int
peer_change(struct peer *peer, const char *path, const struct fs_change *change,
    const char *group)
{
	struct msg_fs_change body = { 7, (uint32_t)strlen(path),
		(uint32_t)strlen(group), 0, *change };

	peer_send(peer, MSG_FS_CHANGE, &body,
	    (const char *const[3]){ path, group }, -1);
	return (peer_answer(peer));
}

#endif
