#include "master/keys/device_check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "master/helper.h"
#include "master/helper/device_child.h"
#include "shm/base/buf.h"
#include "shm/base/fd.h"
#include "shm/base/log.h"

#define DEADLINE_MS  30000 /* tokens are slow */
#define TEXT_ESCAPED 1024

struct device_check {
	struct device_check_setup setup;
	struct helper helper;
	size_t verdicts; /* that are there already */
	size_t next;     /* key pair, for the key that the next one is about */
	struct device_verdict verdict;
	size_t got; /* of it */
};

static const struct certificate *
next_key(const struct certificates *certificates, size_t *at)
{
	const struct certificate *certificate;

	while (*at < certificates_pairs(certificates)) {
		certificate = certificates_at(certificates, (*at)++);
		if (certificate->pair.key_uri != NULL &&
		    certificate->pair.cert != NULL)
			return (certificate);
	}
	return (NULL);
}

static bool
has_device(const struct conf *conf)
{
	return (conf->fips || strcmp(conf->crypto_device, "none") != 0);
}

bool
device_check_needed(const struct conf *conf,
    const struct certificates *certificates)
{
	size_t at = 0;

	return (has_device(conf) || next_key(certificates, &at) != NULL);
}

/* --- the job -------------------------------------------------------------- */

static int
write_key(struct buf *out, const struct certificate *certificate)
{
	struct device_key head;

	head.uri_len = (uint32_t)strlen(certificate->pair.key_uri);
	head.cert_len = (uint32_t)certificate->pair.cert_len;
	if (buf_append(out, &head, sizeof(head)) == -1 ||
	    buf_append(out, certificate->pair.key_uri, head.uri_len) == -1)
		return (-1);
	return (buf_append(out, certificate->pair.cert, head.cert_len));
}

static int
write_job(struct buf *out, const struct device_check_setup *setup)
{
	const struct certificate *certificate;
	struct device_job job;
	size_t at = 0;

	memset(&job, 0, sizeof(job));
	job.fips = setup->conf->fips;
	job.device_len = (uint32_t)strlen(setup->conf->crypto_device);
	while (next_key(setup->certificates, &at) != NULL)
		job.keys++;
	if (buf_append(out, &job, sizeof(job)) == -1 ||
	    buf_append(out, setup->conf->crypto_device, job.device_len) == -1)
		return (-1);
	at = 0;
	while ((certificate = next_key(setup->certificates, &at)) != NULL)
		if (write_key(out, certificate) == -1)
			return (-1);
	return (0);
}

/* A descriptor of the job, or -1 with errno. */
static int
make_job(const struct device_check_setup *setup)
{
	struct buf out;
	int fd = -1;

	buf_init(&out, 0);
	if (write_job(&out, setup) == 0)
		fd = fd_sealed("devices", buf_data(&out), buf_len(&out));
	else
		errno = ENOMEM;
	buf_free(&out);
	return (fd);
}

/* --- the answers ---------------------------------------------------------- */

static void
finish(struct device_check *check)
{
	(void)helper_end(&check->helper);
	check->setup.done(check->setup.context);
}

/* About the providers as such, or the key of a pair. */
static void
mistake(struct device_check *check, const struct certificate *certificate,
    const char *text)
{
	const struct conf *conf = check->setup.conf;
	const char *what = "keys by URI";

	if (certificate != NULL) {
		certificate_mistake(check->setup.errors, &certificate->place,
		    certificate->name, text);
		return;
	}
	if (strcmp(conf->crypto_device, "none") != 0)
		what = conf->fips ? "tls.fips, tls.crypto_device"
				  : "tls.crypto_device";
	else if (conf->fips)
		what = "tls.fips";
	conf_errors_add(check->setup.errors, check->setup.path, 0, 0, "%s: %s",
	    what, text);
}

static void
failed(struct device_check *check, const char *text)
{
	mistake(check, NULL, text);
	finish(check);
}

static void
too_slow(void *context)
{
	failed(context, "refused: trying it takes too long");
}

/* Whether more of them come. */
static bool
take_verdict(struct device_check *check)
{
	const struct device_verdict *verdict = &check->verdict;
	const struct certificate *certificate = NULL;
	char text[TEXT_ESCAPED];
	size_t at;

	if (check->verdicts++ > 0)
		certificate = next_key(check->setup.certificates, &check->next);
	log_escape(text, sizeof(text), verdict->text,
	    strnlen(verdict->text, sizeof(verdict->text)));
	if (verdict->good != 1)
		mistake(check, certificate, text);
	at = check->next;
	if (verdict->good != 1 && certificate == NULL)
		return (false);
	return (next_key(check->setup.certificates, &at) != NULL);
}

static void
ready(unsigned int events UNUSED, void *context)
{
	struct device_check *check = context;
	int ret;

	ret = helper_receive(&check->helper, &check->verdict,
	    sizeof(check->verdict), &check->got);
	if (ret == 0)
		return;
	if (ret == -1) {
		failed(check, "refused: the process that tries it failed");
		return;
	}
	check->got = 0;
	if (!take_verdict(check))
		finish(check);
}

static int
start_child(struct device_check *check, int job)
{
	const struct device_check_setup *setup = &check->setup;
	const struct helper_setup helper = {
		.loop = setup->loop,
		.self = setup->self,
		.user = &setup->user,
		.role = DEVICE_CHILD,
		.type = SOCK_STREAM,
		.job = job,
		/* Modules have settings there, and workers see them, too. */
		.environment = true,
		.ready = ready,
		.too_slow = too_slow,
		.context = check,
	};

	if (helper_start(&check->helper, &helper) == -1)
		return (-1);
	loop_timer_set(check->helper.deadline, DEADLINE_MS);
	return (0);
}

struct device_check *
device_check_new(const struct device_check_setup *setup)
{
	struct device_check *check;
	int job;

	check = calloc(1, sizeof(*check));
	if (check == NULL)
		return (NULL);
	check->setup = *setup;
	helper_init(&check->helper);
	job = make_job(setup);
	if (job == -1 || start_child(check, job) == -1)
		device_check_free(&check);
	fd_close(&job);
	return (check);
}

void
device_check_free(struct device_check **check)
{
	struct device_check *gone = *check;

	if (gone == NULL)
		return;
	*check = NULL;
	(void)helper_end(&gone->helper);
	free(gone);
}
