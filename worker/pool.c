#include "worker/pool.h"

#include <errno.h>
#include <stdlib.h>

#include "shm/base/ensure.h"

#define BUCKETS 256 /* accounts with file work at one moment are few */

/* An account that has jobs; it goes with the last one. */
struct pool_account {
	struct pool_account *next; /* in its bucket */
	uint32_t number;
	uint32_t running;
	struct pool_job *first, *last; /* those that wait */
};

struct pool {
	uv_loop_t *loop;
	struct pool_account *buckets[BUCKETS];
	uint32_t running;
};

struct pool *
pool_new(uv_loop_t *loop)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (pool != NULL)
		pool->loop = loop;
	return (pool);
}

void
pool_free(struct pool **pool)
{
	if (*pool == NULL)
		return;
	ensure((*pool)->running == 0);
	free(*pool);
	*pool = NULL;
}

static void
nothing(uv_work_t *request UNUSED)
{
}

static void
started(uv_work_t *request, int status UNUSED)
{
	free(request);
}

int
pool_start(struct pool *pool)
{
	uv_work_t *request = malloc(sizeof(*request));
	int error;

	if (request == NULL)
		return (-1);
	/* libuv starts all its threads with the first request. */
	error = uv_queue_work(pool->loop, request, nothing, started);
	if (error == 0)
		return (0);
	free(request);
	errno = -error;
	return (-1);
}

static struct pool_account **
place_of(struct pool *pool, uint32_t number)
{
	struct pool_account **place = &pool->buckets[number % BUCKETS];

	while (*place != NULL && (*place)->number != number)
		place = &(*place)->next;
	return (place);
}

static struct pool_account *
find_account(struct pool *pool, uint32_t number)
{
	struct pool_account **place = place_of(pool, number);

	if (*place == NULL) {
		*place = calloc(1, sizeof(**place));
		if (*place != NULL)
			(*place)->number = number;
	}
	return (*place);
}

static void
drop_if_unused(struct pool *pool, struct pool_account *account)
{
	struct pool_account **place;

	if (account->running > 0 || account->first != NULL)
		return;
	place = place_of(pool, account->number);
	ensure(*place == account);
	*place = account->next;
	free(account);
}

static void
run(uv_work_t *request)
{
	struct pool_job *job = request->data;

	job->run(job);
}

static void done(uv_work_t *request, int status);

static void
queue(struct pool_job *job)
{
	job->waiting = false;
	job->next = NULL;
	job->account->running++;
	job->pool->running++;
	job->request.data = job;
	/* It fails for want of a function only. */
	ensure(uv_queue_work(job->pool->loop, &job->request, run, done) == 0);
}

static void
done(uv_work_t *request, int status UNUSED)
{
	struct pool_job *job = request->data, *next;
	struct pool_account *account = job->account;
	struct pool *pool = job->pool;

	account->running--;
	pool->running--;
	next = account->first;
	if (next != NULL) {
		account->first = next->next;
		queue(next);
	}
	drop_if_unused(pool, account);
	job->account = NULL;
	job->done(job);
}

int
pool_submit(struct pool *pool, struct pool_job *job, uint32_t account)
{
	job->pool = pool;
	job->next = NULL;
	job->account = find_account(pool, account);
	if (job->account == NULL)
		return (-1);
	if (job->account->running < POOL_JOBS_AN_ACCOUNT) {
		queue(job);
		return (0);
	}
	job->waiting = true;
	if (job->account->first == NULL)
		job->account->first = job;
	else
		job->account->last->next = job;
	job->account->last = job;
	return (0);
}

bool
pool_withdraw(struct pool_job *job)
{
	struct pool_account *account = job->account;
	struct pool_job *before = NULL, *at;

	if (!job->waiting)
		return (false);
	for (at = account->first; at != job; at = at->next)
		before = at;
	if (before == NULL)
		account->first = job->next;
	else
		before->next = job->next;
	if (account->last == job)
		account->last = before;
	job->waiting = false;
	drop_if_unused(job->pool, account);
	job->account = NULL;
	return (true);
}

uint32_t
pool_running(const struct pool *pool)
{
	return (pool->running);
}
