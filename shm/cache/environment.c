#include "shm/cache/environment.h"

#include <stdlib.h>
#include <string.h>

#include "shm/base/log.h"
#include "shm/base/secret.h"
#include "shm/cache/lookout.h"
#include "shm/cache/place.h"

#define RENEW_MS       1000  /* between two environments, at least */
#define RETURN_MS      100   /* for the master to make a directory anew */
#define RETRY_MAX_MS   60000 /* between attempts that fail */
#define CHECK_MS       10000 /* between two looks for dead readers */
#define EXPIRE_MAX_SEC 3600  /* the clock may be set meanwhile */

struct environment {
	const char *what;
	struct cache_totals *totals;
	environment_changed changed;
	void *context;
	uint64_t size;

	/* The one in use; writer NULL: none */
	struct writer *writer;
	char name[CACHE_DIR_LEN];
	uint64_t number; /* of this or the last one */
	time_t created;
	struct place_files files;
	struct lookout *lookout; /* NULL: there can be none */
	bool waiting;            /* a batch that is to be committed */

	struct loop_timer *commit, *expire, *renew;
	uint64_t renewed; /* loop_now() of the last attempt */
	uint64_t checked; /* for dead readers, likewise */
	uint64_t pause;   /* before the next attempt after a failed one */
};

static uint64_t
seconds_now(void)
{
	return ((uint64_t)time(NULL));
}

void
environment_where(const struct environment *environment,
    struct msg_cache_directory *where)
{
	memset(where, 0, sizeof(*where));
	where->number = environment->number;
	if (environment->writer == NULL)
		return;
	memcpy(where->name, environment->name, sizeof(where->name));
	where->map_size = writer_map_size(environment->writer);
}

time_t
environment_created(const struct environment *environment)
{
	return (environment->created);
}

/* Leaves the one in use, if any; the readers must be told after. */
static void
retire(struct environment *environment)
{
	if (environment->writer == NULL)
		return;
	writer_close(&environment->writer);
	place_remove(environment->name);
	memset(environment->name, 0, sizeof(environment->name));
	environment->waiting = false;
	loop_timer_clear(environment->commit);
	loop_timer_clear(environment->expire);
}

static int
make(struct environment *environment, char name[CACHE_DIR_LEN],
    struct writer **writer)
{
	int error;

	error = place_make(name);
	if (error != 0)
		return (error);
	error =
	    writer_open(name, environment->size, environment->totals, writer);
	if (error == 0)
		error = place_share(name);
	if (error == 0)
		return (0);
	writer_close(writer);
	place_remove(name);
	return (error);
}

/* The first failure is told; others only make the pause longer. */
static void
try_later(struct environment *environment, int error)
{
	if (environment->pause == 0)
		log_error("%s: no environment can be made (%s): workers share "
			  "nothing there",
		    environment->what, mdb_strerror(error));
	environment->pause =
	    environment->pause == 0 ? RENEW_MS : environment->pause * 2;
	if (environment->pause > RETRY_MAX_MS)
		environment->pause = RETRY_MAX_MS;
	loop_timer_set(environment->renew, environment->pause);
}

/*
 * Puts a fresh one in the place of the one in use.  Readers leave the old one
 * when they are told; until then it lives on without a name.
 */
static void
replace(struct environment *environment)
{
	char name[CACHE_DIR_LEN];
	struct writer *writer = NULL;
	int error = 0;

	environment->renewed = loop_now();
	loop_timer_clear(environment->renew);
	if (!place_is_there()) {
		/* In another directory nothing is found of it. */
		retire(environment);
		error = place_enter();
	}
	if (error == 0)
		error = make(environment, name, &writer);
	retire(environment);
	if (error == 0) {
		environment->writer = writer;
		memcpy(environment->name, name, sizeof(environment->name));
		memset(&environment->files, 0, sizeof(environment->files));
		(void)!place_same(name, &environment->files);
		if (environment->lookout != NULL)
			lookout_at(environment->lookout, name);
		environment->number++;
		environment->created = time(NULL);
		if (environment->pause > 0)
			log_notice("%s: there is an environment again",
			    environment->what);
		environment->pause = 0;
	} else {
		try_later(environment, error);
	}
	environment->changed(environment->context);
}

static void
renew_due(void *context)
{
	replace(context);
}

void
environment_renew(struct environment *environment, uint64_t size)
{
	environment->size = size;
	replace(environment);
}

void
environment_end(struct environment *environment)
{
	bool used = environment->writer != NULL;

	loop_timer_clear(environment->renew);
	retire(environment);
	if (used)
		environment->changed(environment->context);
}

