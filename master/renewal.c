#include "master/renewal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "master/keys/certificate_checks.h"
#include "master/keys/device_check.h"
#include "master/keys/key_opening.h"
#include "shm/base/log.h"

struct renewal {
	struct renewal_setup setup;
	struct conf_errors errors; /* of memory, or of a device */
	struct certificates *fresh;
	struct loop_timer *begin;
	struct key_opening *opening;
	struct device_check *devices;
	struct certificate_checks *checks;
};

/* Of no use: what there is stays, and is as well looked at as it can be. */
static void
note_stamps(struct renewal *renewal)
{
	struct certificates *now = renewal->setup.configuration->certificates;
	size_t i, count = certificates_count(now);

	for (i = 0; i < count && i < certificates_count(renewal->fresh); i++)
		certificates_piece(now, i)->stamp =
		    certificates_at(renewal->fresh, i)->stamp;
}

static void
finish(struct renewal *renewal)
{
	const struct renewal_setup setup = renewal->setup;
	struct certificates *fresh = renewal->fresh;

	if (renewal->errors.count > 0) {
		configuration_log(&renewal->errors);
		log_error("changed files are not taken over");
		note_stamps(renewal);
		fresh = NULL;
	} else {
		renewal->fresh = NULL;
		certificates_settle(fresh);
	}
	renewal_free(&renewal);
	setup.done(fresh, setup.context);
}

static void
give_up(struct renewal *renewal)
{
	conf_errors_add(&renewal->errors, renewal->setup.path, 0, 0,
	    "changed files cannot be checked: %s", strerror(errno));
	finish(renewal);
}

static void
checked(void *context)
{
	struct renewal *renewal = context;

	certificate_checks_free(&renewal->checks);
	finish(renewal);
}

static void
check_certificates(struct renewal *renewal)
{
	struct certificate_checks_setup setup;

	setup.loop = renewal->setup.loop;
	setup.self = renewal->setup.self;
	setup.user = renewal->setup.configuration->users.worker;
	setup.certificates = renewal->fresh;
	setup.done = checked;
	setup.context = renewal;
	renewal->checks = certificate_checks_new(&setup);
	if (renewal->checks == NULL)
		give_up(renewal);
}

static void
devices_checked(void *context)
{
	struct renewal *renewal = context;

	device_check_free(&renewal->devices);
	check_certificates(renewal);
}

/* A new certificate for a key that is in a device. */
static bool
is_for_device(const struct certificates *fresh)
{
	const struct certificate *piece;
	size_t i;

	for (i = 0; i < certificates_pairs(fresh); i++) {
		piece = certificates_at(fresh, i);
		if (!piece->settled && piece->pair.key_uri != NULL)
			return (true);
	}
	return (false);
}

static void
check_devices(struct renewal *renewal)
{
	struct device_check_setup setup;

	if (!is_for_device(renewal->fresh)) {
		check_certificates(renewal);
		return;
	}
	setup.loop = renewal->setup.loop;
	setup.self = renewal->setup.self;
	setup.user = renewal->setup.configuration->users.worker;
	setup.path = renewal->setup.path;
	setup.conf = renewal->setup.configuration->conf;
	setup.certificates = renewal->fresh;
	setup.errors = &renewal->errors;
	setup.done = devices_checked;
	setup.context = renewal;
	renewal->devices = device_check_new(&setup);
	if (renewal->devices == NULL)
		give_up(renewal);
}

static void
keys_opened(void *context)
{
	struct renewal *renewal = context;

	key_opening_free(&renewal->opening);
	check_devices(renewal);
}

static void
open_keys(void *context)
{
	struct renewal *renewal = context;
	struct key_opening_setup setup;

	if (!key_opening_needed(renewal->fresh)) {
		check_devices(renewal);
		return;
	}
	setup.loop = renewal->setup.loop;
	setup.self = renewal->setup.self;
	setup.user = renewal->setup.configuration->users.worker;
	setup.conf = renewal->setup.configuration->conf;
	setup.certificates = renewal->fresh;
	setup.may_ask = false;
	setup.done = keys_opened;
	setup.context = renewal;
	renewal->opening = key_opening_new(&setup);
	if (renewal->opening == NULL)
		give_up(renewal);
}

struct renewal *
renewal_new(const struct renewal_setup *setup)
{
	const struct configuration *configuration = setup->configuration;
	struct renewal *renewal = calloc(1, sizeof(*renewal));
	struct certificates_wish wish;

	if (renewal == NULL)
		return (NULL);
	renewal->setup = *setup;
	wish.conf = configuration->conf;
	wish.service = configuration->users.worker.uid;
	wish.errors = &renewal->errors;
	wish.previous = configuration->certificates;
	wish.renew = true;
	renewal->fresh = certificates_load(&wish);
	renewal->begin = loop_timer(setup->loop, open_keys, renewal);
	if (renewal->fresh == NULL || renewal->begin == NULL)
		renewal_free(&renewal);
	else
		loop_timer_set(renewal->begin, 0);
	return (renewal);
}

void
renewal_free(struct renewal **renewal)
{
	struct renewal *gone = *renewal;

	if (gone == NULL)
		return;
	*renewal = NULL;
	loop_timer_free(&gone->begin);
	key_opening_free(&gone->opening);
	device_check_free(&gone->devices);
	certificate_checks_free(&gone->checks);
	certificates_free(&gone->fresh);
	conf_errors_free(&gone->errors);
	free(gone);
}
