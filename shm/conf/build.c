#include "shm/conf/build.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shm/base/ensure.h"
#include "shm/conf/format.h"
#include "shm/conf/varying.h"

#define RUN_PREFIX "run_directory/"

/* Where the values of one section go. */
struct target {
	struct conf *conf; /* NULL: the section has no keys of the server */
	struct conf_host *host;
	struct conf_parts parts;
	struct given given;
};

static void *
target_object(struct target *target, const struct conf_key *key)
{
	switch (key->where) {
	case CONF_IN_SERVER:
		return (target->conf);
	case CONF_IN_HOST:
		return (target->host);
	case CONF_IN_PARTS:
		break;
	}
	return (&target->parts);
}

/* --- defaults ------------------------------------------------------------- */

/* The default of the table, which a test has read before. */
static void
set_default(struct load *load, const struct conf_key *key, void *object)
{
	struct node node;
	struct value value = { load, key, &node, object };
	bool good;

	if (key->value == NULL ||
	    strncmp(key->value, RUN_PREFIX, strlen(RUN_PREFIX)) == 0)
		return;
	memset(&node, 0, sizeof(node));
	node.kind = NODE_SCALAR;
	node.text = key->value;
	good = value_read(&value);
	ensure(good || load->report.no_memory);
}

bool
build_default_host(struct conf_host *host)
{
	struct conf_errors errors = { NULL, 0 };
	struct load load = { .report = { .errors = &errors } };
	size_t i;

	for (i = 0; i < conf_nkeys; i++)
		if (conf_keys[i].where == CONF_IN_HOST)
			set_default(&load, &conf_keys[i], host);
	conf_errors_free(&errors);
	return (!load.report.no_memory);
}

/* A value that `defaults` sets; it was reported there if it is wrong. */
static void
set_inherited(struct build *build, const struct conf_key *key,
    const struct node *node, void *object)
{
	struct value value = { build->load, key, node, object };

	build->load->report.muted = true;
	value_read(&value);
	build->load->report.muted = false;
}

/* --- sections ------------------------------------------------------------- */

/* tls.session_cache with keys below it is switched on by them. */
static void
switch_on(struct build *build, const struct node *node, struct target *target)
{
	struct node on = *node;
	struct value value = { build->load, node->spec, &on,
		target_object(target, node->spec) };

	on.kind = NODE_SCALAR;
	on.text = "on";
	if (node->kind == NODE_MAPPING && node->spec->type == CONF_TYPE_BOOL)
		value_read(&value);
}

/* Whether a value is a host's key that stands below anonymous. */
static bool
is_anonymous(const struct node *section, const struct conf_key *key)
{
	return (strncmp(section->path, "anonymous", 9) == 0 &&
	    strncmp(key->path, "anonymous", 9) != 0);
}

static void
apply_anonymous(struct build *build, const struct node *node,
    struct target *target)
{
	target->given.anonymous[keys_index(node->spec)] = node;
	varying_read(build->load, node->spec, node,
	    &target->host->anonymous.settings);
}

static void apply_section(struct build *build, const struct node *section,
    struct target *target);

/* A key: a value, or a section of further ones. */
static void
apply_key(struct build *build, const struct node *node, struct target *target)
{
	struct value value = { build->load, node->spec, node, NULL };

	target->given.nodes[keys_index(node->spec)] = node;
	if (node->role == NODE_SECTION) {
		switch_on(build, node, target);
		apply_section(build, node, target);
	} else if (node->role == NODE_VALUE &&
	    node->spec->type != CONF_TYPE_INCLUDE) {
		value.object = target_object(target, node->spec);
		value_read(&value);
	}
}

/* Puts all values of a section into the target's fields. */
static void
apply_section(struct build *build, const struct node *section,
    struct target *target)
{
	const struct node *node;

	for (node = section->first; node != NULL; node = node->next) {
		if (node->role == NODE_SECTION &&
		    node->context != section->context)
			continue; /* defaults: applied by itself */
		if (node->spec == NULL) {
			if (node->role == NODE_SECTION)
				apply_section(build, node, target);
		} else if (node->role == NODE_VALUE &&
		    is_anonymous(section, node->spec)) {
			apply_anonymous(build, node, target);
		} else {
			apply_key(build, node, target);
		}
	}
}

/* --- certificates --------------------------------------------------------- */

/* The certificate files that were set singly join the list. */
static void
move_parts(struct build *build, struct target *target)
{
	struct parts_target parts = { target->host, &target->parts };

	parts_move(build, &target->given, &parts);
}

/* --- hosts ---------------------------------------------------------------- */

/* What anonymous sessions have before the host's own section. */
static void
inherit_anonymous(struct build *build, struct conf_host *host)
{
	const struct node *node;
	size_t i;

	build->load->report.muted = true;
	for (i = 0; i < conf_nkeys; i++) {
		node = build->defaults.anonymous[i];
		if (node != NULL)
			varying_read(build->load, &conf_keys[i], node,
			    &host->anonymous.settings);
	}
	build->load->report.muted = false;
}

