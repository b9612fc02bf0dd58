/* Unit tests of shm/cache: the keeper as a process, over its channels. */
#include <errno.h>

#include "shm/base/loop.h"
#include "tests/unit/keeper_rig.h"

/* Life --------------------------------------------------------------------- */

static void
starts_and_stops(void)
{
	struct msg_stop stop = { STOP_NOW, 0, 0, 0 };
	struct msg_ping ping = { 42 };
	struct rig rig;

	rig_open(&rig);
	CU_ASSERT(mkdir("env-0123456789abcdef", 0700) == 0);
	close(open("env-0123456789abcdef/data.mdb", O_CREAT | O_WRONLY, 0600));
	if (process_is_root())
		CU_ASSERT(chown("env-0123456789abcdef", rig.uid, 1) == 0);
	send_settings(&rig, 1, settings_on);
	CU_ASSERT_FATAL(next(&rig.master) == MSG_READY);
	channel_running(rig.master.channel);
	CHECK_CASE(access("env-0123456789abcdef", F_OK) == -1,
	    "what an earlier life left is removed");
	post(&rig.master, MSG_PING, &ping);
	CU_ASSERT(next(&rig.master) == MSG_PONG);
	CU_ASSERT_EQUAL(rig.master.body.ping.stamp, 42);
	post(&rig.master, MSG_STOP, &stop);
	CU_ASSERT(next(&rig.master) == MSG_NONE);
	rig_close(&rig);
}

static void
refuses_broken_settings(void)
{
	struct rig rig;

	rig_open(&rig);
	send_settings(&rig, 1, "[this, is, no, mapping]");
	CU_ASSERT(next(&rig.master) == MSG_NONE);
	rig_close(&rig);
}

static void
files_have_the_right_owners(void)
{
	struct end worker;
	struct rig rig;
	struct stat st;
	char path[64];

	rig_start(&rig, settings_on);
	worker_open(&rig, &worker, 0);
	(void)snprintf(path, sizeof(path), "%s/data.mdb",
	    worker.body.directory.name);
	CU_ASSERT(stat(path, &st) == 0);
	CU_ASSERT_EQUAL(st.st_mode & 07777, 0640);
	(void)snprintf(path, sizeof(path), "%s/lock.mdb",
	    worker.body.directory.name);
	CU_ASSERT(stat(path, &st) == 0);
	CU_ASSERT_EQUAL(st.st_mode & 07777, 0660);
	CU_ASSERT(stat(worker.body.directory.name, &st) == 0);
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0710);
	if (process_is_root()) {
		CU_ASSERT(st.st_uid != 0 && st.st_gid == 1);
	}
	channel_free(&worker.channel);
	rig_close(&rig);
}

/* Sessions ----------------------------------------------------------------- */

static void
sessions_are_shared(void)
{
	const struct msg_cache_facts *now;
	struct msg_cache_counts counts = { 5, 3, 1, 2, 1, 9000, 0, 0, 0 };
	struct cache_reader *reader;
	struct end one, other;
	struct rig rig;

	rig_start(&rig, settings_on);
	worker_open(&rig, &one, 0);
	worker_open(&rig, &other, 1);
	CHECK_CASE(strcmp(one.body.directory.name, other.body.directory.name) ==
		0,
	    "both are told the same");
	put_some(&one, 0, 100);
	put_some(&other, 100, 100);
	post(&one, MSG_CACHE_COUNTS, &counts);
	counts.largest = 7000;
	counts.hits = UINT64_MAX;
	post(&one, MSG_CACHE_COUNTS, &counts);
	put_some(&one, 0, 1); /* after the counts; overwrites */
	now = facts(&rig, 201);
	CU_ASSERT_EQUAL(now->state, CACHE_ON);
	CU_ASSERT_EQUAL(now->current, 200);
	CU_ASSERT_EQUAL(now->stored, 201);
	CU_ASSERT_EQUAL(now->misses, 6);
	CHECK_CASE(now->hits == UINT64_MAX, "a sum does not wrap");
	CU_ASSERT_EQUAL(now->largest, 9000);
	CU_ASSERT_EQUAL(now->too_large, 4);
	CU_ASSERT_EQUAL(now->map_size, 4u << 20);
	CU_ASSERT(now->map_used > 0 && now->map_used < now->map_size);
	CU_ASSERT(now->maximum > 5000);
	CU_ASSERT(now->created + 100 > (uint64_t)time(NULL));
	rig.master.bytes[rig.master.len] = '\0';
	CU_ASSERT(strstr((char *)rig.master.bytes, rig.scratch.path) ==
	    (char *)rig.master.bytes);
	CU_ASSERT(access((char *)rig.master.bytes, F_OK) == 0);
	reader = cache_reader_new();
	cache_reader_open(reader, &other.body.directory);
	CU_ASSERT(finds(reader, 0) && finds(reader, 199));
	CU_ASSERT(!finds(reader, 200));
	cache_reader_free(&reader);
	channel_free(&one.channel);
	channel_free(&other.channel);
	rig_close(&rig);
}

