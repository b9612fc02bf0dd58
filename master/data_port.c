#include "master/data_port.h"

#include <errno.h>
#include <string.h>

#include "master/master.h"
#include "shm/base/fd.h"
#include "shm/base/log.h"

/* A worker that drains goes on by the configuration that it began with. */
static const struct conf *
conf_of(const struct process *process)
{
	const struct generation *old = process->master->old;

	if (old != NULL && old->number == process->generation)
		return (old->configuration->conf);
	return (master_conf(process->master));
}

static bool
is_configured(const struct conf *conf, uint16_t port)
{
	size_t i;

	for (i = 0; i < conf->nhosts; i++)
		if (conf->hosts[i].active_port == port)
			return (true);
	return (false);
}

int
data_port_answer(struct process *process, const struct message *message)
{
	const struct msg_data_port *body = message->body;
	struct msg_data_socket answer;
	struct channel_message reply;
	int fd = -1;

	if (message->len != 0 || body->address.port == 0 ||
	    address_is_any(&body->address))
		return (-1);
	errno = EACCES;
	if (is_configured(conf_of(process), body->address.port))
		fd = address_source(&body->address);
	memset(&answer, 0, sizeof(answer));
	answer.request = body->request;
	answer.error = fd == -1 ? errno : 0;
	memset(&reply, 0, sizeof(reply));
	reply.type = fd == -1 ? MSG_DATA_REFUSED : MSG_DATA_SOCKET;
	reply.body = &answer;
	reply.fd = fd;
	/* Who hears nothing gives up. */
	if (link_send(process->channel, &reply) == -1)
		log_debug("no answer about a data port: %s", strerror(errno));
	fd_close(&fd);
	return (0);
}
