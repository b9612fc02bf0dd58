#include "master/configuration.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "master/keys/certificate_checks.h"
#include "master/keys/device_check.h"
#include "master/keys/key_opening.h"
#include "master/keys/opened_keys.h"
#include "master/keys/phrase.h"
#include "master/keys/tls_names.h"
#include "master/names.h"
#include "master/section_groups.h"
#include "shm/base/charset.h"
#include "shm/base/log.h"

struct configuration_load {
	struct loop *loop;
	int self;
	char *path;
	configuration_loaded loaded;
	void *context;
	struct loop_timer *begin;
	struct configuration *configuration;
	struct certificates *certificates; /* of it, also once it is taken */
	const struct certificates *previous;
	struct conf_errors errors;
	struct names *names;
	struct certificate_checks *checks;
	struct key_opening *opening;
	struct device_check *devices;
	bool may_ask;
};

void
configuration_free(struct configuration **configuration)
{
	if (*configuration == NULL)
		return;
	control_rules_free(&(*configuration)->rules);
	certificates_free(&(*configuration)->certificates);
	conf_free(&(*configuration)->conf);
	free(*configuration);
	*configuration = NULL;
}

static void
check_provider(struct configuration_load *load)
{
	const struct conf_strings *command =
	    &load->configuration->conf->pass_phrase_provider;
	const char *why = NULL;

	if (command->count > 0)
		why = phrase_check_program(command->items[0]);
	if (why != NULL)
		conf_errors_add(&load->errors, load->path, 0, 0,
		    "tls.pass_phrase_provider: %s: %s", command->items[0], why);
}

/* All that needs no other process.  false: nothing further can be checked. */
static bool
load_files(struct configuration_load *load)
{
	struct configuration *configuration = load->configuration;
	struct certificates_wish wish;

	conf_set_tls_known(tls_names_known);
	conf_set_charset_known(charset_usable);
	configuration->conf = conf_load(load->path, &load->errors);
	if (configuration->conf == NULL)
		return (false);
	service_users_find(&configuration->users, configuration->conf,
	    load->path, &load->errors);
	configuration->rules = control_rules_new(configuration->conf,
	    &configuration->users, load->path, &load->errors);
	section_groups_check(configuration->conf, load->path, &load->errors);
	check_provider(load);
	wish.conf = configuration->conf;
	wish.service = configuration->users.worker.uid;
	wish.errors = &load->errors;
	wish.previous = load->previous;
	wish.renew = false;
	configuration->certificates = certificates_load(&wish);
	load->certificates = configuration->certificates;
	if (configuration->rules == NULL ||
	    configuration->certificates == NULL) {
		conf_errors_add(&load->errors, load->path, 0, 0,
		    "out of memory");
		return (false);
	}
	return (true);
}

static void
finish(struct configuration_load *load)
{
	configuration_loaded loaded = load->loaded;
	void *context = load->context;
	struct configuration *configuration = load->configuration;
	struct conf_errors errors = load->errors;

	memset(&load->errors, 0, sizeof(load->errors));
	load->configuration = NULL;
	configuration_load_free(&load);
	if (errors.count > 0)
		configuration_free(&configuration);
	else
		opened_keys_settle();
	loaded(configuration, &errors, context);
	conf_errors_free(&errors);
}

static void
checked(void *context)
{
	struct configuration_load *load = context;

	certificate_checks_free(&load->checks);
	certificates_settle(load->certificates);
	finish(load);
}

/* One of the steps below cannot begin. */
static void
give_up(struct configuration_load *load, const char *what)
{
	conf_errors_add(&load->errors, load->path, 0, 0, "%s: %s", what,
	    strerror(errno));
	finish(load);
}

static void
check_certificates(struct configuration_load *load)
{
	struct certificate_checks_setup setup;

	setup.loop = load->loop;
	setup.self = load->self;
	setup.user = load->configuration->users.worker;
	setup.certificates = load->certificates;
	setup.done = checked;
	setup.context = load;
	load->checks = certificate_checks_new(&setup);
	if (load->checks == NULL)
		give_up(load, "the certificates cannot be checked");
}

static void
devices_checked(void *context)
{
	struct configuration_load *load = context;

	device_check_free(&load->devices);
	check_certificates(load);
}

static void
check_devices(struct configuration_load *load)
{
	const struct configuration *configuration = load->configuration;
	struct device_check_setup setup;

	if (!device_check_needed(configuration->conf, load->certificates)) {
		check_certificates(load);
		return;
	}
	setup.loop = load->loop;
	setup.self = load->self;
	setup.user = configuration->users.worker;
	setup.path = load->path;
	setup.conf = configuration->conf;
	setup.certificates = load->certificates;
	setup.errors = &load->errors;
	setup.done = devices_checked;
	setup.context = load;
	load->devices = device_check_new(&setup);
	if (load->devices == NULL)
		give_up(load, "providers and devices cannot be tried");
}

static void
keys_opened(void *context)
{
	struct configuration_load *load = context;

	key_opening_free(&load->opening);
	check_devices(load);
}

/* Nobody is asked for a pass phrase that is of no use. */
static void
open_keys(struct configuration_load *load)
{
	const struct configuration *configuration = load->configuration;
	struct key_opening_setup setup;

	if (!key_opening_needed(load->certificates)) {
		check_devices(load);
		return;
	}
	if (load->errors.count > 0) {
		finish(load);
		return;
	}
	setup.loop = load->loop;
	setup.self = load->self;
	setup.user = configuration->users.worker;
	setup.conf = configuration->conf;
	setup.certificates = load->certificates;
	setup.may_ask = load->may_ask;
	setup.done = keys_opened;
	setup.context = load;
	load->opening = key_opening_new(&setup);
	if (load->opening == NULL)
		give_up(load, "protected keys cannot be opened");
}

