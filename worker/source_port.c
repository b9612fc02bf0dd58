#include "worker/source_port.h"

#include <errno.h>
#include <string.h>

#include "shm/base/fd.h"
#include "shm/ipc/body.h"
#include "worker/master_link.h"
#include "worker/worker.h"

int
source_ask(struct worker *worker, struct source_question *question,
    const struct address *address)
{
	struct msg_data_port body;

	memset(&body, 0, sizeof(body));
	if (++worker->sources_asked == 0)
		worker->sources_asked = 1;
	body.request = worker->sources_asked;
	body.address = *address;
	if (master_link_ask_port(worker->master, &body) == -1)
		return (-1);
	question->request = body.request;
	LIST_INSERT_HEAD(&worker->sources, question, link);
	return (0);
}

void
source_forget(struct source_question *question)
{
	if (question->request == 0)
		return;
	question->request = 0;
	LIST_REMOVE(question, link);
}

/* One that was forgotten has nobody to answer: its socket is closed. */
int
source_answer(struct worker *worker, struct message *message)
{
	const struct msg_data_socket *body = message->body;
	struct source_question *question;
	int fd = message_take_fd(message), error = body->error;

	if (message->type == MSG_DATA_REFUSED ? error <= 0 : error != 0) {
		fd_close(&fd);
		return (-1);
	}
	LIST_FOREACH (question, &worker->sources, link)
		if (question->request == body->request)
			break;
	if (question == NULL) {
		fd_close(&fd);
		return (0);
	}
	source_forget(question);
	question->answered(fd, fd == -1 && error == 0 ? EMFILE : error,
	    question->context);
	return (0);
}
