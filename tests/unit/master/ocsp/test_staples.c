/* Unit tests of what the ocsp process knows of our own certificates. */
#include <CUnit/CUnit.h>
#include <errno.h>
#include <openssl/pem.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "master/ocsp/staple_entry.h"
#include "master/ocsp/staple_time.h"
#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/board/key_swap.h"
#include "tests/unit/ocsp_world.h"
#include "tests/unit/scratch.h"

#define NOW 2000000000u

/* --- times ---------------------------------------------------------------- */

static const uint32_t numbers[] = { 0, 1, 12345, UINT32_MAX / 2, UINT32_MAX };

static void
refreshes_at_half_life(void)
{
	static const struct {
		const char *what;
		uint64_t from, until, least, most; /* after NOW - 1000 */
	} cases[] = {
		{ "half of two days", 1000, 173800, 77000, 96000 },
		{ "begun before", 0, 172800, 76000, 95000 },
		{ "past the half", 0, 1500, 200, 300 },
		{ "nearly over", 0, 1002, STAPLE_REFRESH_MIN,
		    STAPLE_REFRESH_MIN },
		{ "over", 0, 500, STAPLE_REFRESH_MIN, STAPLE_REFRESH_MIN },
		{ "ends before it begins", 900, 100, STAPLE_REFRESH_MIN,
		    STAPLE_REFRESH_MIN },
		{ "far in the future", 0, UINT64_MAX / 2, 1000000,
		    STAPLE_REFRESH_MAX },
		{ "of the future", UINT64_MAX / 4, UINT64_MAX / 2, 1000000,
		    STAPLE_REFRESH_MAX },
	};
	uint64_t begin = NOW - 1000, at;
	size_t i, j;

	for (i = 0; i < NITEMS(cases); i++)
		for (j = 0; j < NITEMS(numbers); j++) {
			at = staple_refresh_at(NOW, begin + cases[i].from,
				 begin + cases[i].until, numbers[j]) -
			    NOW;
			CHECK_CASE(at >= cases[i].least && at <= cases[i].most,
			    cases[i].what);
		}
}

static void
retries_with_pauses(void)
{
	static const struct {
		uint32_t failures;
		uint64_t least, most;
	} cases[] = {
		{ 0, 60, 66 },
		{ 1, 60, 66 },
		{ 2, 108, 132 },
		{ 3, 216, 264 },
		{ 6, 1728, 2112 },
		{ 7, 3240, 3600 },
		{ 8, 3240, 3600 },
		{ UINT32_MAX, 3240, 3600 },
	};
	uint64_t wait;
	size_t i, j;

	for (i = 0; i < NITEMS(cases); i++)
		for (j = 0; j < NITEMS(numbers); j++) {
			wait = staple_retry_at(NOW, cases[i].failures,
				   numbers[j]) -
			    NOW;
			CHECK_CASE(wait >= cases[i].least &&
				wait <= cases[i].most,
			    "a pause grows, and has an end");
		}
}

/* --- lists ---------------------------------------------------------------- */

static struct file_bytes
pem_of(const struct entity *first, const struct entity *second)
{
	struct file_bytes bytes = { NULL, 0 };
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	long len;

	(void)PEM_write_bio_X509(bio, first->cert);
	if (second != NULL)
		(void)PEM_write_bio_X509(bio, second->cert);
	len = BIO_get_mem_data(bio, &data);
	bytes.data = strndup(data, (size_t)len);
	bytes.len = (size_t)len;
	BIO_free(bio);
	return (bytes);
}

static void
free_bytes(struct file_bytes *bytes)
{
	union {
		const char *data;
		void *memory;
	} both = { bytes->data };

	free(both.memory);
}

static int
send_parts(const struct file_bytes *blobs, size_t nblobs,
    const struct key_swap_part *parts, size_t nparts)
{
	const struct key_swap_plan plan = { blobs, nblobs, parts, nparts };
	int fd = key_swap_write(&plan);

	CU_ASSERT_FATAL(fd != -1);
	return (fd);
}