static void
lists_in_pages(void)
{
	struct msg_cache_list list;
	struct msg_cache_entry entry;
	const struct msg_cache_page *page;
	struct end worker;
	struct rig rig;
	unsigned int seen = 0, pages = 0;

	rig_start(&rig, settings_on);
	page = &rig.master.body.page;
	worker_open(&rig, &worker, 0);
	put_some(&worker, 0, 200);
	(void)facts(&rig, 200);
	memset(&list, 0, sizeof(list));
	do {
		list.request = 50 + pages;
		post(&rig.master, MSG_CACHE_LIST, &list);
		CU_ASSERT_FATAL(next(&rig.master) == MSG_CACHE_PAGE);
		CU_ASSERT_EQUAL(page->request, 50 + pages);
		CU_ASSERT_FATAL(page->count > 0 &&
		    rig.master.len == page->count * sizeof(entry));
		memcpy(&entry,
		    rig.master.bytes + (page->count - 1) * sizeof(entry),
		    sizeof(entry));
		memcpy(list.after, entry.key, sizeof(list.after));
		seen += page->count;
	} while (++pages < 5 && page->last == 0);
	CU_ASSERT_EQUAL(seen, 200);
	CU_ASSERT_EQUAL(pages, 2);
	CU_ASSERT_EQUAL(entry.id_len, 32);
	CU_ASSERT_EQUAL(entry.protocol, 0x0304);
	channel_free(&worker.channel);
	rig_close(&rig);
}

static void
sessions_end_by_themselves(void)
{
	static struct put put;
	uint64_t begin = loop_now();
	struct end worker;
	struct rig rig;

	rig_start(&rig, settings_on);
	worker_open(&rig, &worker, 0);
	put_make(&put, 1);
	put.body.expires = put.body.started + 1;
	put_send(&worker, &put);
	put_make(&put, 2);
	put_send(&worker, &put);
	while (facts(&rig, 2)->expired == 0 && loop_now() - begin < PATIENCE_MS)
		(void)poll(NULL, 0, 20);
	CU_ASSERT_EQUAL(rig.master.body.facts.expired, 1);
	CU_ASSERT_EQUAL(rig.master.body.facts.current, 1);
	channel_free(&worker.channel);
	rig_close(&rig);
}

static void
ends_that_are_refused(void)
{
	static struct put put;
	struct end worker;
	struct rig rig;

	rig_start(&rig, settings_on);
	worker_open(&rig, &worker, 0);
	put_make(&put, 1);
	put.body.expires = put.body.started - 1;
	put_send(&worker, &put);
	put.body.expires = UINT64_MAX;
	put_send(&worker, &put);
	put.body.expires = put.body.started + TIMEOUT + 100;
	put_send(&worker, &put);
	CU_ASSERT_EQUAL(facts(&rig, 3)->dropped, 3);
	CU_ASSERT_EQUAL(rig.master.body.facts.current, 0);
	channel_free(&worker.channel);
	rig_close(&rig);
}

/* Administration ------------------------------------------------------------
 */

static void
clearing(void)
{
	struct cache_reader *reader;
	struct end worker;
	struct rig rig;

	rig_start(&rig, settings_on);
	worker_open(&rig, &worker, 0);
	put_some(&worker, 0, 70);
	(void)facts(&rig, 70);
	reader = cache_reader_new();
	cache_reader_open(reader, &worker.body.directory);
	CU_ASSERT(finds(reader, 0));
	CU_ASSERT_EQUAL(ask_done(&rig, MSG_CACHE_CLEAR, 0), 70);
	CHECK_CASE(!finds(reader, 0), "at once, for those who read already");
	CU_ASSERT(cache_reader_in_service(reader));
	put_some(&worker, 0, 1);
	CU_ASSERT_EQUAL(facts(&rig, 71)->current, 1);
	CU_ASSERT_EQUAL(rig.master.body.facts.deleted, 0);
	CU_ASSERT(finds(reader, 0));
	cache_reader_free(&reader);
	channel_free(&worker.channel);
	rig_close(&rig);
}

