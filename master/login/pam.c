#include "master/login/pam.h"

#include <security/pam_appl.h>
#include <stdlib.h>
#include <string.h>

#include "shm/base/secret.h"

/* The modules own the answers and free them. */
static void
free_answers(struct pam_response *answers, int count)
{
	int i;

	for (i = 0; i < count; i++) {
		if (answers[i].resp == NULL)
			continue;
		secret_wipe(answers[i].resp, strlen(answers[i].resp));
		free(answers[i].resp);
	}
	free(answers);
}

/* Only the hidden prompt, which asks for the password, gets an answer. */
static int
answer(const struct pam_message *message, const char *password,
    struct pam_response *response)
{
	switch (message->msg_style) {
	case PAM_PROMPT_ECHO_OFF:
		if (password == NULL)
			return (PAM_CONV_ERR);
		response->resp = strdup(password);
		return (response->resp == NULL ? PAM_BUF_ERR : PAM_SUCCESS);
	case PAM_ERROR_MSG:
	case PAM_TEXT_INFO:
		return (PAM_SUCCESS);
	default:
		return (PAM_CONV_ERR);
	}
}

static int
converse(int count, const struct pam_message **messages,
    struct pam_response **responses, void *context)
{
	const struct pam_question *question = context;
	struct pam_response *answers;
	int i, ret = PAM_SUCCESS;

	if (count <= 0 || count > PAM_MAX_NUM_MSG)
		return (PAM_CONV_ERR);
	answers = calloc((size_t)count, sizeof(*answers));
	if (answers == NULL)
		return (PAM_BUF_ERR);
	for (i = 0; i < count && ret == PAM_SUCCESS; i++)
		ret = answer(messages[i], question->password, &answers[i]);
	if (ret != PAM_SUCCESS) {
		free_answers(answers, count);
		return (ret);
	}
	*responses = answers;
	return (PAM_SUCCESS);
}

/* The worker delays the next attempt: a checker that slept would be lost. */
static void
no_delay(int status, unsigned int microseconds, void *context)
{
	(void)status;
	(void)microseconds;
	(void)context;
}

static int
set_items(pam_handle_t *handle, const struct pam_question *question)
{
	void (*delay)(int, unsigned int, void *) = no_delay;
	const void *item;
	int ret;

	/* ISO C has no conversion from a function to void *. */
	memcpy(&item, &delay, sizeof(item));
	ret = pam_set_item(handle, PAM_FAIL_DELAY, item);
	if (ret == PAM_SUCCESS)
		ret = pam_set_item(handle, PAM_RHOST, question->client);
	if (ret == PAM_SUCCESS)
		ret = pam_set_item(handle, PAM_RUSER, question->user);
	if (ret == PAM_SUCCESS)
		ret = pam_set_item(handle, PAM_TTY, "ftp");
	return (ret);
}

static enum pam_verdict
verdict(int status)
{
	switch (status) {
	case PAM_SUCCESS:
		return (PAM_LOGIN_OK);
	case PAM_OPEN_ERR:
	case PAM_SYMBOL_ERR:
	case PAM_SERVICE_ERR:
	case PAM_SYSTEM_ERR:
	case PAM_BUF_ERR:
	case PAM_ABORT:
		return (PAM_LOGIN_BROKEN);
	default:
		return (PAM_LOGIN_DENIED);
	}
}

enum pam_verdict
pam_check(const struct pam_question *question, const char **why)
{
	struct pam_conv conversation = { converse, NULL };
	pam_handle_t *handle = NULL;
	int ret;

	memcpy(&conversation.appdata_ptr, &question,
	    sizeof(conversation.appdata_ptr));
	ret = pam_start(question->service, question->user, &conversation,
	    &handle);
	if (ret != PAM_SUCCESS) {
		*why = "PAM cannot be started";
		return (PAM_LOGIN_BROKEN);
	}
	ret = set_items(handle, question);
	if (ret == PAM_SUCCESS && question->password != NULL)
		ret = pam_authenticate(handle, PAM_DISALLOW_NULL_AUTHTOK);
	if (ret == PAM_SUCCESS)
		ret = pam_acct_mgmt(handle, PAM_DISALLOW_NULL_AUTHTOK);
	if (ret == PAM_SUCCESS)
		ret = pam_setcred(handle, PAM_ESTABLISH_CRED | PAM_SILENT);
	*why = pam_strerror(handle, ret);
	(void)pam_end(handle, ret);
	return (verdict(ret));
}
