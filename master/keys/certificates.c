#include "master/keys/certificates.h"

#include <stdlib.h>
#include <string.h>

#include "master/keys/host_files.h"
#include "master/keys/pair_read.h"
#include "shm/base/ensure.h"

struct certificates {
	struct certificates_wish wish; /* errors, previous: until settled */
	struct held_pair *items;       /* sorted by their files */
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
	const struct held_pair *x = a, *y = b;

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
	const struct held_pair *x = a, *y = b;
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
	struct held_pair *items = certificates->items;
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

static struct held_pair *
find(const struct certificates *certificates,
    const struct conf_certificate *files, unsigned int flags)
{
	struct held_pair wanted;

	memset(&wanted, 0, sizeof(wanted));
	wanted.files = files;
	wanted.certificate.flags = flags;
	return (bsearch(&wanted, certificates->items, certificates->count,
	    sizeof(wanted), compare_items));
}

/* The same pair as it was before, if that was good; NULL: there is none. */
static const struct held_pair *
find_older(const struct certificates_wish *wish, const struct held_pair *item)
{
	const struct held_pair *older;

	if (wish->previous == NULL)
		return (NULL);
	older = find(wish->previous, item->files, item->certificate.flags);
	return (older != NULL && certificate_is_there(&older->certificate)
		? older
		: NULL);
}

/* Gives each host its pairs, in the order of its configuration. */
static void
distribute(struct certificates *certificates, const struct conf *conf)
{
	struct key_pair *next = certificates->pairs;
	const struct held_pair *item;
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
	size_t i;

	collect(certificates, wish->conf);
	for (i = 0; i < certificates->count; i++)
		pair_read(&certificates->items[i],
		    find_older(wish, &certificates->items[i]), wish,
		    &certificates->secrets);
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
	const struct certificates_wish *wish = &certificates->wish;
	const struct held_pair *older;
	struct held_pair *item;

	if (i >= certificates->count) {
		host_files_bad(certificates->files, i - certificates->count,
		    wish, text);
		return;
	}
	item = &certificates->items[i];
	older = find_older(wish, item);
	certificate_bad(&item->certificate, wish->errors, older != NULL, file,
	    text);
	if (older != NULL)
		pair_fall_back(item, older, wish, &certificates->secrets);
	else
		memset(&item->certificate.pair, 0, sizeof(struct key_pair));
}

int
certificates_put(struct certificates *certificates, size_t i,
    const struct key_opened *opened)
{
	return (
	    pair_put(&certificates->items[i], opened, &certificates->secrets));
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
	for (i = 0; gone->items != NULL && i < gone->count; i++)
		pair_free(&gone->items[i]);
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
	const struct held_pair *item;

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
		return (pair_stamp(certificates->items[i].files));
	return (host_files_stamp(certificates->files, i - certificates->count));
}

const struct host_keys *
certificates_keys(const struct certificates *certificates)
{
	return (certificates->hosts);
}
