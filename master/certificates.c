#include "master/certificates.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "master/file_stamp.h"
#include "master/host_files.h"
#include "master/secret_file.h"
#include "shm/base/ensure.h"
#include "shm/base/uri.h"

/* A key pair and the memory that it lies in. */
struct item {
	struct certificate certificate;
	const struct conf_certificate *files;
	struct file_text cert, key;
};

struct certificates {
	struct certificates_wish wish; /* errors, previous: until settled */
	struct item *items;            /* sorted by their files */
	size_t count;
	struct host_files *files;   /* all that is no key pair */
	struct secret_pool secrets; /* the texts with keys */
	struct key_pair *pairs;     /* of all hosts, one after another */
	struct host_keys *hosts;
};

/* NULL sorts before everything. */
static int
compare_names(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return ((a != NULL) - (b != NULL));
	return (strcmp(a, b));
}

static int
compare_files(const struct conf_certificate *a,
    const struct conf_certificate *b)
{
	int order;

	order = compare_names(a->cert, b->cert);
	if (order == 0)
		order = compare_names(a->key, b->key);
	if (order == 0)
		order = compare_names(a->chain, b->chain);
	if (order == 0)
		order = (int)a->pkcs12 - (int)b->pkcs12;
	return (order);
}

static int
compare_numbers(unsigned int a, unsigned int b)
{
	return ((a > b) - (a < b));
}

static int
compare_items(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	int order;

	order = compare_files(x->files, y->files);
	if (order == 0)
		order =
		    compare_numbers(x->certificate.flags, y->certificate.flags);
	return (order);
}

/* The same, and the place that is named first comes first. */
static int
compare_places(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order;

	order = compare_items(a, b);
	if (order == 0)
		order = compare_names(x->files->file, y->files->file);
	if (order == 0)
		order = (x->files->line > y->files->line) -
		    (x->files->line < y->files->line);
	return (order);
}

/* What the host allows of a pair, and says that it is. */
static unsigned int
flags_of(const struct conf_host *host, size_t pair)
{
	static const unsigned int types[] = {
		[CONF_KEY_RSA] = CERTIFICATE_RSA,
		[CONF_KEY_EC] = CERTIFICATE_EC,
		[CONF_KEY_DSA] = CERTIFICATE_DSA,
	};
	unsigned int flags = types[host->tls.certificates[pair].type];

	if ((host->tls.options & CONF_TLS_ALLOW_WEAK_SECURITY) != 0)
		flags |= CERTIFICATE_WEAK;
	return (flags);
}

/* A host without TLS needs no key, whatever it inherits. */
static size_t
pairs_of(const struct conf_host *host)
{
	return (host->tls.engine ? host->tls.ncertificates : 0);
}

static size_t
count_pairs(const struct conf *conf)
{
	size_t i, n = 0;

	for (i = 0; i < conf->nhosts; i++)
		n += pairs_of(&conf->hosts[i]);
	return (n);
}

/* Lists every pair of files that is named, each once. */
static void
collect(struct certificates *certificates, const struct conf *conf)
{
	struct item *items = certificates->items;
	size_t i, j, n = 0, kept = 0;

	for (i = 0; i < conf->nhosts; i++)
		for (j = 0; j < pairs_of(&conf->hosts[i]); j++) {
			items[n].certificate.flags =
			    flags_of(&conf->hosts[i], j);
			items[n++].files = &conf->hosts[i].tls.certificates[j];
		}
	if (n == 0)
		return;
	qsort(items, n, sizeof(items[0]), compare_places);
	for (i = 1; i < n; i++)
		if (compare_items(&items[kept], &items[i]) != 0)
			items[++kept] = items[i];
	certificates->count = kept + 1;
}

static struct item *
find(const struct certificates *certificates,
    const struct conf_certificate *files, unsigned int flags)
{
	struct item wanted;

	memset(&wanted, 0, sizeof(wanted));
	wanted.files = files;
	wanted.certificate.flags = flags;
	return (bsearch(&wanted, certificates->items, certificates->count,
	    sizeof(wanted), compare_items));
}

/* The same pair as it was before, if that was good; NULL: there is none. */
static const struct item *
find_older(const struct certificates_wish *wish, const struct item *item)
{
	const struct item *older;

	if (wish->previous == NULL)
		return (NULL);
	older = find(wish->previous, item->files, item->certificate.flags);
	return (older != NULL && certificate_is_there(&older->certificate)
		? older
		: NULL);
}

