#include "master/key_changes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "master/staples.h"
#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/board/key_swap.h"

/* A plan while it is made. */
struct draft {
	struct file_bytes *blobs;
	struct key_swap_part *parts;
	size_t nblobs, nparts;
	size_t blobs_size, parts_size;
	size_t last_host; /* that was changed, + 1 */
	size_t hosts;     /* that were */
	bool failed;      /* memory is short */
};

/* Room for one more; false when memory is short. */
static bool
grow(void **items, size_t *size, size_t count, size_t item)
{
	size_t wanted;
	void *grown;

	if (count < *size)
		return (true);
	wanted = *size == 0 ? 16 : 2 * *size;
	grown = reallocarray(*items, wanted, item);
	if (grown == NULL)
		return (false);
	*items = grown;
	*size = wanted;
	return (true);
}

/* Hosts that share a file share its bytes: the same ones are sent once. */
static uint32_t
blob(struct draft *draft, const char *data, size_t len)
{
	void *items = draft->blobs;
	size_t i;

	if (data == NULL)
		return (KEY_SWAP_KEEP);
	for (i = draft->nblobs; i > 0; i--)
		if (draft->blobs[i - 1].data == data)
			return ((uint32_t)(i - 1));
	if (!grow(&items, &draft->blobs_size, draft->nblobs,
		sizeof(*draft->blobs))) {
		draft->failed = true;
		return (KEY_SWAP_KEEP);
	}
	draft->blobs = items;
	draft->blobs[draft->nblobs].data = data;
	draft->blobs[draft->nblobs].len = len;
	return ((uint32_t)draft->nblobs++);
}

static void
add_part(struct draft *draft, const struct key_swap_part *part)
{
	void *items = draft->parts;

	if (!grow(&items, &draft->parts_size, draft->nparts,
		sizeof(*draft->parts))) {
		draft->failed = true;
		return;
	}
	draft->parts = items;
	draft->parts[draft->nparts++] = *part;
	if (draft->last_host == (size_t)part->host + 1)
		return;
	draft->last_host = (size_t)part->host + 1;
	draft->hosts++;
}

static bool
same(const char *a, size_t a_len, const char *b, size_t b_len)
{
	if (a == NULL || b == NULL)
		return (a == b);
	return (a_len == b_len && memcmp(a, b, a_len) == 0);
}

static bool
same_pair(const struct key_pair *a, const struct key_pair *b)
{
	return (same(a->cert, a->cert_len, b->cert, b->cert_len) &&
	    same(a->key, a->key_len, b->key, b->key_len));
}

/* before: what the host has; NULL: that is not known. */
static void
compare_host(struct draft *draft, uint32_t host, const struct host_keys *before,
    const struct host_keys *now)
{
	struct key_swap_part part = { .host = host };
	const struct key_pair *pair;
	uint32_t i;

	for (i = 0; i < now->count; i++) {
		pair = &now->pairs[i];
		if (before != NULL && same_pair(&before->pairs[i], pair))
			continue;
		part.which = KEY_SWAP_PAIR + i;
		part.blob = blob(draft, pair->cert, pair->cert_len);
		part.key_blob = blob(draft, pair->key, pair->key_len);
		add_part(draft, &part);
	}
	part.key_blob = KEY_SWAP_KEEP;
	for (i = 0; i < HOST_FILE_COUNT; i++) {
		if (now->files[i].data == NULL ||
		    (before != NULL &&
			same(before->files[i].data, before->files[i].len,
			    now->files[i].data, now->files[i].len)))
			continue;
		part.which = i;
		part.blob = blob(draft, now->files[i].data, now->files[i].len);
		add_part(draft, &part);
	}
}

/*
 * The memfd, or -1: nothing is to be sent, or it cannot be (logged); *changed:
 * whether there is anything.
 */
static int
write_changes(const struct configuration *configuration,
    const struct certificates *before, bool *changed)
{
	const struct host_keys *now =
	    certificates_keys(configuration->certificates);
	const struct host_keys *old =
	    before == NULL ? NULL : certificates_keys(before);
	struct key_swap_plan plan;
	struct draft draft;
	int fd = -1;
	size_t i;

	memset(&draft, 0, sizeof(draft));
	for (i = 0; i < configuration->conf->nhosts; i++)
		compare_host(&draft, (uint32_t)i, old == NULL ? NULL : &old[i],
		    &now[i]);
	plan.blobs = draft.blobs;
	plan.nblobs = draft.nblobs;
	plan.parts = draft.parts;
	plan.nparts = draft.nparts;
	*changed = draft.nparts > 0 || draft.failed;
	if (*changed && !draft.failed)
		fd = key_swap_write(&plan);
	if (*changed && fd == -1)
		log_error("changed certificates and keys cannot be sent to "
			  "workers: %s",
		    strerror(errno));
	else if (before != NULL && *changed)
		log_notice("changed files are taken over: %zu host%s",
		    draft.hosts, draft.hosts == 1 ? "" : "s");
	free(draft.blobs);
	free(draft.parts);
	return (fd);
}

/* One that cannot be told now is told at the next occasion. */
static void
tell(struct process *worker, const struct generation *generation, int fd)
{
	struct channel_message message;
	struct msg_generation body;

	memset(&body, 0, sizeof(body));
	body.generation = generation->number;
	memset(&message, 0, sizeof(message));
	message.type = MSG_KEYS;
	message.body = &body;
	message.fd = fd;
	if (link_send(worker->channel, &message) == 0)
		worker->keys_version = generation->configuration->keys_version;
}

static bool
is_concerned(const struct process *process, const struct generation *generation)
{
	return (process->role == ROLE_WORKER &&
	    process->state == PROCESS_READY && process->channel != NULL &&
	    process->generation == generation->number);
}

void
key_changes_apply(struct master *master, struct certificates *fresh)
{
	struct generation *generation = master->current;
	struct configuration *configuration = generation->configuration;
	struct certificates *before = configuration->certificates;
	struct process *process;
	bool changed;
	int fd;

	configuration->certificates = fresh;
	fd = write_changes(configuration, before, &changed);
	if (changed)
		configuration->keys_version++;
	if (fd != -1) {
		LIST_FOREACH (process, &master->supervisor->processes, link) {
			if (!is_concerned(process, generation))
				continue;
			if (process->keys_version + 1 ==
			    configuration->keys_version)
				tell(process, generation, fd);
			else
				key_changes_catch_up(process);
		}
	}
	fd_close(&fd);
	certificates_free(&before);
	staples_tell(master);
}

void
key_changes_catch_up(struct process *worker)
{
	const struct generation *generation = worker->master->current;
	bool changed;
	int fd;

	if (!is_concerned(worker, generation) ||
	    worker->keys_version == generation->configuration->keys_version)
		return;
	fd = write_changes(generation->configuration, NULL, &changed);
	if (fd != -1)
		tell(worker, generation, fd);
	fd_close(&fd);
}
