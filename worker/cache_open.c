#include "worker/cache_open.h"

#include "shm/base/ensure.h"

void
cache_opener_init(struct cache_opener *opener, uv_loop_t *loop,
    struct cache_reader *reader)
{
	*opener = (struct cache_opener){ .loop = loop, .reader = reader };
	opener->work.data = opener;
}

static void
run(uv_work_t *work)
{
	const struct cache_opener *opener = work->data;

	cache_opening_run(opener->opening);
}

static void
done(uv_work_t *work, int status UNUSED)
{
	struct cache_opener *opener = work->data;

	cache_reader_end(opener->reader, &opener->opening);
	if (!opener->again)
		return;
	opener->again = false;
	cache_open(opener, &opener->next);
}

void
cache_open(struct cache_opener *opener, const struct msg_cache_directory *where)
{
	if (opener->reader == NULL)
		return;
	/* Twice the same at once would be one too few for LMDB's file locks. */
	if (opener->opening != NULL) {
		opener->next = *where;
		opener->again = true;
		return;
	}
	opener->opening = cache_reader_begin(opener->reader, where);
	if (opener->opening != NULL)
		ensure(
		    uv_queue_work(opener->loop, &opener->work, run, done) == 0);
}
