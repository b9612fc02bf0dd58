#include "master/helper/device_child.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/storeerr.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master/helper/certificate_child.h"
#include "shm/base/fd.h"
#include "shm/base/key_store.h"
#include "shm/base/log.h"
#include "shm/base/process.h"
#include "shm/base/provider.h"
#include "shm/ipc/role.h"

/* Text that is being taken apart; what the master wrote is well formed. */
struct reader {
	const char *at;
	size_t left;
};

struct key {
	char *uri;
	const char *cert;
	size_t cert_len;
	EVP_PKEY *key; /* NULL: it cannot be opened */
	struct device_verdict verdict;
};

static bool
take(struct reader *reader, void *out, size_t len)
{
	if (reader->left < len)
		return (false);
	memcpy(out, reader->at, len);
	reader->at += len;
	reader->left -= len;
	return (true);
}

static char *
take_text(struct reader *reader, size_t len)
{
	char *text = NULL;

	if (len <= reader->left)
		text = calloc(1, len + 1);
	if (text != NULL && !take(reader, text, len)) {
		free(text);
		text = NULL;
	}
	return (text);
}

static bool
take_key(struct reader *reader, struct key *key)
{
	struct device_key head;

	if (!take(reader, &head, sizeof(head)))
		return (false);
	key->uri = take_text(reader, head.uri_len);
	if (key->uri == NULL || reader->left < head.cert_len)
		return (false);
	key->cert = reader->at;
	key->cert_len = head.cert_len;
	reader->at += head.cert_len;
	reader->left -= head.cert_len;
	return (true);
}

/* What OpenSSL tried last, in its words where ours are not better. */
static const char *
reason(void)
{
	unsigned long error = ERR_peek_last_error();
	const char *text = ERR_reason_error_string(error);

	if (ERR_GET_LIB(error) == ERR_LIB_OSSL_STORE &&
	    (ERR_GET_REASON(error) == ERR_R_UNSUPPORTED ||
		ERR_GET_REASON(error) == OSSL_STORE_R_UNREGISTERED_SCHEME))
		return ("no provider that is loaded knows its scheme (see "
			"tls.crypto_device)");
	return (text != NULL ? text : "there is none");
}

static void
bad(struct device_verdict *verdict, const char *what, const char *why)
{
	(void)snprintf(verdict->text, sizeof(verdict->text), "%s%s%s", what,
	    why == NULL ? "" : ": ", why == NULL ? "" : why);
}

static int
tell(const struct device_verdict *verdict)
{
	return (fd_send_whole(FD_MASTER, verdict, sizeof(*verdict)));
}

/* While everything can still be opened. */
static void
open_key(struct key *key)
{
	struct key_source source;

	memset(&source, 0, sizeof(source));
	source.uri = key->uri;
	ERR_clear_error();
	key->key = key_store_read(&source);
	if (key->key == NULL)
		bad(&key->verdict,
		    "the private key cannot be opened by its "
		    "URI",
		    reason());
}

static void
check_key(struct key *key)
{
	X509 *cert = NULL;
	BIO *bio = NULL;

	if (key->key == NULL)
		return;
	ERR_clear_error();
	if (key->cert_len <= INT_MAX)
		bio = BIO_new_mem_buf(key->cert, (int)key->cert_len);
	if (bio != NULL)
		cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	if (cert == NULL)
		bad(&key->verdict, "the certificate cannot be read", reason());
	else if (X509_check_private_key(cert, key->key) != 1)
		bad(&key->verdict,
		    "the private key does not match the certificate", NULL);
	else
		key->verdict.good = 1;
	X509_free(cert);
	BIO_free(bio);
}

/* As a worker does it: see worker/tls/device.c. */
static void
check_device(const char *device, bool fips, struct device_verdict *verdict)
{
	SSL_CTX *context;

	if (provider_load(device, fips, verdict->text, sizeof(verdict->text)) ==
	    -1)
		return;
	ERR_clear_error();
	context = SSL_CTX_new_ex(NULL, provider_query(), TLS_server_method());
	if (context == NULL)
		bad(verdict, "no TLS can be done with it", reason());
	else
		verdict->good = 1;
	SSL_CTX_free(context);
}

static int
work(struct reader *reader, const char *uid, const char *gid)
{
	struct device_verdict verdict;
	struct device_job job;
	struct key *keys;
	char *device;
	size_t i;

	if (!take(reader, &job, sizeof(job)))
		return (-1);
	device = take_text(reader, job.device_len);
	keys = calloc((size_t)job.keys + 1, sizeof(*keys));
	if (device == NULL || keys == NULL)
		return (-1);
	for (i = 0; i < job.keys; i++)
		if (!take_key(reader, &keys[i]))
			return (-1);
	memset(&verdict, 0, sizeof(verdict));
	check_device(device, job.fips != 0, &verdict);
	if (tell(&verdict) != 1 || verdict.good == 0)
		return (-1);
	for (i = 0; i < job.keys; i++)
		open_key(&keys[i]);
	if (certificate_child_confine(uid, gid) == -1)
		return (-1);
	for (i = 0; i < job.keys; i++) {
		check_key(&keys[i]);
		if (tell(&keys[i].verdict) != 1)
			return (-1);
	}
	return (0);
}

void
device_child_run(const char *uid, const char *gid)
{
	struct reader reader;
	char *text;

	process_title("ftpsd: devices");
	log_set_name("devices");
	text = fd_read_sealed(DEVICE_JOB_FD, DEVICE_BYTES_MAX, &reader.left);
	if (text == NULL)
		_exit(1);
	reader.at = text;
	/* No exit handlers: devices have strange ones, and there is no need. */
	_exit(work(&reader, uid, gid) == 0 ? 0 : 1);
}