/* Where the key's bytes are; NULL: where the master cannot read them. */
static const char *
key_path(const struct conf_certificate *files)
{
	if (files->key == NULL)
		return (files->cert);
	return (uri_is(files->key) ? uri_file(files->key) : files->key);
}

static uint64_t
stamp_of(const struct conf_certificate *files)
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
	struct item *item;
	const struct item *older; /* NULL: none */
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
	struct item *item = reading->item;
	const char *path = key_path(item->files);

	return (path == NULL || read_file(reading, &item->key, path, true));
}

/* Each file of the pair is looked at, so that all mistakes are told. */
static bool
read_files(const struct reading *reading, bool together)
{
	struct item *item = reading->item;
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
set_key(struct item *item, bool apart)
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
copy_older(struct item *item, const struct item *older,
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

/* Older bytes take the place of those that are bad. */
static void
fall_back(const struct reading *reading)
{
	struct item *item = reading->item;

	if (copy_older(item, reading->older, reading->secrets) == -1) {
		certificate_mistake(reading->wish->errors,
		    &item->certificate.place, item->certificate.name,
		    "out of memory");
		return;
	}
	item->certificate.settled = true;
	certificate_still(&item->certificate, &reading->older->certificate);
}

static enum key_form
form_of(const struct conf_certificate *files)
{
	if (files->pkcs12)
		return (KEY_PKCS12);
	return (files->key != NULL && uri_is(files->key) ? KEY_ANY : KEY_PEM);
}

static void
describe(struct item *item)
{
	const struct conf_certificate *files = item->files;

	ensure(files != NULL); /* collect() */
	item->certificate.subject = CERTIFICATE_PAIR;
	item->certificate.name = files->cert;
	item->certificate.key_name =
	    files->key == NULL ? files->cert : files->key;
	item->certificate.form = form_of(files);
	item->certificate.place.file = files->file;
	item->certificate.place.line = files->line;
	item->certificate.place.column = files->column;
	item->certificate.stamp = stamp_of(files);
}

/* What has not changed is not looked at again. */
static bool
is_unchanged(const struct reading *reading)
{
	return (reading->wish->renew && reading->older != NULL &&
	    reading->older->certificate.stamp ==
		reading->item->certificate.stamp);
}

static void
read_item(const struct reading *reading)
{
	struct item *item = reading->item;
	const struct conf_certificate *files = item->files;
	struct key_pair *pair = &item->certificate.pair;
	bool together;

	describe(item);
	if (is_unchanged(reading)) {
		fall_back(reading);
		return;
	}
	together = !files->pkcs12 &&
	    (files->key == NULL || strcmp(files->key, files->cert) == 0);
	if (!read_files(reading, together)) {
		if (reading->older != NULL)
			fall_back(reading);
		return;
	}
	pair->cert = item->cert.data;
	pair->cert_len = item->cert.len;
	set_key(item, !together);
}

/* Gives each host its pairs, in the order of its configuration. */
static void
distribute(struct certificates *certificates, const struct conf *conf)
{
	struct key_pair *next = certificates->pairs;
	const struct item *item;
	size_t i, j;

	for (i = 0; i < conf->nhosts; i++) {
		certificates->hosts[i].pairs = next;
		certificates->hosts[i].count = pairs_of(&conf->hosts[i]);
		for (j = 0; j < certificates->hosts[i].count; j++) {
			item = find(certificates,
			    &conf->hosts[i].tls.certificates[j],
			    flags_of(&conf->hosts[i], j));
			ensure(item != NULL);
			*next++ = item->certificate.pair;
		}
	}
}

void
certificates_distribute(struct certificates *certificates)
{
	distribute(certificates, certificates->wish.conf);
	host_files_distribute(certificates->files, certificates->wish.conf,
	    certificates->hosts);
}

/* 0, or -1: memory is short. */
static int
read_all(struct certificates *certificates)
{
	const struct certificates_wish *wish = &certificates->wish;
	struct reading reading = { NULL, NULL, wish, &certificates->secrets };
	size_t i;

	collect(certificates, wish->conf);
	for (i = 0; i < certificates->count; i++) {
		reading.item = &certificates->items[i];
		ensure(reading.item->files != NULL);
		reading.older = find_older(wish, reading.item);
		read_item(&reading);
	}
	certificates->files = host_files_load(wish,
	    wish->previous == NULL ? NULL : wish->previous->files,
	    &certificates->secrets);
	if (certificates->files == NULL)
		return (-1);
	certificates_distribute(certificates);
	return (0);
}

struct certificates *
certificates_load(const struct certificates_wish *wish)
{
	const struct conf *conf = wish->conf;
	struct certificates *certificates;
	size_t n;

	n = count_pairs(conf);
	certificates = calloc(1, sizeof(*certificates));
	if (certificates == NULL)
		return (NULL);
	certificates->wish = *wish;
	certificates->items = calloc(n + 1, sizeof(*certificates->items));
	certificates->pairs = calloc(n + 1, sizeof(*certificates->pairs));
	certificates->hosts =
	    calloc(conf->nhosts + 1, sizeof(*certificates->hosts));
	if (certificates->items == NULL || certificates->pairs == NULL ||
	    certificates->hosts == NULL || read_all(certificates) == -1)
		certificates_free(&certificates);
	return (certificates);
}

void
certificates_bad(struct certificates *certificates, size_t i, const char *file,
    const char *text)
{
	struct reading reading = { NULL, NULL, &certificates->wish,
		&certificates->secrets };

	if (i >= certificates->count) {
		host_files_bad(certificates->files, i - certificates->count,
		    &certificates->wish, text);
		return;
	}
	reading.item = &certificates->items[i];
	reading.older = find_older(&certificates->wish, reading.item);
	certificate_bad(&reading.item->certificate, certificates->wish.errors,
	    reading.older != NULL, file, text);
	if (reading.older != NULL)
		fall_back(&reading);
	else
		memset(&reading.item->certificate.pair, 0,
		    sizeof(struct key_pair));
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
certificates_put(struct certificates *certificates, size_t i,
    const struct key_opened *opened)
{
	struct item *item = &certificates->items[i];
	struct key_pair *pair = &item->certificate.pair;

	if (replace_text(&item->key, opened->key, opened->key_len,
		&certificates->secrets) == -1)
		return (-1);
	set_key(item, true);
	if (opened->cert == NULL)
		return (0);
	if (replace_text(&item->cert, opened->cert, opened->cert_len,
		&certificates->secrets) == -1)
		return (-1);
	pair->cert = item->cert.data;
	pair->cert_len = item->cert.len;
	return (0);
}

void
certificates_settle(struct certificates *certificates)
{
	certificates_distribute(certificates);
	certificates->wish.errors = NULL;
	certificates->wish.previous = NULL;
}

void
certificates_free(struct certificates **certificates)
{
	struct certificates *gone = *certificates;
	size_t i;

	if (gone == NULL)
		return;
	*certificates = NULL;
	for (i = 0; gone->items != NULL && i < gone->count; i++) {
		file_text_free(&gone->items[i].cert);
		file_text_free(&gone->items[i].key);
		certificate_release(&gone->items[i].certificate);
	}
	host_files_free(&gone->files);
	secret_pool_free(&gone->secrets);
	free(gone->items);
	free(gone->pairs);
	free(gone->hosts);
	free(gone);
}

size_t
certificates_pairs(const struct certificates *certificates)
{
	return (certificates->count);
}

size_t
certificates_count(const struct certificates *certificates)
{
	return (certificates->count + host_files_count(certificates->files));
}

const struct certificate *
certificates_at(const struct certificates *certificates, size_t i)
{
	if (i < certificates->count)
		return (&certificates->items[i].certificate);
	return (host_files_at(certificates->files, i - certificates->count));
}

struct certificate *
certificates_piece(struct certificates *certificates, size_t i)
{
	if (i < certificates->count)
		return (&certificates->items[i].certificate);
	return (host_files_piece(certificates->files, i - certificates->count));
}

const struct certificate *
certificates_host_pair(const struct certificates *certificates,
    const struct conf_host *host, size_t i)
{
	const struct item *item;

	if (i >= pairs_of(host))
		return (NULL);
	item =
	    find(certificates, &host->tls.certificates[i], flags_of(host, i));
	return (item == NULL ? NULL : &item->certificate);
}

uint64_t
certificates_stamp(const struct certificates *certificates, size_t i)
{
	if (i < certificates->count)
		return (stamp_of(certificates->items[i].files));
	return (host_files_stamp(certificates->files, i - certificates->count));
}

const struct host_keys *
certificates_keys(const struct certificates *certificates)
{
	return (certificates->hosts);
}
