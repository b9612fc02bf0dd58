#include "master/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/base/process.h"

#define FIRST_FD 3
#define HIGH_FD  64 /* above all numbers that a child's descriptors get */

int
spawn_open_self(void)
{
	return (open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
}

/* What the child's environment keeps of ours. */
static const char *const kept[] = {
	"PATH",
	"TZ",
	"JOURNAL_STREAM",
	"ASAN_OPTIONS",
	"UBSAN_OPTIONS",
	"LSAN_OPTIONS",
};

static void
make_environment(char **environment)
{
	const char *value;
	size_t i, n = 0;

	for (i = 0; i < NITEMS(kept); i++) {
		value = getenv(kept[i]);
		if (value == NULL)
			continue;
		if (asprintf(&environment[n], "%s=%s", kept[i], value) == -1)
			_exit(127);
		n++;
	}
	environment[n] = NULL;
}

/*
 * Moves the descriptors to where the child wants them: all upwards first, so
 * that none overwrites another, and the binary's, too.
 */
static int
place_descriptors(const struct spawn *spawn, int *self)
{
	int keep[SPAWN_FDS_MAX + 1], high[SPAWN_FDS_MAX];
	size_t i, n = 0;

	*self = fcntl(spawn->self, F_DUPFD_CLOEXEC, HIGH_FD);
	if (*self == -1)
		return (-1);
	keep[n++] = *self;
	for (i = 0; i < spawn->nfds; i++) {
		high[i] = -1;
		if (spawn->fds[i] == -1)
			continue;
		high[i] = fcntl(spawn->fds[i], F_DUPFD_CLOEXEC, HIGH_FD);
		if (high[i] == -1)
			return (-1);
	}
	for (i = 0; i < spawn->nfds; i++) {
		if (high[i] == -1)
			continue;
		if (dup2(high[i], FIRST_FD + (int)i) == -1)
			return (-1);
		keep[n++] = FIRST_FD + (int)i;
	}
	fd_close_all_but(keep, n);
	return (0);
}

/*
 * A process group of its own, so that Ctrl-C at a terminal reaches the master
 * alone.  And no terminal: who is taken over must not be able to type.
 */
static int
detach(bool keep_terminal)
{
	if (setpgid(0, 0) == -1)
		return (-1);
	return (fd_null_standard(!keep_terminal && isatty(STDERR_FILENO)));
}

static NORETURN void
child(const struct spawn *spawn)
{
	char *arguments[NITEMS(spawn->arguments) + 2];
	char *environment[NITEMS(kept) + 1];
	size_t i, n = 0;
	int self = -1;

	log_set_sink(NULL, NULL);
	process_reset_signals();
	if (place_descriptors(spawn, &self) == -1 ||
	    detach(spawn->terminal) == -1)
		_exit(127);
	arguments[n++] = strdup("ftpsd");
	for (i = 0; i < NITEMS(spawn->arguments); i++)
		if (spawn->arguments[i] != NULL)
			arguments[n++] = strdup(spawn->arguments[i]);
	arguments[n] = NULL;
	make_environment(environment);
	fexecve(self, arguments, spawn->environment ? environ : environment);
	log_error("cannot execute the program again: %s", strerror(errno));
	_exit(127);
}

pid_t
spawn_exec(const struct spawn *spawn)
{
	pid_t pid;

	pid = fork();
	if (pid == 0)
		child(spawn);
	return (pid);
}

pid_t
spawn_fork(const int *keep, size_t count)
{
	pid_t pid;

	pid = fork();
	if (pid != 0)
		return (pid);
	log_set_sink(NULL, NULL);
	process_reset_signals();
	fd_close_all_but(keep, count);
	if (detach(false) == -1)
		_exit(127);
	return (0);
}