static void
removing(void)
{
	struct cache_reader *reader;
	struct end worker, late;
	struct rig rig;

	rig_start(&rig, settings_on);
	worker_open(&rig, &worker, 0);
	put_some(&worker, 0, 5);
	(void)facts(&rig, 5);
	reader = cache_reader_new();
	cache_reader_open(reader, &worker.body.directory);
	CU_ASSERT(finds(reader, 0));
	CU_ASSERT_EQUAL(ask_done(&rig, MSG_CACHE_REMOVE, 0), 5);
	CHECK_CASE(!finds(reader, 0), "gone before the worker has been told");
	CU_ASSERT(next(&worker) == MSG_CACHE_DIRECTORY);
	CU_ASSERT_STRING_EQUAL(worker.body.directory.name, "");
	CU_ASSERT_EQUAL(count_directories(), 0);
	worker_open(&rig, &late, 1);
	CU_ASSERT_STRING_EQUAL(late.body.directory.name, "");
	put_some(&worker, 0, 1);
	CU_ASSERT_EQUAL(facts(&rig, 6)->state, CACHE_REMOVED);
	CU_ASSERT_EQUAL(rig.master.body.facts.path_len, 0);
	CU_ASSERT_EQUAL(ask_done(&rig, MSG_CACHE_CLEAR, ENOSYS), 0);
	CU_ASSERT_EQUAL(ask_done(&rig, MSG_CACHE_REMOVE, 0), 0);
	/* The same generation again is no reload; the next one is. */
	send_settings(&rig, 1, settings_on);
	CU_ASSERT_EQUAL(facts(&rig, 0)->state, CACHE_REMOVED);
	send_settings(&rig, 2, settings_on);
	CU_ASSERT(next(&worker) == MSG_CACHE_DIRECTORY);
	CU_ASSERT(next(&late) == MSG_CACHE_DIRECTORY);
	CU_ASSERT(worker.body.directory.name[0] != '\0');
	CU_ASSERT_EQUAL(facts(&rig, 0)->state, CACHE_ON);
	CU_ASSERT_EQUAL(rig.master.body.facts.current, 0);
	cache_reader_free(&reader);
	channel_free(&worker.channel);
	channel_free(&late.channel);
	rig_close(&rig);
}

static void
newest_settings_count(void)
{
	struct msg_generation drop = { 2, 0 };
	struct end worker;
	struct rig rig;

	rig_start(&rig, "off");
	worker_open(&rig, &worker, 0);
	CU_ASSERT_STRING_EQUAL(worker.body.directory.name, "");
	CU_ASSERT_EQUAL(facts(&rig, 0)->state, CACHE_OFF);
	CU_ASSERT_EQUAL(ask_done(&rig, MSG_CACHE_CLEAR, ENOSYS), 0);
	CU_ASSERT_EQUAL(ask_done(&rig, MSG_CACHE_REMOVE, ENOSYS), 0);
	send_settings(&rig, 2, settings_on);
	CU_ASSERT(next(&worker) == MSG_CACHE_DIRECTORY);
	send_settings(&rig, 1, "off");
	CU_ASSERT_EQUAL(facts(&rig, 0)->state, CACHE_ON);
	send_settings(&rig, 3, settings_on);
	CU_ASSERT_EQUAL(facts(&rig, 0)->state, CACHE_ON);
	CHECK_CASE(count_directories() == 1, "the environment stays");
	send_settings(&rig, 4, "{size: 4MiB, timeout: 9m}");
	CHECK_CASE(next(&worker) == MSG_CACHE_DIRECTORY, "a shorter life");
	drop.generation = 4;
	post(&rig.master, MSG_SETTINGS_DROP, &drop);
	drop.generation = 3;
	post(&rig.master, MSG_SETTINGS_DROP, &drop);
	drop.generation = 2;
	post(&rig.master, MSG_SETTINGS_DROP, &drop);
	CU_ASSERT_EQUAL(facts(&rig, 0)->state, CACHE_OFF);
	channel_free(&worker.channel);
	rig_close(&rig);
}

