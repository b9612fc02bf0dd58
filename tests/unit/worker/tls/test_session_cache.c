/* Unit tests of worker/tls: sessions in the shared cache. */
#include <fcntl.h>
#include <sys/wait.h>

#include "shm/cache/place.h"
#include "shm/cache/writer.h"
#include "tests/unit/scratch.h"
#include "tests/unit/tls_visit.h"

#define MAP_SIZE UINT64_C(1048576)

/* The keeper's part, in a process of its own: LMDB opens a file once. */
struct keeper {
	struct scratch scratch;
	int socket;
	pid_t pid;
	int before;
	unsigned int puts;
	bool spoil; /* change a bit on the way */
};

struct parcel {
	struct msg_cache_put put;
	uint8_t id[32], context[32], sealed[CACHE_VALUE_MAX];
};

static void
store_parcel(struct writer *writer, const struct parcel *parcel)
{
	struct store_session session;

	memset(&session, 0, sizeof(session));
	session.started = parcel->put.started;
	session.expires = parcel->put.expires;
	session.protocol = parcel->put.protocol;
	session.id = parcel->id;
	session.id_len = parcel->put.id_len;
	session.context = parcel->context;
	session.context_len = parcel->put.context_len;
	session.sealed = parcel->sealed;
	session.sealed_len = (uint16_t)parcel->put.sealed_len;
	if (writer_put(writer, parcel->put.key, &session) ||
	    writer_commit(writer, (uint64_t)time(NULL)) != 0)
		_exit(1);
}

static void
serve_puts(int socket)
{
	struct msg_cache_directory where;
	struct cache_totals totals;
	struct writer *writer;
	struct parcel parcel;

	memset(&where, 0, sizeof(where));
	memset(&totals, 0, sizeof(totals));
	if (place_make(where.name) != 0 ||
	    writer_open(where.name, MAP_SIZE, &totals, &writer) != 0 ||
	    place_share(where.name) != 0)
		_exit(1);
	where.map_size = writer_map_size(writer);
	where.number = 1;
	if (write(socket, &where, sizeof(where)) != sizeof(where))
		_exit(1);
	while (read(socket, &parcel, sizeof(parcel)) == sizeof(parcel)) {
		store_parcel(writer, &parcel);
		if (write(socket, "", 1) != 1)
			_exit(1);
	}
	writer_close(&writer);
	place_clean();
	_exit(0);
}

static void
keeper_put(const struct msg_cache_put *put, const uint8_t *id,
    const uint8_t *context, const uint8_t *sealed, void *caller)
{
	struct keeper *keeper = caller;
	struct parcel parcel;
	char answer;

	memset(&parcel, 0, sizeof(parcel));
	parcel.put = *put;
	memcpy(parcel.id, id, put->id_len);
	memcpy(parcel.context, context, put->context_len);
	memcpy(parcel.sealed, sealed, put->sealed_len);
	if (keeper->spoil)
		parcel.sealed[put->sealed_len / 2] ^= 1;
	keeper->puts++;
	CU_ASSERT(
	    write(keeper->socket, &parcel, sizeof(parcel)) == sizeof(parcel));
	CU_ASSERT(read(keeper->socket, &answer, 1) == 1);
}

