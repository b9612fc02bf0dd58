#include "shm/base/server_info.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <string.h>

#include "shm/base/buf.h"

#define OLD "SERVERINFO FOR "
#define NEW "SERVERINFOV2 FOR "

/* What OpenSSL itself takes for a block without a context. */
#define OLD_CONTEXT 0x01d0u

#define BYTES_MAX ((size_t)1024 * 1024)

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
server_info_use(SSL_CTX *ctx, const char *text, size_t len)
{
	struct buf all;
	BIO *bio = NULL;
	int ret = -1;

	if (text != NULL && len > 0 && len <= INT_MAX)
		bio = BIO_new_mem_buf(text, (int)len);
	if (bio == NULL)
		return (-1);
	buf_init(&all, BYTES_MAX);
	ERR_clear_error();
	if (read_blocks(bio, &all) == 0 && buf_len(&all) > 0 &&
	    SSL_CTX_use_serverinfo_ex(ctx, SSL_SERVERINFOV2, buf_data(&all),
		buf_len(&all)) == 1)
		ret = 0;
	buf_free(&all);
	BIO_free(bio);
	return (ret);
}