/* Trouble and hostile workers ---------------------------------------------- */

static void
trouble_brings_another_one(void)
{
	struct msg_cache_trouble trouble;
	struct msg_cache_directory first;
	struct end worker, other;
	struct rig rig;

	rig_start(&rig, settings_on);
	worker_open(&rig, &worker, 0);
	worker_open(&rig, &other, 1);
	put_some(&worker, 0, 5);
	(void)facts(&rig, 5);
	first = worker.body.directory;
	memset(&trouble, 0, sizeof(trouble));
	trouble.error = -30796;
	trouble.number = first.number - 1; /* an old story */
	post(&worker, MSG_CACHE_TROUBLE, &trouble);
	trouble.number = first.number;
	post(&worker, MSG_CACHE_TROUBLE, &trouble);
	post(&other, MSG_CACHE_TROUBLE, &trouble);
	CU_ASSERT(next(&worker) == MSG_CACHE_DIRECTORY);
	CU_ASSERT(next(&other) == MSG_CACHE_DIRECTORY);
	CU_ASSERT_EQUAL(worker.body.directory.number, first.number + 1);
	CU_ASSERT_EQUAL(other.body.directory.number, first.number + 1);
	CU_ASSERT(strcmp(worker.body.directory.name, first.name) != 0);
	CU_ASSERT_EQUAL(facts(&rig, 0)->current, 0);
	CHECK_CASE(count_directories() == 1, "the old one is removed");
	channel_free(&worker.channel);
	channel_free(&other.channel);
	rig_close(&rig);
}

static const struct {
	const char *what;
	uint8_t id_len, context_len;
	uint32_t sealed_len;
	size_t cut;
} bad_puts[] = {
	{ "no id", 0, 32, 200, 0 },
	{ "a long id", 33, 32, 200, 0 },
	{ "a long context", 32, 33, 200, 0 },
	{ "nothing sealed", 32, 32, 0, 0 },
	{ "too much sealed", 32, 32, CACHE_VALUE_MAX + 1, 0 },
	{ "less than it says", 32, 32, 200, 1 },
	{ "only the lengths", 32, 32, 200, 264 },
};

static void
bad_puts_end_the_channel(void)
{
	static struct put put;
	struct end bad, good;
	struct rig rig;
	size_t i;

	rig_start(&rig, settings_on);
	worker_open(&rig, &good, 0);
	for (i = 0; i < NITEMS(bad_puts); i++) {
		worker_open(&rig, &bad, 1);
		put_make(&put, 1);
		put.body.id_len = bad_puts[i].id_len;
		put.body.context_len = bad_puts[i].context_len;
		put.body.sealed_len = bad_puts[i].sealed_len;
		put.cut = bad_puts[i].cut;
		put_send(&bad, &put);
		CHECK_CASE(next(&bad) == MSG_NONE, bad_puts[i].what);
		channel_free(&bad.channel);
	}
	put_some(&good, 0, 1);
	CU_ASSERT_EQUAL(facts(&rig, 1)->current, 1);
	channel_free(&good.channel);
	rig_close(&rig);
}

/* The ocsp process ----------------------------------------------------------
 */

static const char settings_asking[] = "{size: 4MiB, timeout: 10m}\n"
				      "  engine: on\n"
				      "  certificates: [{cert: /c.pem}]\n"
				      "  ca_certificate_file: /ca.pem\n"
				      "  verify_client: on\n"
				      "  verify_order: ocsp\n";

static void
make_response(struct msg_cache_put *body, size_t len)
{
	memset(body, 0, sizeof(*body));
	memset(body->key, 0x66, sizeof(body->key));
	body->id_len = CACHE_KEY_LEN;
	body->started = (uint64_t)time(NULL);
	body->expires = body->started + 600;
	body->sealed_len = (uint32_t)len;
}

static bool
appears(struct cache_reader *reader, const uint8_t *key, size_t len)
{
	static struct cache_record record;
	int i;

	for (i = 0; i < 5000; i++) {
		if (cache_reader_get(reader, key, (uint64_t)time(NULL),
			&record))
			return (record.sealed_len == len &&
			    record.sealed[len - 1] == 0x66);
		usleep(1000);
	}
	return (false);
}