/* What the host has before its own section: `defaults`, else the table. */
static void
inherit(struct build *build, struct target *target)
{
	const struct conf_key *key;
	const struct node *node;
	size_t i;

	for (i = 0; i < conf_nkeys; i++) {
		key = &conf_keys[i];
		node = build->defaults.nodes[i];
		if (key->where == CONF_IN_SERVER)
			continue;
		/* A wrong value leaves the field as it was: set both. */
		if (key->where == CONF_IN_HOST)
			set_default(build->load, key, target->host);
		if (node != NULL)
			set_inherited(build, key, node,
			    target_object(target, key));
	}
	inherit_anonymous(build, target->host);
	build->load->report.muted = true;
	move_parts(build, target);
	build->load->report.muted = false;
}

static void
complete_host(struct build *build, struct conf_host *host)
{
	size_t i;

	/* Whoever comes may not leave anything, unless that is wanted. */
	if (host->anonymous.enabled)
		varying_complete(build->load, keys_find("read_only"), "on",
		    &host->anonymous.settings);

	host->banner_counts = format_counts(host->banner);
	protocol_complete(&host->tls);
	if ((host->tls.options & CONF_TLS_USE_IMPLICIT_SSL) != 0)
		for (i = 0; i < host->nlisten; i++)
			host->listen[i].implicit = true;
}

/* Applies the sections, and puts what they say about certificates in place. */
static void
apply_own(struct build *build, const struct node *const *sections, size_t count,
    struct target *target)
{
	struct conf_tls *tls = &target->host->tls;
	struct conf_host inherited;
	size_t i;

	memset(&inherited, 0, sizeof(inherited));
	inherited.tls.certificates = tls->certificates;
	inherited.tls.ncertificates = tls->ncertificates;
	tls->certificates = NULL;
	tls->ncertificates = 0;
	for (i = 0; i < count; i++)
		apply_section(build, sections[i], target);
	move_parts(build, target);
	if (parts_given(&target->given)) {
		certificates_release(NULL, &inherited);
		return;
	}
	tls->certificates = inherited.tls.certificates;
	tls->ncertificates = inherited.tls.ncertificates;
}

/* Host number index, from its section. */
static void
build_host(struct build *build, size_t index, const struct node *section)
{
	struct target target;
	size_t mistakes = build->load->report.count;

	memset(&target, 0, sizeof(target));
	target.host = &build->conf->hosts[index];
	build->sections[index] = section;
	inherit(build, &target);
	apply_own(build, &section, 1, &target);
	complete_host(build, target.host);
	if (build->load->report.count == mistakes)
		check_host(build, index, &target.given);
}

/* --- the server ----------------------------------------------------------- */

/* A path below the run directory, unless the file says another. */
static void
set_run_path(struct build *build, const char *path)
{
	const struct conf_key *key = keys_find(path);
	void *at = (char *)build->conf + key->offset;
	char **field = at;
	char text[2048];

	if (*field != NULL)
		return;
	(void)snprintf(text, sizeof(text), "%s/%s", build->conf->run_directory,
	    key->value + strlen(RUN_PREFIX));
	strings_replace(build->load, field, text);
}

static void
complete_server(struct build *build)
{
	struct conf *conf = build->conf;
	long processors;

	set_run_path(build, "pid_file");
	set_run_path(build, "control.socket");
	if (conf->workers == 0) {
		processors = sysconf(_SC_NPROCESSORS_ONLN);
		conf->workers = processors < 1 ? 1
		    : processors > 256         ? 256
					       : (uint32_t)processors;
	}
	if (!conf->session_cache) {
		/* Of no meaning then; equal configurations stay equal. */
		set_default(build->load, keys_find("tls.session_cache.size"),
		    conf);
		set_default(build->load, keys_find("tls.session_cache.timeout"),
		    conf);
		set_default(build->load, keys_find("tls.session_cache.type"),
		    conf);
	}
	if (!conf->stapling_cache) {
		set_default(build->load, keys_find("tls.stapling_cache.size"),
		    conf);
		set_default(build->load,
		    keys_find("tls.stapling_cache.directory"), conf);
	}
}

/* The roots of all files, in order; the count of those that have one. */
static size_t
collect_roots(const struct load *load, const struct node **roots)
{
	size_t i, count = 0;

	for (i = 0; i < load->nfiles; i++)
		if (load->files[i].root != NULL)
			roots[count++] = load->files[i].root;
	return (count);
}

