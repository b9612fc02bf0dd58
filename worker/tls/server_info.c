/*
 * Extensions from tls.server_info_file.
 *
 * OpenSSL counts a connection's own extensions when the ClientHello comes in,
 * before its callback has changed the context, and goes by the new context's
 * afterwards: were there more of them, it would read beyond its list.  So the
 * bare context and all those of hosts that have any know the same extensions
 * in the same order, and what a host does not have is not answered.
 */
#include "worker/tls/server_info.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "shm/base/server_info.h"
#include "worker/tls/keys.h"
#include "worker/tls/state.h"

#define CONTEXTS_OF_NONE (SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_2_SERVER_HELLO)

/* What a context answers with; lives as long as that. */
struct answers {
	struct buf bytes;
	size_t count;
	struct server_info *items; /* into bytes */
};

/* --- a context's answers -------------------------------------------------- */

static void
free_answers(struct answers *answers)
{
	if (answers == NULL)
		return;
	buf_free(&answers->bytes);
	free(answers->items);
	free(answers);
}

/* OpenSSL's signature; with the context goes what it answers with. */
static void
/* NOLINTNEXTLINE(readability-function-size) */
drop_answers(void *parent, void *data, CRYPTO_EX_DATA *all, int index,
    long argl, void *argp)
{
	(void)parent;
	(void)all;
	(void)index;
	(void)argl;
	(void)argp;
	free_answers(data);
}

static int
slot(void)
{
	static int index = -1;

	if (index == -1)
		index =
		    SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, drop_answers);
	return (index);
}

static bool
count_items(struct answers *answers)
{
	const unsigned char *at = buf_data(&answers->bytes);
	size_t len = buf_len(&answers->bytes);
	struct server_info *items, info;

	while (server_info_next(&at, &len, &info)) {
		items = realloc(answers->items,
		    (answers->count + 1) * sizeof(*items));
		if (items == NULL)
			return (false);
		answers->items = items;
		items[answers->count++] = info;
	}
	return (len == 0);
}

static struct answers *
read_answers(const struct file_bytes *file)
{
	struct answers *answers = calloc(1, sizeof(*answers));

	if (answers == NULL)
		return (NULL);
	buf_init(&answers->bytes, SERVER_INFO_MAX);
	if (server_info_read(&answers->bytes, file->data, file->len) == 0 &&
	    count_items(answers))
		return (answers);
	free_answers(answers);
	return (NULL);
}

static const struct server_info *
find(const struct answers *answers, unsigned int type)
{
	size_t i;

	for (i = 0; answers != NULL && i < answers->count; i++)
		if (answers->items[i].type == type)
			return (&answers->items[i]);
	return (NULL);
}

/* --- answering ------------------------------------------------------------ */

/* 1: there is something to add, 0: not.  The signature is OpenSSL's. */
/* NOLINTBEGIN(readability-function-size, readability-non-const-parameter) */
static int
answer(SSL *ssl, unsigned int type, unsigned int context,
    const unsigned char **out, size_t *out_len, X509 *cert, size_t chain_index,
    int *alert, void *arg)
/* NOLINTEND(readability-function-size, readability-non-const-parameter) */
{
	const SSL_CTX *ctx = SSL_get_SSL_CTX(ssl);
	const struct server_info *info;

	(void)cert;
	(void)alert;
	(void)arg;
	/* Of the chain, they go with the certificate itself. */
	if ((context & SSL_EXT_TLS1_3_CERTIFICATE) != 0 && chain_index > 0)
		return (0);
	info = find(SSL_CTX_get_ex_data(ctx, slot()), type);
	if (info == NULL)
		return (0);
	*out = info->data;
	*out_len = info->len;
	return (1);
}

static int
add_type(SSL_CTX *ctx, unsigned int type, unsigned int contexts)
{
	return (SSL_CTX_add_custom_ext(ctx, type, contexts, answer, NULL, NULL,
		    NULL, NULL) == 1
		? 0
		: -1);
}

static bool
is_known(const struct tls *tls, unsigned int type)
{
	size_t i;

	for (i = 0; i < tls->nextensions; i++)
		if (tls->extensions[i] == type)
			return (true);
	return (false);
}

/* Makes the type known to connections that begin from now on. */
static int
announce(struct tls *tls, unsigned int type)
{
	if (is_known(tls, type))
		return (0);
	if (tls->nextensions == EXTENSIONS_MAX ||
	    add_type(tls->base, type, CONTEXTS_OF_NONE) == -1)
		return (-1);
	tls->extensions[tls->nextensions++] = (uint16_t)type;
	return (0);
}

/* --- for contexts.c ------------------------------------------------------- */

void
server_info_announce(struct tls *tls)
{
	const struct file_bytes *file;
	struct answers *answers;
	size_t i, j;

	for (i = 0; i < tls->conf->nhosts; i++) {
		file =
		    &tls_keys(tls, (uint32_t)i)->files[HOST_FILE_SERVER_INFO];
		if (file->data == NULL)
			continue;
		answers = read_answers(file);
		for (j = 0; answers != NULL && j < answers->count; j++)
			if (announce(tls, answers->items[j].type) == -1)
				log_warn("server_info_file: extension %u "
					 "cannot be sent",
				    answers->items[j].type);
		free_answers(answers);
	}
	ERR_clear_error();
}

size_t
server_info_count(const struct tls *tls, uint32_t host)
{
	const struct host_keys *keys = tls_keys(tls, host);

	return (keys->files[HOST_FILE_SERVER_INFO].data == NULL
		? 0
		: tls->nextensions);
}

int
server_info_load(SSL_CTX *ctx, const struct tls *tls,
    const struct file_bytes *file)
{
	const struct server_info *info;
	struct answers *answers;
	size_t i;

	if (file->data == NULL)
		return (0);
	answers = read_answers(file);
	if (answers == NULL)
		return (-1);
	if (SSL_CTX_set_ex_data(ctx, slot(), answers) != 1) {
		free_answers(answers);
		return (-1);
	}
	for (i = 0; i < tls->nextensions; i++) {
		info = find(answers, tls->extensions[i]);
		if (add_type(ctx, tls->extensions[i],
			info == NULL ? CONTEXTS_OF_NONE : info->context) == -1)
			return (-1);
	}
	return (0);
}
