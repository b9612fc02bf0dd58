#include "master/ocsp/staple_entry.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "master/ocsp/staple_time.h"
#include "shm/base/log.h"
#include "shm/base/ocsp_response.h"
#include "shm/base/secret.h"

#define WARN_AGAIN_SEC 3600

static uint32_t
random_number(void)
{
	uint32_t number;

	secret_random(&number, sizeof(number));
	return (number);
}

static void
drop_response(struct staple_entry *entry)
{
	free(entry->der);
	entry->der = NULL;
	entry->der_len = 0;
	entry->expires = 0;
	entry->to_put = false;
}

/* When a response ends that may not say it. */
static uint64_t
end_of(uint64_t next_update, uint64_t fetched)
{
	uint64_t most = fetched + STAPLE_LIFE_MAX;

	if (next_update == 0)
		return (fetched + STAPLE_UNDATED);
	return (next_update < most ? next_update : most);
}

/* A good response in the place of another; false: memory is short. */
static bool
adopt(struct staple_entry *entry, const void *der, size_t len)
{
	uint8_t *copy = malloc(len);

	if (copy == NULL)
		return (false);
	memcpy(copy, der, len);
	drop_response(entry);
	entry->der = copy;
	entry->der_len = len;
	entry->status = STAPLE_GOOD;
	entry->expires = end_of(entry->next_update, entry->fetched);
	entry->to_put = true;
	entry->to_remove = false;
	entry->warned = 0;
	return (true);
}

static void
plan_refresh(struct staple_entry *entry, uint64_t now)
{
	entry->next_try = staple_refresh_at(now, entry->this_update,
	    end_of(entry->next_update, entry->fetched), random_number());
}

/* --- files ---------------------------------------------------------------- */

static X509 *
certificate(const uint8_t *der, size_t len)
{
	const unsigned char *at = der;

	return (d2i_X509(NULL, &at, (long)len));
}

static void
judge(const struct staple_entry *entry, const void *der, size_t len,
    struct ocsp_finding *finding)
{
	const struct staple_subject *subject = &entry->subject;
	struct ocsp_subject who;

	memset(finding, 0, sizeof(*finding));
	who.unsigned_too = (subject->flags & OCSP_ASK_NO_VERIFY) != 0;
	who.cert = certificate(subject->cert, subject->cert_len);
	who.issuer = certificate(subject->issuer, subject->issuer_len);
	if (who.cert != NULL && who.issuer != NULL)
		ocsp_response_read(&who, der, len, NULL, finding);
	X509_free(who.cert);
	X509_free(who.issuer);
}

void
staple_entry_load(struct staple_entry *entry, const struct staple_store *store,
    uint64_t now)
{
	static uint8_t der[CACHE_VALUE_MAX];
	struct ocsp_finding finding;
	uint64_t written = 0;
	size_t len;

	entry->loaded = true;
	if (entry->subject.obstacle != NULL || entry->der != NULL)
		return;
	len = staple_store_read(store, entry->subject.key, der, sizeof(der),
	    &written);
	if (len == 0)
		return;
	judge(entry, der, len, &finding);
	if (finding.revocation != REVOCATION_GOOD || written > now ||
	    end_of((uint64_t)finding.next_update, written) <= now) {
		staple_store_remove(store, entry->subject.key);
		return;
	}
	entry->this_update = (uint64_t)finding.this_update;
	entry->next_update = (uint64_t)finding.next_update;
	entry->fetched = written;
	if (adopt(entry, der, len))
		plan_refresh(entry, now);
}

/* --- answers -------------------------------------------------------------- */

/* Of a hundred certificates of one responder that is down each has its line. */
static void
fail(struct staple_entry *entry, const char *why, uint64_t now)
{
	entry->failures++;
	entry->next_try =
	    staple_retry_at(now, entry->failures, random_number());
	(void)snprintf(entry->error, sizeof(entry->error), "%s", why);
	log_event(entry->failures == 1 ? LOG_LEVEL_WARNING : LOG_LEVEL_DEBUG,
	    LOG_STREAM_MAIN, NULL,
	    "no response to staple for the certificate of host %s (serial "
	    "%s): %s; the next try is in %llu s%s",
	    entry->subject.host, entry->subject.serial, why,
	    (unsigned long long)(entry->next_try - now),
	    entry->der != NULL ? ", the last one is still good" : "");
}

static void
take_good(struct staple_entry *entry, const struct job_result *result,
    struct staple_store *store, uint64_t now)
{
	if (!adopt(entry, result->data, result->data_len)) {
		fail(entry, "no memory", now);
		return;
	}
	log_event(entry->failures > 0 ? LOG_LEVEL_NOTICE : LOG_LEVEL_DEBUG,
	    LOG_STREAM_MAIN, NULL,
	    "the certificate of host %s (serial %s) has a fresh response to "
	    "staple",
	    entry->subject.host, entry->subject.serial);
	entry->failures = 0;
	entry->error[0] = '\0';
	plan_refresh(entry, now);
	staple_store_write(store, entry->subject.key, entry->der,
	    entry->der_len);
}