/* Hosts that staple; the second has a responder of its own, the last none. */
static struct staple_host host_items[] = {
	{ "one.example", true, OCSP_ASK_NO_NONCE, 10, NULL },
	{ "two.example", true, OCSP_ASK_NO_NONCE, 10, NULL },
	{ "own.example", true, 0, 5, NULL },
	{ "off.example", false, 0, 0, NULL },
};
static const struct staple_hosts hosts = { host_items, NITEMS(host_items) };

/* A certificate that names a responder, and demands to be stapled. */
static void
make_demanding(struct entity *entity, const struct world *world)
{
	make(entity, &world->authority, "demanding", NULL);
	extend(entity->cert, NID_info_access, "OCSP;URI:http://127.0.0.1:1/");
	extend(entity->cert, NID_tlsfeature, "status_request");
	CU_ASSERT(
	    X509_sign(entity->cert, world->authority.key, EVP_sha256()) > 0);
}

static const struct staple_subject *
subject_of(const struct staple_list *list, const char *host)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (strcmp(list->items[i].host, host) == 0)
			return (&list->items[i]);
	CU_FAIL_FATAL("the host is in the list");
	return (NULL);
}

static void
lists_what_hosts_have(void)
{
	static char responder[] = "http://own.example/ocsp";
	struct file_bytes blobs[3];
	const struct key_swap_part parts[] = {
		{ 0, KEY_SWAP_PAIR, 0, KEY_SWAP_KEEP },
		{ 1, KEY_SWAP_PAIR, 0, KEY_SWAP_KEEP },
		{ 2, HOST_FILE_CA, 2, KEY_SWAP_KEEP },
		{ 2, KEY_SWAP_PAIR, 1, KEY_SWAP_KEEP },
		{ 3, KEY_SWAP_PAIR, 1, KEY_SWAP_KEEP },
		{ 4, KEY_SWAP_PAIR, 1, KEY_SWAP_KEEP },
		{ 0, KEY_SWAP_PAIR + 1, KEY_SWAP_KEEP, KEY_SWAP_KEEP },
	};
	const struct staple_subject *subject;
	struct staple_list list;
	struct entity demanding;
	struct world world;
	int fd;

	world_make(&world);
	make_demanding(&demanding, &world);
	blobs[0] = pem_of(&demanding, &world.authority);
	blobs[1] = pem_of(&world.client, NULL);
	blobs[2] = pem_of(&world.stranger, &world.authority);
	host_items[2].responder = responder;
	fd = send_parts(blobs, NITEMS(blobs), parts, NITEMS(parts));
	CU_ASSERT_EQUAL_FATAL(staple_list_read(&list, fd, &hosts), 0);
	close(fd);
	CU_ASSERT_EQUAL_FATAL(list.count, 2);
	subject = subject_of(&list, "one.example");
	CHECK_CASE(subject->hosts == 2, "the same for two is there once");
	CU_ASSERT(subject->must && subject->obstacle == NULL);
	CU_ASSERT_STRING_EQUAL(subject->urls, "http://127.0.0.1:1/");
	subject = subject_of(&list, "own.example");
	CHECK_CASE(subject->obstacle == NULL && !subject->must,
	    "the issuer with the right key, among authorities of one name");
	CU_ASSERT_STRING_EQUAL(subject->urls, responder);
	CU_ASSERT_EQUAL(subject->timeout, 5);
	staple_list_free(&list);
	host_items[2].responder = NULL;
	free_bytes(&blobs[0]);
	free_bytes(&blobs[1]);
	free_bytes(&blobs[2]);
	destroy(&demanding);
	world_end(&world);
}