static void
found(size_t number, const struct address *address, const char *why,
    void *context)
{
	struct configuration_load *load = context;
	struct conf_name *name = &load->configuration->conf->names[number];

	if (address != NULL)
		name->address = *address;
	else
		conf_errors_add(&load->errors, name->first->file,
		    name->first->line, name->first->column,
		    "the name %s cannot be resolved: %s", name->first->name,
		    why);
}

static void
all_found(void *context)
{
	struct configuration_load *load = context;

	names_free(&load->names);
	open_keys(load);
}

static void
look_up_names(struct configuration_load *load)
{
	struct names_setup setup;

	setup.loop = load->loop;
	setup.self = load->self;
	setup.user = load->configuration->users.ocsp;
	setup.conf = load->configuration->conf;
	setup.found = found;
	setup.done = all_found;
	setup.context = load;
	load->names = names_new(&setup);
	if (load->names != NULL)
		return;
	conf_errors_add(&load->errors, load->path, 0, 0,
	    "names cannot be looked up: %s", strerror(errno));
	finish(load);
}

static void
begin(void *context)
{
	struct configuration_load *load = context;

	if (!load_files(load))
		finish(load);
	else if (load->configuration->conf->nnames > 0 &&
	    load->errors.count == 0)
		look_up_names(load);
	else
		open_keys(load);
}

struct configuration_load *
configuration_load(struct loop *loop, const char *path, int self,
    configuration_loaded loaded, void *context)
{
	struct configuration_load *load;

	load = calloc(1, sizeof(*load));
	if (load == NULL)
		return (NULL);
	load->loop = loop;
	load->self = self;
	load->loaded = loaded;
	load->context = context;
	load->path = strdup(path);
	load->configuration = calloc(1, sizeof(*load->configuration));
	load->begin = loop_timer(loop, begin, load);
	if (load->path == NULL || load->configuration == NULL ||
	    load->begin == NULL) {
		configuration_load_free(&load);
		return (NULL);
	}
	loop_timer_set(load->begin, 0);
	return (load);
}

void
configuration_load_after(struct configuration_load *load,
    const struct certificates *previous)
{
	load->previous = previous;
}

void
configuration_load_free(struct configuration_load **load)
{
	struct configuration_load *gone = *load;

	if (gone == NULL)
		return;
	*load = NULL;
	loop_timer_free(&gone->begin);
	names_free(&gone->names);
	key_opening_free(&gone->opening);
	device_check_free(&gone->devices);
	certificate_checks_free(&gone->checks);
	configuration_free(&gone->configuration);
	conf_errors_free(&gone->errors);
	free(gone->path);
	free(gone);
}

void
configuration_may_ask(struct configuration_load *load)
{
	load->may_ask = true;
}

struct configuration *
configuration_take(struct configuration_load *load)
{
	struct configuration *configuration = load->configuration;

	if (load->checks == NULL || load->errors.count > 0)
		return (NULL);
	load->configuration = NULL;
	return (configuration);
}

void
configuration_tell(const struct conf_errors *errors)
{
	const struct conf_error *error;
	size_t i;

	for (i = 0; i < errors->count; i++) {
		error = &errors->items[i];
		if (error->line == 0)
			(void)fprintf(stderr, "%s: %s\n", error->file,
			    error->text);
		else
			(void)fprintf(stderr, "%s:%zu:%zu: %s\n", error->file,
			    error->line, error->column, error->text);
	}
}

void
configuration_log(const struct conf_errors *errors)
{
	const struct conf_error *error;
	size_t i;

	for (i = 0; i < errors->count; i++) {
		error = &errors->items[i];
		if (error->line == 0)
			log_error("%s: %s", error->file, error->text);
		else
			log_error("%s:%zu:%zu: %s", error->file, error->line,
			    error->column, error->text);
	}
}

void
configuration_tell_notices(const struct conf *conf)
{
	const struct conf_error *notice;
	size_t i;

	for (i = 0; i < conf->notices.count; i++) {
		notice = &conf->notices.items[i];
		(void)fprintf(stderr, "%s:%zu:%zu: notice: %s\n", notice->file,
		    notice->line, notice->column, notice->text);
	}
}

void
configuration_log_notices(const struct conf *conf)
{
	const struct conf_error *notice;
	size_t i;

	for (i = 0; i < conf->notices.count; i++) {
		notice = &conf->notices.items[i];
		log_notice("%s:%zu:%zu: %s", notice->file, notice->line,
		    notice->column, notice->text);
	}
}

struct result {
	struct loop *loop;
	struct configuration *configuration;
};

static void
loaded_now(struct configuration *configuration,
    const struct conf_errors *errors, void *context)
{
	struct result *result = context;

	configuration_tell(errors);
	if (configuration != NULL)
		configuration_tell_notices(configuration->conf);
	result->configuration = configuration;
	loop_stop(result->loop);
}

struct configuration *
configuration_load_now(const char *path, int self)
{
	struct result result = { NULL, NULL };
	struct configuration_load *load;

	result.loop = loop_new();
	if (result.loop != NULL) {
		load = configuration_load(result.loop, path, self, loaded_now,
		    &result);
		if (load != NULL)
			configuration_may_ask(load);
		if (load == NULL || loop_run(result.loop) == -1)
			log_error("cannot load the configuration: %s",
			    strerror(errno));
	}
	loop_free(&result.loop);
	return (result.configuration);
}
