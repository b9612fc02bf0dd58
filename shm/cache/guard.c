#include "shm/cache/guard.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>

/* Each thread's own: a fault of another one is not ours to forgive. */
static _Thread_local volatile sig_atomic_t inside;
static _Thread_local sigjmp_buf way_out;

static const int faults[] = { SIGBUS, SIGSEGV };

static void
faulted(int number, siginfo_t *info, void *context)
{
	(void)context;
	/* Not one that somebody sent, which has no positive code. */
	if (inside != 0 && info->si_code > 0)
		siglongjmp(way_out, 1);
	/* A mistake of ours: it happens again, and that ends the process. */
	(void)signal(number, SIG_DFL);
	if (info->si_code <= 0)
		(void)raise(number);
}

/* Once in a process; what is forked from it has them, too. */
static void
catch_faults(void)
{
	struct sigaction action;
	size_t i;

	memset(&action, 0, sizeof(action));
	action.sa_sigaction = faulted;
	/* We may leave it by a jump, which shall find no signal blocked. */
	action.sa_flags = SA_SIGINFO | SA_NODEFER;
	(void)sigemptyset(&action.sa_mask);
	for (i = 0; i < NITEMS(faults); i++)
		(void)sigaction(faults[i], &action, NULL);
}

int
guard_run(guard_work work, void *context)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int result;

	(void)pthread_once(&once, catch_faults);
	/* Without the signal mask: that would be a system call each time. */
	if (sigsetjmp(way_out, 0) != 0) {
		inside = 0;
		return (MDB_CORRUPTED);
	}
	inside = 1;
	result = work(context);
	inside = 0;
	return (result);
}

void
guard_failed(MDB_env *env, const char *text)
{
	(void)env;
	(void)text;
	if (inside != 0)
		siglongjmp(way_out, 1);
}
