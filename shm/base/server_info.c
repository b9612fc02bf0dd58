#include "shm/base/server_info.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <string.h>

#define OLD "SERVERINFO FOR "
#define NEW "SERVERINFOV2 FOR "

/* What OpenSSL itself takes for a block without a context. */
#define OLD_CONTEXT 0x01d0u

#define HEAD_LEN 8 /* context, type and length of a block */

/* A block, in the form of version 2; -1: it is none. */
static int
append(struct buf *all, const char *name, const unsigned char *data, long len)
{
	const unsigned char context[4] = { 0, 0, OLD_CONTEXT >> 8,
		OLD_CONTEXT & 0xff };
	bool old = strncmp(name, OLD, strlen(OLD)) == 0;

	if (!old && strncmp(name, NEW, strlen(NEW)) != 0)
		return (-1);
	if (len <= 0 ||
	    (old && buf_append(all, context, sizeof(context)) == -1))
		return (-1);
	return (buf_append(all, data, (size_t)len));
}

/* All blocks of the text, one after another. */
static int
read_blocks(BIO *bio, struct buf *all)
{
	char *name = NULL, *header = NULL;
	unsigned char *data = NULL;
	long len = 0;
	int ret = 0;

	while (
	    ret == 0 && PEM_read_bio(bio, &name, &header, &data, &len) == 1) {
		ret = append(all, name, data, len);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(data);
	}
	if (ret == 0 &&
	    ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return (-1);
	ERR_clear_error();
	return (ret);
}

int
server_info_read(struct buf *all, const char *text, size_t len)
{
	BIO *bio = NULL;
	int ret;

	if (text != NULL && len > 0 && len <= INT_MAX)
		bio = BIO_new_mem_buf(text, (int)len);
	if (bio == NULL)
		return (-1);
	ERR_clear_error();
	ret = read_blocks(bio, all);
	BIO_free(bio);
	return (ret == 0 && buf_len(all) > 0 ? 0 : -1);
}

static unsigned int
number(const unsigned char *bytes)
{
	return ((unsigned int)bytes[0] << 8 | bytes[1]);
}

bool
server_info_next(const unsigned char **at, size_t *len,
    struct server_info *info)
{
	const unsigned char *bytes = *at;

	if (*len < HEAD_LEN || number(bytes + 6) > *len - HEAD_LEN)
		return (false);
	info->context = number(bytes) << 16 | number(bytes + 2);
	info->type = number(bytes + 4);
	info->len = number(bytes + 6);
	info->data = bytes + HEAD_LEN;
	*at += HEAD_LEN + info->len;
	*len -= HEAD_LEN + info->len;
	return (true);
}

int
server_info_use(SSL_CTX *ctx, const char *text, size_t len)
{
	struct buf all;
	int ret = -1;

	buf_init(&all, SERVER_INFO_MAX);
	if (server_info_read(&all, text, len) == 0 &&
	    SSL_CTX_use_serverinfo_ex(ctx, SSL_SERVERINFOV2, buf_data(&all),
		buf_len(&all)) == 1)
		ret = 0;
	buf_free(&all);
	return (ret);
}
