#include "master/keys/pair_read.h"

#include <fcntl.h>
#include <string.h>

#include "master/keys/file_stamp.h"
#include "shm/base/uri.h"

/* Where the key's bytes are; NULL: where the master cannot read them. */
static const char *
key_path(const struct conf_certificate *files)
{
	if (files->key == NULL)
		return (files->cert);
	return (uri_is(files->key) ? uri_file(files->key) : files->key);
}

uint64_t
pair_stamp(const struct conf_certificate *files)
{
	uint64_t stamp = file_stamp(FILE_STAMP_BEGIN, files->cert);

	if (files->key != NULL && key_path(files) != NULL)
		stamp = file_stamp(stamp, key_path(files));
	if (files->chain != NULL)
		stamp = file_stamp(stamp, files->chain);
	return (stamp);
}

/* A pair while it is read. */
struct reading {
	struct held_pair *item;
	const struct held_pair *older; /* NULL: none */
	const struct certificates_wish *wish;
	struct secret_pool *secrets;
};

static bool
read_file(const struct reading *reading, struct file_text *text,
    const char *path, bool secret)
{
	struct file_rules rules = { .folder = AT_FDCWD, .max = FILE_TEXT_MAX };
	const char *why;

	if (secret) {
		rules.secrets = reading->secrets;
		rules.what = "a private key";
		rules.service = reading->wish->service;
		rules.lenient =
		    reading->wish->conf->allow_insecure_key_permissions;
	}
	if (file_text_read(text, path, &rules, &why) == 0)
		return (true);
	certificate_bad(&reading->item->certificate, reading->wish->errors,
	    reading->older != NULL, path, why);
	return (false);
}

static bool
read_key(const struct reading *reading)
{
	struct held_pair *item = reading->item;
	const char *path = key_path(item->files);

	return (path == NULL || read_file(reading, &item->key, path, true));
}

/* Each file of the pair is looked at, so that all mistakes are told. */
static bool
read_files(const struct reading *reading, bool together)
{
	struct held_pair *item = reading->item;
	const struct conf_certificate *files = item->files;
	struct file_text chain = { NULL, 0, false };
	bool good;

	/* What a PKCS#12 file holds is not known yet: see key_opening.h. */
	if (files->pkcs12)
		return (read_key(reading));
	good = read_file(reading, &item->cert, files->cert, together);
	if (!together)
		good = read_key(reading) && good;
	if (files->chain != NULL)
		good = read_file(reading, &chain, files->chain, false) && good;
	if (good && files->chain != NULL &&
	    file_text_join(&item->cert, &chain, reading->secrets) == -1) {
		certificate_bad(&item->certificate, reading->wish->errors,
		    reading->older != NULL, files->chain, "out of memory");
		good = false;
	}
	if (!good)
		file_text_free(&chain);
	return (good);
}

/* apart: from the certificate, or in a device. */
static void
set_key(struct held_pair *item, bool apart)
{
	const struct conf_certificate *files = item->files;
	struct key_pair *pair = &item->certificate.pair;

	pair->key = apart ? item->key.data : item->cert.data;
	pair->key_len = apart ? item->key.len : item->cert.len;
	if (key_path(files) == NULL)
		pair->key_uri = files->key;
}

/* 0, or -1: memory is short. */
static int
copy_older(struct held_pair *item, const struct held_pair *older,
    struct secret_pool *secrets)
{
	const struct key_pair *from = &older->certificate.pair;
	struct key_pair *to = &item->certificate.pair;
	bool apart = from->key != NULL && from->key != from->cert;

	file_text_free(&item->cert);
	file_text_free(&item->key);
	memset(to, 0, sizeof(*to));
	if (file_text_copy(&item->cert, from->cert, from->cert_len,
		older->cert.secret ? secrets : NULL) == -1 ||
	    (apart &&
		file_text_copy(&item->key, from->key, from->key_len, secrets) ==
		    -1))
		return (-1);
	to->cert = item->cert.data;
	to->cert_len = item->cert.len;
	set_key(item, apart || from->key == NULL);
	return (0);
}

void
pair_fall_back(struct held_pair *item, const struct held_pair *older,
    const struct certificates_wish *wish, struct secret_pool *secrets)
{
	if (copy_older(item, older, secrets) == -1) {
		certificate_mistake(wish->errors, &item->certificate.place,
		    item->certificate.name, "out of memory");
		return;
	}
	item->certificate.settled = true;
	certificate_still(&item->certificate, &older->certificate);
}

static enum key_form
form_of(const struct conf_certificate *files)
{
	if (files->pkcs12)
		return (KEY_PKCS12);
	return (files->key != NULL && uri_is(files->key) ? KEY_ANY : KEY_PEM);
}

static void
describe(struct held_pair *item)
{
	const struct conf_certificate *files = item->files;

	item->certificate.subject = CERTIFICATE_PAIR;
	item->certificate.name = files->cert;
	item->certificate.key_name =
	    files->key == NULL ? files->cert : files->key;
	item->certificate.form = form_of(files);
	item->certificate.place.file = files->file;
	item->certificate.place.line = files->line;
	item->certificate.place.column = files->column;
	item->certificate.stamp = pair_stamp(files);
}

/* What has not changed is not looked at again. */
static bool
is_unchanged(const struct reading *reading)
{
	return (reading->wish->renew && reading->older != NULL &&
	    reading->older->certificate.stamp ==
		reading->item->certificate.stamp);
}

void
pair_read(struct held_pair *item, const struct held_pair *older,
    const struct certificates_wish *wish, struct secret_pool *secrets)
{
	const struct reading reading = { item, older, wish, secrets };
	const struct conf_certificate *files = item->files;
	struct key_pair *pair = &item->certificate.pair;
	bool together;

	describe(item);
	if (is_unchanged(&reading)) {
		pair_fall_back(item, older, wish, secrets);
		return;
	}
	together = !files->pkcs12 &&
	    (files->key == NULL || strcmp(files->key, files->cert) == 0);
	if (!read_files(&reading, together)) {
		if (older != NULL)
			pair_fall_back(item, older, wish, secrets);
		return;
	}
	pair->cert = item->cert.data;
	pair->cert_len = item->cert.len;
	set_key(item, !together);
}

static int
replace_text(struct file_text *text, const char *data, size_t len,
    struct secret_pool *secrets)
{
	struct file_text copy;

	if (file_text_copy(&copy, data, len, secrets) == -1)
		return (-1);
	file_text_free(text);
	*text = copy;
	return (0);
}

int
pair_put(struct held_pair *item, const struct key_opened *opened,
    struct secret_pool *secrets)
{
	struct key_pair *pair = &item->certificate.pair;

	if (replace_text(&item->key, opened->key, opened->key_len, secrets) ==
	    -1)
		return (-1);
	set_key(item, true);
	if (opened->cert == NULL)
		return (0);
	if (replace_text(&item->cert, opened->cert, opened->cert_len,
		secrets) == -1)
		return (-1);
	pair->cert = item->cert.data;
	pair->cert_len = item->cert.len;
	return (0);
}

void
pair_free(struct held_pair *item)
{
	file_text_free(&item->cert);
	file_text_free(&item->key);
	certificate_release(&item->certificate);
}