static void
knows_what_is_in_the_way(void)
{
	struct file_bytes blobs[3];
	const struct key_swap_part parts[] = {
		{ 0, KEY_SWAP_PAIR, 0, KEY_SWAP_KEEP },
		{ 1, KEY_SWAP_PAIR, 1, KEY_SWAP_KEEP },
		{ 2, KEY_SWAP_PAIR, 2, KEY_SWAP_KEEP },
	};
	struct staple_list list;
	struct entity demanding;
	struct world world;
	int fd;

	world_make(&world);
	make_demanding(&demanding, &world);
	blobs[0] = pem_of(&world.client, &world.authority);
	blobs[1] = pem_of(&demanding, &world.stranger);
	blobs[2].data = "-----BEGIN CERTIFICATE-----\nrubbish\n";
	blobs[2].len = strlen(blobs[2].data);
	log_set_level(LOG_LEVEL_ERROR);
	fd = send_parts(blobs, NITEMS(blobs), parts, NITEMS(parts));
	CU_ASSERT_EQUAL_FATAL(staple_list_read(&list, fd, &hosts), 0);
	close(fd);
	CU_ASSERT_EQUAL_FATAL(list.count, 2);
	CU_ASSERT(subject_of(&list, "one.example")->no_responder);
	CHECK_CASE(!subject_of(&list, "two.example")->no_responder &&
		subject_of(&list, "two.example")->obstacle != NULL,
	    "a stranger of the issuer's name is not the issuer");
	staple_list_free(&list);
	fd = fd_sealed("rubbish", "rubbish rubbish", 15);
	CU_ASSERT_EQUAL(staple_list_read(&list, fd, &hosts), -1);
	close(fd);
	fd = memfd_create("unsealed", 0);
	CU_ASSERT_EQUAL(staple_list_read(&list, fd, &hosts), -1);
	close(fd);
	log_set_level(LOG_LEVEL_INFO);
	free_bytes(&blobs[0]);
	free_bytes(&blobs[1]);
	destroy(&demanding);
	world_end(&world);
}

/* --- entries -------------------------------------------------------------- */

static void
entry_make(struct staple_entry *entry, const struct world *world)
{
	struct staple_subject *subject = &entry->subject;
	unsigned char *cert = NULL, *issuer = NULL;

	memset(entry, 0, sizeof(*entry));
	(void)snprintf(subject->host, sizeof(subject->host), "host");
	subject->cert_len = (size_t)i2d_X509(world->client.cert, &cert);
	subject->issuer_len = (size_t)i2d_X509(world->authority.cert, &issuer);
	subject->cert = cert;
	subject->issuer = issuer;
}

static struct job_result *
result_of(enum revocation revocation, size_t len)
{
	static struct job_result result;

	memset(&result, 0, sizeof(result));
	result.revocation = revocation;
	result.data_len = (uint32_t)len;
	result.issued = NOW - 100;
	result.expires = NOW + 1000;
	return (&result);
}

static void
forget_record(const struct log_record *record UNUSED, void *context UNUSED)
{
}

static void
keeps_good_answers_alone(void)
{
	struct staple_store store = { -1, false };
	struct staple_entry entry;
	struct msg_staple_entry line;
	struct job_result *result;
	struct world world;

	log_set_sink(forget_record, NULL);
	world_make(&world);
	entry_make(&entry, &world);
	staple_entry_answer(&entry, result_of(REVOCATION_UNKNOWN, 9), &store,
	    NOW);
	CU_ASSERT(entry.status == STAPLE_UNKNOWN && entry.der == NULL);
	staple_entry_answer(&entry,
	    result_of(REVOCATION_GOOD, CACHE_VALUE_MAX + 1), &store, NOW);
	CU_ASSERT(entry.der == NULL && entry.failures == 2);
	staple_entry_answer(&entry, result_of(REVOCATION_GOOD, 9), &store, NOW);
	CU_ASSERT(entry.status == STAPLE_GOOD && entry.der_len == 9);
	CU_ASSERT(entry.to_put && entry.failures == 0);
	CU_ASSERT(entry.expires == NOW + 1000 && entry.next_try > NOW + 300);
	/* It stays while others fail, and no longer than it says. */
	result = result_of(REVOCATION_UNANSWERED, 0);
	memset(result->text, 'x', sizeof(result->text));
	result->text_len = sizeof(result->text);
	staple_entry_answer(&entry, result, &store, NOW + 500);
	staple_entry_answer(&entry, result_of(REVOCATION_UNKNOWN, 9), &store,
	    NOW + 600);
	staple_entry_age(&entry, NOW + 999);
	staple_entry_describe(&entry, &line);
	CU_ASSERT(entry.der != NULL && entry.status == STAPLE_GOOD);
	CU_ASSERT((line.flags & STAPLE_SERVED) != 0 && line.failures == 2);
	staple_entry_age(&entry, NOW + 1000);
	CU_ASSERT(entry.der == NULL && entry.status == STAPLE_NONE);
	staple_entry_answer(&entry, result_of(REVOCATION_GOOD, 9), &store, NOW);
	staple_entry_answer(&entry, result_of(REVOCATION_REVOKED, 9), &store,
	    NOW);
	CU_ASSERT(entry.der == NULL && entry.status == STAPLE_REVOKED);
	CU_ASSERT(entry.to_remove && !entry.to_put);
	staple_entry_free(&entry);
	world_end(&world);
	log_set_sink(NULL, NULL);
}

