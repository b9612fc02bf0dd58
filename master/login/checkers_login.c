/* One login from its question to its answer; inner part of checkers. */
#include <stdlib.h>
#include <string.h>

#include "master/login/checkers_pool.h"
#include "shm/base/secret.h"

struct checkers_login *
checkers_login_new(const struct checkers_question *question)
{
	struct checkers_login *login;

	if (question->user_len > LOGIN_NAME_MAX_LEN ||
	    question->password_len > LOGIN_PASSWORD_MAX)
		return (NULL);
	login = calloc(1, sizeof(*login));
	if (login == NULL)
		return (NULL);
	login->credentials =
	    secret_alloc(sizeof(*login->credentials), SECRET_WIPE_ON_FORK);
	if (login->credentials == NULL) {
		free(login);
		return (NULL);
	}
	memcpy(login->credentials->user, question->user, question->user_len);
	memcpy(login->credentials->password, question->password,
	    question->password_len);
	login->body.generation = question->generation;
	login->body.host = question->host;
	login->body.address = question->address;
	login->body.proof = question->proof;
	login->body.user_len = (uint16_t)question->user_len;
	login->body.password_len = (uint16_t)question->password_len;
	return (login);
}

void
checkers_free_credentials(struct checkers_login *login)
{
	secret_free(login->credentials, sizeof(*login->credentials));
	login->credentials = NULL;
}

void
checkers_finish(struct checkers_login *login,
    const struct checkers_answer *answer)
{
	checkers_handler handler = login->handler;
	void *context = login->context;

	checkers_free_credentials(login);
	free(login);
	if (handler != NULL)
		handler(answer, context);
}

void
checkers_finish_unanswered(struct checkers_login *login, const char *why)
{
	struct checkers_answer answer;

	memset(&answer, 0, sizeof(answer));
	answer.verdict = LOGIN_UNAVAILABLE;
	answer.reason = why;
	checkers_finish(login, &answer);
}