/* Whoever staples nothing is as good as one who staples that. */
static void
take_revoked(struct staple_entry *entry, const struct staple_store *store,
    uint64_t now)
{
	drop_response(entry);
	entry->status = STAPLE_REVOKED;
	entry->failures = 0;
	entry->to_remove = true;
	(void)snprintf(entry->error, sizeof(entry->error),
	    "the certificate is revoked");
	plan_refresh(entry, now);
	staple_store_remove(store, entry->subject.key);
	log_error("alarm: the certificate of host %s (serial %s) is REVOKED, "
		  "says its responder: it has to be replaced",
	    entry->subject.host, entry->subject.serial);
}

void
staple_entry_answer(struct staple_entry *entry, const struct job_result *result,
    struct staple_store *store, uint64_t now)
{
	const enum revocation found = (enum revocation)result->revocation;
	char why[OCSP_TEXT_MAX + 1];

	entry->asking = false;
	if (result->data_len == 0 || found == REVOCATION_UNANSWERED) {
		(void)snprintf(why, sizeof(why), "%.*s", (int)result->text_len,
		    result->text);
		fail(entry, why[0] == '\0' ? "no answer" : why, now);
		return;
	}
	if (found == REVOCATION_UNKNOWN) {
		if (entry->der == NULL)
			entry->status = STAPLE_UNKNOWN;
		fail(entry, "its responder does not know the certificate", now);
		return;
	}
	if (found == REVOCATION_GOOD && result->data_len > CACHE_VALUE_MAX) {
		fail(entry, "the response is too long to be kept", now);
		return;
	}
	entry->this_update = result->issued;
	entry->next_update = result->undated ? 0 : result->expires;
	entry->fetched = now;
	if (found == REVOCATION_GOOD)
		take_good(entry, result, store, now);
	else
		take_revoked(entry, store, now);
}

/* --- time ----------------------------------------------------------------- */

void
staple_entry_age(struct staple_entry *entry, uint64_t now)
{
	if (entry->der != NULL && entry->expires <= now) {
		drop_response(entry);
		entry->status = STAPLE_NONE;
	}
	/* The first try may be under way. */
	if (!entry->subject.must || entry->der != NULL ||
	    (entry->failures == 0 && entry->status != STAPLE_REVOKED &&
		entry->subject.obstacle == NULL) ||
	    (entry->warned != 0 && now - entry->warned < WARN_AGAIN_SEC))
		return;
	entry->warned = now;
	log_error("alarm: the certificate of host %s (serial %s) demands to be "
		  "stapled, and there is no response: clients may refuse it: "
		  "%s",
	    entry->subject.host, entry->subject.serial,
	    entry->subject.obstacle != NULL ? entry->subject.obstacle
					    : entry->error);
}

void
staple_entry_forget(struct staple_entry *entry,
    const struct staple_store *store)
{
	drop_response(entry);
	entry->status = STAPLE_NONE;
	entry->this_update = entry->next_update = entry->fetched = 0;
	entry->next_try = 0;
	entry->failures = 0;
	entry->error[0] = '\0';
	entry->loaded = true;
	staple_store_remove(store, entry->subject.key);
}

void
staple_entry_describe(const struct staple_entry *entry,
    struct msg_staple_entry *out)
{
	const struct staple_subject *subject = &entry->subject;

	memset(out, 0, sizeof(*out));
	memcpy(out->host, subject->host, sizeof(out->host));
	memcpy(out->serial, subject->serial, sizeof(out->serial));
	(void)EVP_Digest(subject->cert, subject->cert_len, out->sha256, NULL,
	    EVP_sha256(), NULL);
	out->hosts = subject->hosts;
	out->status = entry->status;
	out->flags = (subject->must ? STAPLE_MUST : 0) |
	    (subject->no_responder ? STAPLE_NO_RESPONDER : 0) |
	    (entry->der != NULL ? STAPLE_SERVED : 0);
	out->failures = entry->failures;
	out->this_update = entry->this_update;
	out->next_update = entry->next_update;
	out->fetched = entry->fetched;
	if (subject->obstacle == NULL)
		out->next_try = entry->next_try;
	(void)snprintf(out->error, sizeof(out->error), "%s",
	    subject->obstacle != NULL ? subject->obstacle : entry->error);
}

void
staple_entry_free(struct staple_entry *entry)
{
	staple_subject_free(&entry->subject);
	drop_response(entry);
}