static void
lives_no_longer_than_it_may(void)
{
	struct staple_store store = { -1, false };
	struct staple_entry entry;
	struct job_result *result;
	struct world world;

	world_make(&world);
	entry_make(&entry, &world);
	result = result_of(REVOCATION_GOOD, 9);
	result->undated = 1;
	staple_entry_answer(&entry, result, &store, NOW);
	CU_ASSERT_EQUAL(entry.expires, NOW + STAPLE_UNDATED);
	CU_ASSERT(entry.next_try < NOW + STAPLE_UNDATED);
	result = result_of(REVOCATION_GOOD, 9);
	result->expires = UINT64_MAX;
	staple_entry_answer(&entry, result, &store, NOW);
	CU_ASSERT_EQUAL(entry.expires, NOW + STAPLE_LIFE_MAX);
	CU_ASSERT(entry.next_try <= NOW + STAPLE_REFRESH_MAX);
	staple_entry_free(&entry);
	world_end(&world);
}

/* --- files ---------------------------------------------------------------- */

static bool
wants_none(const uint8_t key[DIGEST_LEN] UNUSED, const void *context UNUSED)
{
	return (false);
}

static void
verifies_what_files_say(void)
{
	const uint64_t now = (uint64_t)time(NULL);
	struct staple_store store = { -1, false };
	struct saying saying = { .status = V_OCSP_CERTSTATUS_GOOD,
		.this_update = -60,
		.next_update = DAY };
	struct staple_entry entry;
	struct scratch scratch;
	struct world world;
	unsigned char *der;
	uint64_t written;
	uint8_t out[16];
	size_t len;

	scratch_new(&scratch);
	staple_store_open(&store, scratch.path);
	world_make(&world);
	saying.about = &world.client;
	saying.issuer = saying.signer = &world.authority;
	len = say(&saying, &der);
	entry_make(&entry, &world);
	staple_store_write(&store, entry.subject.key, der, len);
	staple_entry_load(&entry, &store, now + 1);
	CU_ASSERT(entry.status == STAPLE_GOOD && entry.der_len == len);
	CU_ASSERT(entry.to_put && entry.next_try > now);
	CU_ASSERT(staple_store_read(&store, entry.subject.key, out, sizeof(out),
		      &written) == 0);
	/* One that somebody else has signed is no more. */
	staple_entry_forget(&entry, &store);
	OPENSSL_free(der);
	saying.signer = &world.stranger;
	len = say(&saying, &der);
	staple_store_write(&store, entry.subject.key, der, len);
	staple_entry_load(&entry, &store, now + 1);
	CU_ASSERT(entry.der == NULL && entry.status == STAPLE_NONE);
	staple_store_write(&store, entry.subject.key, "x", 1);
	CU_ASSERT(staple_store_read(&store, entry.subject.key, out, sizeof(out),
		      &written) == 1);
	staple_store_sweep(&store, wants_none, NULL);
	CU_ASSERT(staple_store_read(&store, entry.subject.key, out, sizeof(out),
		      &written) == 0);
	OPENSSL_free(der);
	staple_entry_free(&entry);
	staple_store_close(&store);
	world_end(&world);
	scratch_free(&scratch);
}

CU_TestInfo staples_tests[] = {
	{ "refreshes at half life", refreshes_at_half_life },
	{ "retries with pauses", retries_with_pauses },
	{ "lists what hosts have", lists_what_hosts_have },
	{ "knows what is in the way", knows_what_is_in_the_way },
	{ "keeps good answers alone", keeps_good_answers_alone },
	{ "lives no longer than it may", lives_no_longer_than_it_may },
	{ "verifies what files say", verifies_what_files_say },
	CU_TEST_INFO_NULL,
};
