#include "master/control/control_actions.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "master/control/control_cache.h"
#include "master/control/control_status.h"
#include "master/control/control_tls.h"
#include "master/reload.h"
#include "master/stop.h"
#include "master/tracing.h"
#include "shm/base/log.h"

/* Number that all wait under who asked for a reload; see control_cache.c. */
#define WAIT_RELOAD UINT64_MAX

static uint32_t
allowed(const struct control_peer *peer, void *context)
{
	const struct master *master = context;

	return (
	    control_rules_allowed(master->current->configuration->rules, peer));
}

static void
reload(struct control_client *client, struct master *master)
{
	if (master->phase == MASTER_STOPPING) {
		control_client_fail(client, "the server is stopping", NULL);
		return;
	}
	log_notice("reload asked for by ftpsctl");
	control_client_wait(client, WAIT_RELOAD);
	reload_request(master);
}

static void
stop(struct control_client *client, struct master *master)
{
	uint32_t grace = master_conf(master)->grace_time;

	log_notice("stop asked for by ftpsctl");
	control_client_end(client,
	    json_pack("{s:i, s:I}", "pid", (int)getpid(), "grace",
		(json_int_t)grace));
	stop_begin(master, grace * 1000);
}

static void
request(struct control_client *client, void *context)
{
	struct master *master = context;

	switch (control_client_command(client)) {
	case CONTROL_SESSCACHE_CLEAR:
	case CONTROL_SESSCACHE_INFO:
	case CONTROL_SESSCACHE_REMOVE:
	case CONTROL_OCSPCACHE_CLEAR:
	case CONTROL_OCSPCACHE_INFO:
	case CONTROL_OCSPCACHE_REMOVE:
		control_cache_request(client, master);
		break;
	case CONTROL_RELOAD:
		reload(client, master);
		break;
	case CONTROL_STATUS:
		control_client_end(client, control_status(master));
		break;
	case CONTROL_STOP:
		stop(client, master);
		break;
	case CONTROL_TLS_INFO:
	case CONTROL_TLS_CHECK:
		control_tls_request(client, master);
		break;
	case CONTROL_TRACE:
		tracing_request(client, master);
		break;
	case CONTROL_COUNT:
		break;
	}
}

int
control_actions_start(struct master *master)
{
	const struct conf *conf = master_conf(master);
	struct control_access access;
	struct control_setup setup;

	setup.loop = master->loop;
	setup.path = conf->control_socket;
	setup.allowed = allowed;
	setup.request = request;
	setup.context = master;
	access.mode = (mode_t)conf->control_mode;
	access.owner = conf->control_owner;
	access.group = conf->control_group;
	master->control = control_new(&setup, &access);
	return (master->control == NULL ? -1 : 0);
}

static json_t *
list_mistakes(const struct conf_errors *errors)
{
	const struct conf_error *error;
	json_t *list = json_array();
	char *text;
	size_t i;
	int len;

	for (i = 0; i < errors->count; i++) {
		error = &errors->items[i];
		if (error->line == 0)
			len =
			    asprintf(&text, "%s: %s", error->file, error->text);
		else
			len = asprintf(&text, "%s:%zu:%zu: %s", error->file,
			    error->line, error->column, error->text);
		if (len == -1)
			continue;
		/* Configuration files may hold any bytes. */
		if (json_array_append_new(list, json_string(text)) == -1)
			(void)json_array_append_new(list,
			    json_sprintf("mistake %zu, see the log", i + 1));
		free(text);
	}
	return (list);
}

/* Files that are bad, for which what was good before is still used. */
static size_t
count_alarms(const struct master *master)
{
	const struct certificates *certificates =
	    master->current->configuration->certificates;
	size_t i, n = 0;

	for (i = 0; i < certificates_count(certificates); i++)
		if (certificates_at(certificates, i)->why != NULL)
			n++;
	return (n);
}

void
control_reload_done(struct control *control, const struct conf_errors *errors)
{
	const struct master *master;
	struct control_client *client;

	while (control != NULL &&
	    (client = control_waiting(control, WAIT_RELOAD)) != NULL) {
		if (errors != NULL) {
			control_client_fail(client,
			    "the configuration has mistakes and nothing was "
			    "changed",
			    json_pack("{s:o}", "mistakes",
				list_mistakes(errors)));
			continue;
		}
		master = control_context(control);
		control_client_end(client,
		    json_pack("{s:I, s:I, s:I}", "generation",
			(json_int_t)master->current->number, "workers",
			(json_int_t)master_conf(master)->workers, "alarms",
			(json_int_t)count_alarms(master)));
	}
}

void
control_stopping(struct control *control)
{
	struct control_client *client;

	while (control != NULL &&
	    (client = control_waiting(control, WAIT_RELOAD)) != NULL)
		control_client_fail(client, "the server is stopping", NULL);
}