static void
responses_are_kept(void)
{
	struct cache_reader *reader = cache_reader_new();
	const size_t len = CACHE_VALUE_MAX;
	struct msg_cache_trouble trouble;
	struct msg_cache_put body;
	struct end worker, ocsp;
	struct rig rig;

	CU_ASSERT_PTR_NOT_NULL_FATAL(reader);
	rig_start(&rig, settings_asking);
	worker_open(&rig, &worker, 0);
	CU_ASSERT(next(&worker) == MSG_OCSP_DIRECTORY);
	cache_reader_open(reader, &worker.body.directory);
	ocsp_open(&rig, &ocsp);
	make_response(&body, len);
	put_response(&ocsp, MSG_OCSP_PUT, &body, CACHE_KEY_LEN + len);
	CU_ASSERT(appears(reader, body.key, len));
	CHECK_CASE(facts(&rig, 0)->stored == 0, "it is no session");
	memset(&trouble, 0, sizeof(trouble));
	trouble.number = worker.body.directory.number;
	post(&worker, MSG_CACHE_TROUBLE, &trouble);
	CU_ASSERT(next(&worker) == MSG_OCSP_DIRECTORY);
	cache_reader_free(&reader);
	channel_free(&ocsp.channel);
	channel_free(&worker.channel);
	rig_close(&rig);
}

/* It is cut off as a worker would be, and does not share its rights. */
static void
bad_responses_end_the_channel(void)
{
	struct msg_cache_put body;
	struct end ocsp;
	struct rig rig;
	size_t i;

	rig_start(&rig, settings_asking);
	for (i = 0; i < NITEMS(bad_puts); i++) {
		ocsp_open(&rig, &ocsp);
		make_response(&body, bad_puts[i].sealed_len);
		body.id_len = bad_puts[i].id_len;
		body.context_len = bad_puts[i].context_len;
		put_response(&ocsp, MSG_OCSP_PUT, &body,
		    (size_t)body.id_len + body.context_len + body.sealed_len -
			bad_puts[i].cut);
		CHECK_CASE(next(&ocsp) == MSG_NONE, bad_puts[i].what);
		channel_free(&ocsp.channel);
	}
	CU_ASSERT_EQUAL(facts(&rig, 0)->state, CACHE_ON);
	rig_close(&rig);
}

/* Bytes that are no message at all, and one that a worker may not send. */
static void
rubbish_ends_the_channel(void)
{
	struct msg_header header = { MSG_CACHE_CLEAR,
		sizeof(struct msg_header) + sizeof(struct msg_request) };
	uint8_t rubbish[sizeof(header) + sizeof(struct msg_request)];
	struct end bad;
	struct rig rig;
	size_t i;

	rig_start(&rig, settings_on);
	for (i = 0; i < 2; i++) {
		worker_open(&rig, &bad, 1);
		memset(rubbish, 0xee, sizeof(rubbish));
		if (i == 0)
			memcpy(rubbish, &header, sizeof(header));
		CU_ASSERT(write(channel_fd(bad.channel), rubbish,
			      sizeof(rubbish)) == sizeof(rubbish));
		CU_ASSERT(next(&bad) == MSG_NONE);
		channel_free(&bad.channel);
	}
	CU_ASSERT_EQUAL(facts(&rig, 0)->state, CACHE_ON);
	rig_close(&rig);
}

CU_TestInfo keeper_tests[] = {
	{ "starts and stops", starts_and_stops },
	{ "refuses broken settings", refuses_broken_settings },
	{ "files have the right owners", files_have_the_right_owners },
	{ "sessions are shared", sessions_are_shared },
	{ "lists in pages", lists_in_pages },
	{ "sessions end by themselves", sessions_end_by_themselves },
	{ "odd ends are refused", ends_that_are_refused },
	{ "clearing", clearing },
	{ "removing", removing },
	{ "the newest settings count", newest_settings_count },
	{ "trouble brings another one", trouble_brings_another_one },
	{ "bad puts end the channel", bad_puts_end_the_channel },
	{ "responses are kept", responses_are_kept },
	{ "bad responses end the channel", bad_responses_end_the_channel },
	{ "rubbish ends the channel", rubbish_ends_the_channel },
	CU_TEST_INFO_NULL,
};
