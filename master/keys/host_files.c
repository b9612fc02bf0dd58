#include "master/keys/host_files.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "master/keys/host_files_read.h"
#include "shm/base/ensure.h"

struct host_files {
	struct host_set *sets; /* sorted by their sources */
	size_t count;
	const struct host_files *previous; /* while it is loaded and checked */
	struct secret_pool *secrets;
};

/* What the host names of that kind; false: nothing. */
static bool
source_of(const struct conf_tls *tls, enum host_file kind,
    struct host_source *source)
{
	memset(source, 0, sizeof(*source));
	source->kind = kind;
	switch (kind) {
	case HOST_FILE_CA:
		source->file = tls->ca_certificate_file;
		source->folder = tls->ca_certificate_path;
		break;
	case HOST_FILE_CRL:
		source->file = tls->ca_revocation_file;
		source->folder = tls->ca_revocation_path;
		break;
	case HOST_FILE_DH:
		source->list = &tls->dh_param_files;
		if ((tls->options & CONF_TLS_ALLOW_WEAK_DH) != 0)
			source->flags = CERTIFICATE_WEAK_DH;
		break;
	case HOST_FILE_SERVER_INFO:
		source->file = tls->server_info_file;
		break;
	case HOST_FILE_PSK:
		source->list = &tls->pre_shared_keys;
		break;
	case HOST_FILE_COUNT:
		break;
	}
	if (source->list != NULL && source->list->count == 0)
		source->list = NULL;
	return (tls->engine &&
	    (source->file != NULL || source->folder != NULL ||
		source->list != NULL));
}

/* NULL sorts before everything. */
static int
compare_names(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return ((a != NULL) - (b != NULL));
	return (strcmp(a, b));
}

static int
compare_lists(const struct conf_strings *a, const struct conf_strings *b)
{
	int order = 0;
	size_t i;

	if (a == NULL || b == NULL)
		return ((a != NULL) - (b != NULL));
	if (a->count != b->count)
		return (a->count < b->count ? -1 : 1);
	for (i = 0; i < a->count && order == 0; i++)
		order = strcmp(a->items[i], b->items[i]);
	return (order);
}

static int
compare_sets(const void *a, const void *b)
{
	const struct host_set *first = a, *second = b;
	const struct host_source *x = &first->source, *y = &second->source;
	int order;

	if (x->kind != y->kind)
		return (x->kind < y->kind ? -1 : 1);
	if (x->flags != y->flags)
		return (x->flags < y->flags ? -1 : 1);
	order = compare_names(x->file, y->file);
	if (order == 0)
		order = compare_names(x->folder, y->folder);
	if (order == 0)
		order = compare_lists(x->list, y->list);
	return (order);
}

/* Every set of files that is named, once. */
static void
collect(struct host_files *files, const struct conf *conf)
{
	struct host_set *sets = files->sets;
	size_t i, n = 0, kept = 0;
	unsigned int kind;

	for (i = 0; i < conf->nhosts; i++)
		for (kind = 0; kind < HOST_FILE_COUNT; kind++)
			if (source_of(&conf->hosts[i].tls, (enum host_file)kind,
				&sets[n].source))
				n++;
	if (n == 0)
		return;
	qsort(sets, n, sizeof(*sets), compare_sets);
	for (i = 1; i < n; i++)
		if (compare_sets(&sets[kept], &sets[i]) != 0)
			sets[++kept] = sets[i];
	files->count = kept + 1;
}

static size_t
count_sources(const struct conf *conf)
{
	struct host_source source;
	unsigned int kind;
	size_t i, n = 0;

	for (i = 0; i < conf->nhosts; i++)
		for (kind = 0; kind < HOST_FILE_COUNT; kind++)
			if (source_of(&conf->hosts[i].tls, (enum host_file)kind,
				&source))
				n++;
	return (n);
}

/* The same set as it was before, if that was good; NULL: there is none. */
static const struct host_set *
find_older(const struct host_files *files, const struct host_set *set)
{
	const struct host_files *previous = files->previous;
	const struct host_set *older = NULL;

	if (previous != NULL && previous->count > 0)
		older = bsearch(set, previous->sets, previous->count,
		    sizeof(*set), compare_sets);
	return (older != NULL && certificate_is_there(&older->certificate)
		? older
		: NULL);
}

struct host_files *
host_files_load(const struct certificates_wish *wish,
    const struct host_files *previous, struct secret_pool *secrets)
{
	struct host_files *files;
	size_t i;

	files = calloc(1, sizeof(*files));
	if (files == NULL)
		return (NULL);
	files->previous = previous;
	files->secrets = secrets;
	/* One more than the last, which a source is tried in. */
	files->sets =
	    calloc(count_sources(wish->conf) + 1, sizeof(*files->sets));
	if (files->sets == NULL) {
		host_files_free(&files);
		return (NULL);
	}
	collect(files, wish->conf);
	for (i = 0; i < files->count; i++)
		host_set_read(&files->sets[i],
		    find_older(files, &files->sets[i]), wish, secrets);
	return (files);
}

void
host_files_bad(struct host_files *files, size_t i,
    const struct certificates_wish *wish, const char *text)
{
	struct host_set *set = &files->sets[i];
	const struct host_set *older = NULL;

	if (wish->previous != NULL)
		older = find_older(files, set);
	certificate_bad(&set->certificate, wish->errors, older != NULL,
	    set->certificate.name, text);
	if (older != NULL)
		host_set_fall_back(set, older, wish, files->secrets);
}

void
host_files_free(struct host_files **files)
{
	struct host_files *gone = *files;
	size_t i;

	if (gone == NULL)
		return;
	*files = NULL;
	for (i = 0; gone->sets != NULL && i < gone->count; i++)
		host_set_free(&gone->sets[i]);
	free(gone->sets);
	free(gone);
}

size_t
host_files_count(const struct host_files *files)
{
	return (files->count);
}

const struct certificate *
host_files_at(const struct host_files *files, size_t i)
{
	return (&files->sets[i].certificate);
}

struct certificate *
host_files_piece(struct host_files *files, size_t i)
{
	return (&files->sets[i].certificate);
}

uint64_t
host_files_stamp(const struct host_files *files, size_t i)
{
	return (host_set_stamp(&files->sets[i].source));
}

void
host_files_distribute(const struct host_files *files, const struct conf *conf,
    struct host_keys *hosts)
{
	struct host_set wanted;
	const struct host_set *set;
	unsigned int kind;
	size_t i;

	memset(&wanted, 0, sizeof(wanted));
	for (i = 0; i < conf->nhosts; i++)
		for (kind = 0; kind < HOST_FILE_COUNT; kind++) {
			if (!source_of(&conf->hosts[i].tls,
				(enum host_file)kind, &wanted.source))
				continue;
			set = bsearch(&wanted, files->sets, files->count,
			    sizeof(wanted), compare_sets);
			ensure(set != NULL);
			hosts[i].files[kind] = set->certificate.bytes;
		}
}