static void
cached_start(struct keeper *keeper, struct rig *rig)
{
	struct msg_cache_directory where;
	int pair[2];

	memset(keeper, 0, sizeof(*keeper));
	scratch_new(&keeper->scratch);
	keeper->before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CU_ASSERT_FATAL(keeper->before != -1);
	CU_ASSERT_FATAL(chdir(keeper->scratch.path) == 0);
	CU_ASSERT_FATAL(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	keeper->pid = fork();
	CU_ASSERT_FATAL(keeper->pid != -1);
	if (keeper->pid == 0) {
		close(pair[0]);
		serve_puts(pair[1]);
	}
	close(pair[1]);
	keeper->socket = pair[0];
	CU_ASSERT_FATAL(read(pair[0], &where, sizeof(where)) == sizeof(where));
	log_set_level(LOG_LEVEL_ERROR);
	rig_prepare(rig, false);
	rig->cache = cache_reader_new();
	CU_ASSERT_PTR_NOT_NULL_FATAL(rig->cache);
	cache_reader_open(rig->cache, &where);
	rig->store.put = keeper_put;
	rig->store.caller = keeper;
	rig->tls = rig_worker(rig);
}

static void
cached_stop(struct keeper *keeper, struct rig *rig)
{
	int status = -1;

	rig_stop(rig);
	cache_reader_free(&rig->cache);
	close(keeper->socket);
	CU_ASSERT(waitpid(keeper->pid, &status, 0) == keeper->pid);
	CU_ASSERT_EQUAL(status, 0);
	CU_ASSERT(fchdir(keeper->before) == 0);
	close(keeper->before);
	scratch_free(&keeper->scratch);
}

/* A login on another worker; its data connections do without the cache. */
static void
resume_elsewhere(struct rig *rig, const struct variant *variant,
    SSL_SESSION *session)
{
	struct msg_cache_directory none;
	struct visit visit;
	int n;

	tls_free(&rig->tls);
	rig->tls = rig_worker(rig);
	visit_begin(&visit, rig, variant->version, session);
	CHECK_CASE(visit_resumed(&visit), variant->what);
	CHECK_CASE(score_get(rig->score, SCORE_RESUMED_CACHE) == 1,
	    variant->what);
	memset(&none, 0, sizeof(none));
	cache_reader_open(rig->cache, &none);
	for (n = 0; n < 10; n++)
		if (!transfer_own(&visit, visit_session(&visit)))
			break;
	CHECK_CASE(n == 10, variant->what);
	visit_end(&visit);
}

static void
check_cache_serves_control(void)
{
	struct keeper keeper;
	SSL_SESSION *session;
	struct visit visit;
	struct rig rig;
	size_t i;

	for (i = 0; i < NITEMS(variants); i++) {
		if (variants[i].tickets)
			continue;
		cached_start(&keeper, &rig);
		visit_begin(&visit, &rig, variants[i].version, NULL);
		CHECK_CASE(keeper.puts > 0, variants[i].what);
		session = visit_session(&visit);
		visit_end(&visit);
		resume_elsewhere(&rig, &variants[i], session);
		SSL_SESSION_free(session);
		cached_stop(&keeper, &rig);
	}
}

/* Only what the first handshake issues is shared. */
static void
check_cache_spared(void)
{
	struct keeper keeper;
	struct visit visit;
	unsigned int puts;
	struct rig rig;
	size_t i;

	for (i = 0; i < NITEMS(variants); i++) {
		cached_start(&keeper, &rig);
		rig.hosts[0].tls.session_tickets = variants[i].tickets;
		visit_begin(&visit, &rig, variants[i].version, NULL);
		puts = keeper.puts;
		CHECK_CASE((puts == 0) == variants[i].tickets,
		    variants[i].what);
		CHECK_CASE(!transfer(&visit, NULL), variants[i].what);
		CHECK_CASE(transfer_own(&visit, visit_session(&visit)),
		    variants[i].what);
		CHECK_CASE(keeper.puts == puts, variants[i].what);
		visit_end(&visit);
		cached_stop(&keeper, &rig);
	}
}

/* A record that was tampered with, or whose key is gone, is a miss. */
static void
check_cache_distrusted(void)
{
	struct visit first, second;
	struct keeper keeper;
	SSL_SESSION *session;
	struct rig rig;
	size_t i;

	for (i = 0; i < 2 * NITEMS(variants); i++) {
		if (variants[i / 2].tickets)
			continue;
		cached_start(&keeper, &rig);
		keeper.spoil = i % 2 == 0;
		visit_begin(&first, &rig, variants[i / 2].version, NULL);
		session = visit_session(&first);
		visit_end(&first);
		if (i % 2 == 1)
			rig_pass(&rig, 100000);
		visit_begin(&second, &rig, variants[i / 2].version, session);
		CHECK_CASE(!visit_resumed(&second), variants[i / 2].what);
		CHECK_CASE(transfer_own(&second, visit_session(&second)),
		    variants[i / 2].what);
		SSL_SESSION_free(session);
		visit_end(&second);
		cached_stop(&keeper, &rig);
	}
}

CU_TestInfo session_cache_tests[] = {
	{ "the cache resumes control connections", check_cache_serves_control },
	{ "what is put into the cache", check_cache_spared },
	{ "what is not taken from the cache", check_cache_distrusted },
	CU_TEST_INFO_NULL,
};
