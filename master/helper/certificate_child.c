#include "master/helper/certificate_child.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/base/process.h"
#include "shm/base/secret.h"
#include "shm/ipc/role.h"

#define NICE 10

/* What the master reads at most, and some. */
#define TEXT_MAX ((size_t)20 * 1024 * 1024)

/* Of numbers that the master would not send, none is taken. */
static bool
is_good_job(const struct certificate_job *job)
{
	return (job->subject < CERTIFICATE_SUBJECT_COUNT &&
	    job->cert_len <= TEXT_MAX && job->key_len <= TEXT_MAX);
}

/* One job; false when there are no more. */
static int
serve_one(void)
{
	struct certificate_verdict verdict;
	struct certificate_job job;
	struct certificate_case what;
	size_t len;
	char *text;
	int ret;

	if (fd_read_whole(FD_MASTER, &job, sizeof(job)) != 1 ||
	    !is_good_job(&job))
		return (0);
	len = (size_t)job.cert_len + job.key_len;
	text = malloc(len + 1);
	if (text == NULL)
		return (0);
	ret = fd_read_whole(FD_MASTER, text, len);
	if (ret == 1) {
		what.subject = (enum certificate_subject)job.subject;
		what.flags = job.flags;
		what.cert = text;
		what.cert_len = job.cert_len;
		what.key = text + job.cert_len;
		what.key_len = job.key_len;
		certificate_check(&what, &verdict);
		ret = fd_send_whole(FD_MASTER, &verdict, sizeof(verdict));
	}
	secret_wipe(text, len);
	free(text);
	return (ret == 1);
}

/*
 * With root: an empty root directory (that of a process, which goes with us)
 * and the identity that the master names.
 */
int
certificate_child_confine(const char *uid, const char *gid)
{
	struct rlimit none = { 0, 0 };
	struct process_limits limits;
	struct identity identity;

	memset(&identity, 0, sizeof(identity));
	identity.uid = (uid_t)strtoul(uid, NULL, 10);
	identity.gid = (gid_t)strtoul(gid, NULL, 10);

	memset(&limits, 0, sizeof(limits));
	limits.open_files = 16;
	limits.no_processes = 1;
	if (process_is_root() && process_root("/proc/self/fdinfo") == -1)
		return (-1);
	if (setrlimit(RLIMIT_FSIZE, &none) == -1 ||
	    process_limit(&limits) == -1 || process_drop(&identity) == -1)
		return (-1);
	return (process_harden(0, 0));
}

void
certificate_child_run(const char *uid, const char *gid)
{
	process_title("ftpsd: certificates");
	log_set_name("certificates");
	/* Those who serve go first. */
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	/* What the library reads from disk, it reads now. */
	if (OPENSSL_init_ssl(0, NULL) != 1 ||
	    certificate_child_confine(uid, gid) == -1)
		_exit(1);
	while (serve_one())
		continue;
	/* No exit handlers: there is nothing to put in order. */
	_exit(0);
}
