#include "master/certificates.h"

#include <stdlib.h>
#include <string.h>

#include "master/secret_file.h"
#include "shm/base/ensure.h"

/* A key pair and the memory that it lies in. */
struct item {
	struct certificate certificate;
	const struct conf_certificate *files;
	struct file_text cert, key;
};

struct certificates {
	struct item *items; /* sorted by their files */
	size_t count;
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
	return (order);
}

static int
compare_items(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return (compare_files(x->files, y->files));
}

/* The same, and the place that is named first comes first. */
static int
compare_places(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order;

	order = compare_files(x->files, y->files);
	if (order == 0)
		order = compare_names(x->files->file, y->files->file);
	if (order == 0)
		order = (x->files->line > y->files->line) -
		    (x->files->line < y->files->line);
	return (order);
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
		for (j = 0; j < pairs_of(&conf->hosts[i]); j++)
			items[n++].files = &conf->hosts[i].tls.certificates[j];
	if (n == 0)
		return;
	qsort(items, n, sizeof(items[0]), compare_places);
	for (i = 1; i < n; i++)
		if (compare_items(&items[kept], &items[i]) != 0)
			items[++kept] = items[i];
	certificates->count = kept + 1;
}

void
certificates_mistake(struct conf_errors *errors,
    const struct conf_certificate *files, const char *file, const char *text)
{
	if (files->file == NULL)
		conf_errors_add(errors, file, 0, 0, "%s", text);
	else
		conf_errors_add(errors, files->file, files->line, files->column,
		    "%s: %s", file, text);
}

static bool
read_file(struct item *item, struct file_text *text, const char *path,
    struct secret_pool *secrets, struct conf_errors *errors)
{
	const char *why;

	if (file_text_read(text, path, secrets, &why) == 0)
		return (true);
	certificates_mistake(errors, item->files, path, why);
	return (false);
}

/* Each file of the pair is looked at, so that all mistakes are told. */
static void
read_item(struct item *item, struct secret_pool *secrets,
    struct conf_errors *errors)
{
	const struct conf_certificate *files = item->files;
	struct file_text chain = { NULL, 0, false };
	bool together, good;

	together = files->key == NULL || strcmp(files->key, files->cert) == 0;
	item->certificate.cert_file = files->cert;
	item->certificate.key_file = together ? files->cert : files->key;
	item->certificate.files = files;
	good = read_file(item, &item->cert, files->cert,
	    together ? secrets : NULL, errors);
	if (!together)
		good =
		    read_file(item, &item->key, files->key, secrets, errors) &&
		    good;
	if (files->chain != NULL)
		good =
		    read_file(item, &chain, files->chain, NULL, errors) && good;
	if (good && files->chain != NULL &&
	    file_text_join(&item->cert, &chain, secrets) == -1) {
		certificates_mistake(errors, files, files->chain,
		    "out of memory");
		good = false;
	}
	if (!good) {
		file_text_free(&chain);
		return;
	}
	item->certificate.pair.cert = item->cert.data;
	item->certificate.pair.cert_len = item->cert.len;
	item->certificate.pair.key =
	    together ? item->cert.data : item->key.data;
	item->certificate.pair.key_len =
	    together ? item->cert.len : item->key.len;
}

static const struct item *
find(const struct certificates *certificates,
    const struct conf_certificate *files)
{
	struct item wanted;

	memset(&wanted, 0, sizeof(wanted));
	wanted.files = files;
	return (bsearch(&wanted, certificates->items, certificates->count,
	    sizeof(wanted), compare_items));
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
			    &conf->hosts[i].tls.certificates[j]);
			ensure(item != NULL);
			*next++ = item->certificate.pair;
		}
	}
}

struct certificates *
certificates_load(const struct conf *conf, struct conf_errors *errors)
{
	struct certificates *certificates;
	size_t i, n;

	n = count_pairs(conf);
	certificates = calloc(1, sizeof(*certificates));
	if (certificates == NULL)
		return (NULL);
	certificates->items = calloc(n + 1, sizeof(*certificates->items));
	certificates->pairs = calloc(n + 1, sizeof(*certificates->pairs));
	certificates->hosts =
	    calloc(conf->nhosts + 1, sizeof(*certificates->hosts));
	if (certificates->items == NULL || certificates->pairs == NULL ||
	    certificates->hosts == NULL) {
		certificates_free(&certificates);
		return (NULL);
	}
	collect(certificates, conf);
	for (i = 0; i < certificates->count; i++)
		read_item(&certificates->items[i], &certificates->secrets,
		    errors);
	distribute(certificates, conf);
	return (certificates);
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
	}
	secret_pool_free(&gone->secrets);
	free(gone->items);
	free(gone->pairs);
	free(gone->hosts);
	free(gone);
}

size_t
certificates_count(const struct certificates *certificates)
{
	return (certificates->count);
}

const struct certificate *
certificates_at(const struct certificates *certificates, size_t i)
{
	return (&certificates->items[i].certificate);
}

const struct host_keys *
certificates_keys(const struct certificates *certificates)
{
	return (certificates->hosts);
}