static void
build_server(struct build *build, struct given *given)
{
	const struct node *roots[LOAD_FILES_MAX];
	struct target target;
	size_t i, count, mistakes = build->load->report.count;

	memset(&target, 0, sizeof(target));
	target.conf = build->conf;
	target.host = &build->conf->hosts[0];
	for (i = 0; i < conf_nkeys; i++)
		if (conf_keys[i].where == CONF_IN_SERVER &&
		    conf_keys[i].type != CONF_TYPE_INCLUDE)
			set_default(build->load, &conf_keys[i], build->conf);
	inherit(build, &target);
	count = collect_roots(build->load, roots);
	apply_own(build, roots, count, &target);
	if (build->load->report.no_memory)
		return;
	complete_server(build);
	complete_host(build, target.host);
	*given = target.given;
	build->server_good = build->load->report.count == mistakes;
	if (build->server_good)
		check_host(build, 0, given);
}

/* --- all of it ------------------------------------------------------------ */

/* Reads `defaults` of all files once, aloud, into a host that is thrown away.
 */
static void
build_defaults(struct build *build)
{
	struct conf_host host;
	struct target target;
	const struct node *node;
	size_t i;

	memset(&host, 0, sizeof(host));
	memset(&target, 0, sizeof(target));
	target.host = &host;
	for (i = 0; i < build->load->nfiles; i++) {
		if (build->load->files[i].root == NULL)
			continue;
		node = build->load->files[i].root->first;
		for (; node != NULL; node = node->next)
			if (node->context == CONTEXT_DEFAULTS)
				apply_section(build, node, &target);
	}
	move_parts(build, &target);
	check_banner(build, &target.given);
	build->defaults = target.given;
	free_host(&host);
}

/* The next entry of `hosts` after *node, in *file or a later one. */
static const struct node *
next_host(const struct load *load, size_t *file, const struct node *node)
{
	const struct node *list;

	if (node != NULL && node->next != NULL)
		return (node->next);
	for (*file = node == NULL ? 0 : *file + 1; *file < load->nfiles;
	     (*file)++) {
		if (load->files[*file].root == NULL)
			continue;
		list = load->files[*file].root->first;
		while (list != NULL && list->role != NODE_HOSTS)
			list = list->next;
		if (list != NULL && list->first != NULL)
			return (list->first);
	}
	return (NULL);
}

static void
build_hosts(struct build *build)
{
	const struct node *node = NULL;
	size_t file = 0, i;

	for (i = 1; i < build->conf->nhosts; i++) {
		node = next_host(build->load, &file, node);
		ensure(node != NULL);
		build_host(build, i, node);
		if (build->load->report.no_memory)
			return;
	}
}

static size_t
count_hosts(const struct load *load)
{
	const struct node *node = NULL;
	size_t file = 0, count = 0;

	while ((node = next_host(load, &file, node)) != NULL)
		count++;
	return (count);
}

static bool
start_build(struct build *build, struct load *load)
{
	memset(build, 0, sizeof(*build));
	build->load = load;
	build->conf = calloc(1, sizeof(*build->conf));
	if (build->conf == NULL)
		return (false);
	build->conf->nhosts = 1 + count_hosts(load);
	build->conf->hosts =
	    calloc(build->conf->nhosts, sizeof(*build->conf->hosts));
	build->sections =
	    calloc(build->conf->nhosts, sizeof(const struct node *));
	if (build->conf->hosts != NULL && build->sections != NULL)
		return (true);
	build->conf->nhosts = 0;
	conf_free(&build->conf);
	free(build->sections);
	return (false);
}

struct conf *
build_conf(struct load *load)
{
	struct build build;
	struct given given;

	if (!start_build(&build, load)) {
		report_no_memory(load);
		return (NULL);
	}
	memset(&given, 0, sizeof(given));
	build_defaults(&build);
	build_server(&build, &given);
	if (!load->report.no_memory)
		build_hosts(&build);
	if (!load->report.no_memory)
		check_conf(&build, &given);
	free(build.sections);
	return (build.conf);
}

struct place
build_place(const struct build *build, size_t host)
{
	struct place place = { 0, 0, 0 };

	return (host == 0 ? place : build->sections[host]->place);
}

struct place
build_key_place(const struct build *build, size_t host, const struct given *own,
    const char *path)
{
	size_t key = keys_index(keys_find(path));

	if (own->nodes[key] != NULL)
		return (own->nodes[key]->key_place);
	if (build->defaults.nodes[key] != NULL)
		return (build->defaults.nodes[key]->key_place);
	return (build_place(build, host));
}

struct place
build_anonymous_place(const struct build *build, size_t host,
    const struct given *own, const char *path)
{
	size_t key = keys_index(keys_find(path));

	if (own->anonymous[key] != NULL)
		return (own->anonymous[key]->key_place);
	if (build->defaults.anonymous[key] != NULL)
		return (build->defaults.anonymous[key]->key_place);
	return (build_key_place(build, host, own, path));
}
