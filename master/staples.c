#include "master/staples.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "master/directories.h"
#include "master/keys/pem_pick.h"
#include "master/master.h"
#include "master/supervise.h"
#include "shm/base/buf.h"
#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/board/key_swap.h"

/* What is sent while it is gathered; all texts lie one after another. */
struct draft {
	struct buf texts;
	struct file_bytes *blobs; /* data is NULL until all is gathered */
	size_t *offsets;          /* of the blobs in texts */
	const char **sources;     /* of the blobs */
	struct key_swap_part *parts;
	size_t nblobs, nparts;
};

static void
draft_free(struct draft *draft)
{
	buf_free(&draft->texts);
	free(draft->blobs);
	free(draft->offsets);
	free(draft->sources);
	free(draft->parts);
}

/* Room for all there can be: a part for each pair, and one for each host. */
static int
draft_init(struct draft *draft, const struct conf *conf,
    const struct host_keys *keys)
{
	size_t i, most = 1;

	memset(draft, 0, sizeof(*draft));
	buf_init(&draft->texts, KEY_SWAP_MAX / 2);
	for (i = 0; i < conf->nhosts; i++)
		if (conf_staples_at(conf, i))
			most += keys[i].count + 1;
	draft->blobs = calloc(most, sizeof(*draft->blobs));
	draft->offsets = calloc(most, sizeof(*draft->offsets));
	draft->sources = calloc(most, sizeof(*draft->sources));
	draft->parts = calloc(most, sizeof(*draft->parts));
	if (draft->blobs != NULL && draft->offsets != NULL &&
	    draft->sources != NULL && draft->parts != NULL)
		return (0);
	draft_free(draft);
	return (-1);
}

/*
 * The certificates of a text as a blob: hosts that share a file share its
 * bytes.  KEY_SWAP_KEEP: there are none.
 */
static uint32_t
blob(struct draft *draft, const char *text, size_t len)
{
	size_t i, before = buf_len(&draft->texts);
	const char *why;

	if (text == NULL)
		return (KEY_SWAP_KEEP);
	for (i = draft->nblobs; i > 0; i--)
		if (draft->sources[i - 1] == text)
			return ((uint32_t)(i - 1));
	if (pem_pick(&draft->texts, HOST_FILE_CA, text, len, "", &why) <= 0)
		return (KEY_SWAP_KEEP);
	draft->sources[draft->nblobs] = text;
	draft->offsets[draft->nblobs] = before;
	draft->blobs[draft->nblobs].len = buf_len(&draft->texts) - before;
	return ((uint32_t)draft->nblobs++);
}

static void
add_part(struct draft *draft, size_t host, uint32_t which, uint32_t number)
{
	struct key_swap_part *part = &draft->parts[draft->nparts];

	if (number == KEY_SWAP_KEEP)
		return;
	part->host = (uint32_t)host;
	part->which = which;
	part->blob = number;
	part->key_blob = KEY_SWAP_KEEP;
	draft->nparts++;
}

/* Authorities first: the issuer may be among them. */
static void
add_host(struct draft *draft, size_t host, const struct host_keys *keys)
{
	const struct file_bytes *authorities = &keys->files[HOST_FILE_CA];
	uint32_t i;

	add_part(draft, host, HOST_FILE_CA,
	    blob(draft, authorities->data, authorities->len));
	for (i = 0; i < keys->count; i++)
		add_part(draft, host, KEY_SWAP_PAIR + i,
		    blob(draft, keys->pairs[i].cert, keys->pairs[i].cert_len));
}

/* The memfd, or -1 with errno. */
static int
gather(const struct conf *conf, const struct host_keys *keys)
{
	struct key_swap_plan plan;
	struct draft draft;
	size_t i;
	int fd;

	if (draft_init(&draft, conf, keys) == -1)
		return (-1);
	for (i = 0; i < conf->nhosts; i++)
		if (conf_staples_at(conf, i))
			add_host(&draft, i, &keys[i]);
	for (i = 0; i < draft.nblobs; i++)
		draft.blobs[i].data =
		    (const char *)buf_data(&draft.texts) + draft.offsets[i];
	plan.blobs = draft.blobs;
	plan.nblobs = draft.nblobs;
	plan.parts = draft.parts;
	plan.nparts = draft.nparts;
	fd = key_swap_write(&plan);
	draft_free(&draft);
	return (fd);
}

static void
send_list(struct process *ocsp, uint32_t generation, int fd)
{
	const struct msg_generation body = { .generation = generation };
	struct channel_message message;

	memset(&message, 0, sizeof(message));
	message.type = MSG_STAPLES;
	message.body = &body;
	message.fd = fd;
	/* One that ends has a successor, which is told. */
	if (link_send(ocsp->channel, &message) == -1)
		log_warn("the ocsp process does not hear of certificates: %s",
		    strerror(errno));
}

void
staples_tell(struct master *master)
{
	struct process *ocsp = supervise_ready(master->supervisor, ROLE_OCSP);
	const struct generation *current = master->current;
	const struct configuration *configuration = current->configuration;
	int fd;

	if (ocsp == NULL || !conf_staples(configuration->conf))
		return;
	directories_make_staples(configuration->conf, &configuration->users);
	fd = gather(configuration->conf,
	    certificates_keys(configuration->certificates));
	if (fd == -1) {
		log_error("certificates cannot be sent to the ocsp process: %s",
		    strerror(errno));
		return;
	}
	send_list(ocsp, current->number, fd);
	fd_close(&fd);
}