void
environment_renew_soon(struct environment *environment)
{
	uint64_t since = loop_now() - environment->renewed;
	uint64_t pause = since >= RENEW_MS ? 0 : RENEW_MS - since;

	if (loop_timer_armed(environment->renew))
		return;
	if (pause < RETURN_MS && !place_is_there())
		pause = RETURN_MS;
	if (pause == 0)
		replace(environment);
	else
		loop_timer_set(environment->renew, pause);
}

void
environment_doubt(struct environment *environment, int error)
{
	log_error("%s: environment %s is given up: %s", environment->what,
	    environment->name, mdb_strerror(error));
	environment->totals->renewed++;
	retire(environment);
	environment->changed(environment->context);
	environment_renew_soon(environment);
}

/*
 * Whether the files are still there, and whole.  What has cut them would else
 * end us when we touch what is missing.
 */
static bool
is_sound(struct environment *environment)
{
	if (place_is_there() &&
	    place_same(environment->name, &environment->files))
		return (true);
	environment_doubt(environment, MDB_INVALID);
	return (false);
}

static void
stirred(void *context)
{
	struct environment *environment = context;

	if (environment->writer != NULL)
		(void)!is_sound(environment);
}

static void
arm_expire(struct environment *environment)
{
	uint64_t end = writer_next_end(environment->writer);
	uint64_t now = seconds_now();

	if (end == UINT64_MAX) {
		loop_timer_clear(environment->expire);
		return;
	}
	end = end > now ? end - now : 0;
	if (end > EXPIRE_MAX_SEC)
		end = EXPIRE_MAX_SEC;
	/* A little later, so that a session's last second is over. */
	loop_timer_set(environment->expire, end * 1000 + 500);
}

void
environment_check_readers(struct environment *environment)
{
	if (environment->writer == NULL)
		return;
	environment->checked = loop_now();
	writer_check_readers(environment->writer);
}

static void
commit(struct environment *environment)
{
	int error;

	if (!environment->waiting)
		return;
	environment->waiting = false;
	loop_timer_clear(environment->commit);
	if (!is_sound(environment))
		return;
	if (loop_now() - environment->checked >= CHECK_MS)
		environment_check_readers(environment);
	error = writer_commit(environment->writer, seconds_now());
	if (error != 0)
		environment_doubt(environment, error);
	else
		arm_expire(environment);
}

static void
commit_due(void *context)
{
	commit(context);
}

static void
expire_due(void *context)
{
	struct environment *environment = context;
	bool more = false;
	int error;

	if (!is_sound(environment))
		return;
	error = writer_expire(environment->writer, seconds_now(), &more);
	if (error != 0)
		environment_doubt(environment, error);
	else if (more)
		loop_timer_set(environment->expire, 1); /* others' turn */
	else
		arm_expire(environment);
}

struct writer *
environment_writer(struct environment *environment)
{
	commit(environment);
	if (environment->writer != NULL)
		(void)!is_sound(environment);
	return (environment->writer);
}

/*
 * All that came in one turn of the loop is one commit.  It does not wait for
 * more: a client comes back within a millisecond, and then wants to be known.
 */
static void
added(struct environment *environment, bool full)
{
	if (!environment->waiting)
		loop_timer_set(environment->commit, 0);
	environment->waiting = true;
	if (full)
		commit(environment);
}

bool
environment_put(struct environment *environment, const uint8_t *key,
    const struct store_session *session)
{
	if (environment->writer == NULL)
		return (false);
	added(environment, writer_put(environment->writer, key, session));
	return (true);
}

bool
environment_delete(struct environment *environment, const uint8_t *key)
{
	if (environment->writer == NULL)
		return (false);
	added(environment, writer_delete(environment->writer, key));
	return (true);
}

struct environment *
environment_new(struct loop *loop, const char *what,
    struct cache_totals *totals, environment_changed changed, void *context)
{
	struct environment *environment;
	uint32_t random;

	environment = calloc(1, sizeof(*environment));
	if (environment == NULL)
		return (NULL);
	environment->what = what;
	environment->totals = totals;
	environment->changed = changed;
	environment->context = context;
	/* The numbers of an earlier keeper mean nothing to us. */
	secret_random(&random, sizeof(random));
	environment->number = (uint64_t)random << 32;
	environment->commit = loop_timer(loop, commit_due, environment);
	environment->expire = loop_timer(loop, expire_due, environment);
	environment->renew = loop_timer(loop, renew_due, environment);
	if (environment->commit == NULL || environment->expire == NULL ||
	    environment->renew == NULL)
		environment_free(&environment);
	else
		environment->lookout = lookout_new(loop, stirred, environment);
	return (environment);
}

void
environment_free(struct environment **environment)
{
	struct environment *ended = *environment;

	if (ended == NULL)
		return;
	*environment = NULL;
	retire(ended);
	lookout_free(&ended->lookout);
	loop_timer_free(&ended->commit);
	loop_timer_free(&ended->expire);
	loop_timer_free(&ended->renew);
	free(ended);
}
