#include "master/helper/key_child.h"

#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <string.h>
#include <unistd.h>

#include "master/helper/certificate_child.h"
#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/base/process.h"
#include "shm/base/secret.h"
#include "shm/ipc/role.h"

/*
 * Old files need algorithms that only the module "legacy" has, and nothing else
 * of ours shall have them.  It is well if it is not there.
 */
static int
load_library(void)
{
	if (OPENSSL_init_ssl(0, NULL) != 1 ||
	    OSSL_PROVIDER_load(NULL, "default") == NULL)
		return (-1);
	(void)OSSL_PROVIDER_load(NULL, "legacy");
	return (0);
}

/* All texts in one piece of secret memory, the phrase with its NUL. */
static char *
read_job(struct key_child_job *job)
{
	size_t len;
	char *text;

	if (fd_read_whole(FD_MASTER, job, sizeof(*job)) != 1 ||
	    job->form >= KEY_FORM_COUNT || job->cert_len > KEY_BYTES_MAX ||
	    job->key_len > KEY_BYTES_MAX || job->phrase_len >= KEY_PHRASE_MAX)
		return (NULL);
	len = (size_t)job->cert_len + job->key_len + job->phrase_len;
	text = secret_alloc(len + 1, SECRET_KEEP_ON_FORK);
	if (text == NULL || fd_read_whole(FD_MASTER, text, len) != 1)
		return (NULL);
	return (text);
}

static int
send_answer(const struct key_opened *opened)
{
	struct key_child_answer answer;

	memset(&answer, 0, sizeof(answer));
	answer.outcome = opened->outcome;
	answer.cert_len = (uint32_t)opened->cert_len;
	answer.key_len = (uint32_t)opened->key_len;
	memcpy(answer.type, opened->type, sizeof(answer.type));
	memcpy(answer.text, opened->text, sizeof(answer.text));
	if (fd_send_whole(FD_MASTER, &answer, sizeof(answer)) != 1 ||
	    fd_send_whole(FD_MASTER, opened->cert, opened->cert_len) != 1 ||
	    fd_send_whole(FD_MASTER, opened->key, opened->key_len) != 1)
		return (-1);
	return (0);
}

void
key_child_run(const char *uid, const char *gid)
{
	struct key_request request;
	struct key_child_job job;
	struct key_opened opened;
	char *text;
	int ret;

	process_title("ftpsd: keys");
	log_set_name("keys");
	if (load_library() == -1 || certificate_child_confine(uid, gid) == -1)
		_exit(1);
	text = read_job(&job);
	if (text == NULL)
		_exit(1);
	memset(&request, 0, sizeof(request));
	request.form = (enum key_form)job.form;
	request.cert = text;
	request.cert_len = job.cert_len;
	request.key = text + job.cert_len;
	request.key_len = job.key_len;
	if (job.with_phrase != 0)
		request.phrase = text + job.cert_len + job.key_len;
	key_open(&request, &opened);
	ret = send_answer(&opened);
	key_opened_free(&opened);
	/* No exit handlers: there is nothing to put in order. */
	_exit(ret == 0 ? 0 : 1);
}
