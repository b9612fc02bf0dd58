#include "master/keys/phrase.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/base/process.h"
#include "shm/base/secret.h"

#define DEADLINE_MS 10000
#define GRACE_MS    2000 /* between SIGTERM and SIGKILL */
#define SAID_MAX    256  /* of what it says on standard error */
#define LINES_MAX   50
#define OPEN_FILES  1024

struct phrase_run {
	struct phrase_setup setup;
	pid_t pid; /* a process group of its own */
	int exit_fd, out_fd, error_fd;
	struct loop_watch *exited, *out, *error;
	struct loop_timer *deadline;
	size_t len; /* of what was read into the phrase */
	bool full, late;
	char line[SAID_MAX];
	size_t line_len;
	unsigned int lines;
};

const char *
phrase_check_program(const char *path)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return (strerror(errno));
	if (!S_ISREG(st.st_mode))
		return ("is not a regular file");
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return ("must belong to root or to who runs ftpsd");
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return ("must not be writable by group or others "
			"(chmod go-w)");
	if ((st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0)
		return ("is not executable (chmod u+x)");
	return (NULL);
}

/* --- the program's side of the fork --------------------------------------- */

static int
set_descriptors(int out, int error)
{
	if (dup2(out, STDOUT_FILENO) == -1 || dup2(error, STDERR_FILENO) == -1)
		return (-1);
	fd_close_all_but(NULL, 0);
	/* After dup2(): the numbers may have been those of closed ones. */
	if (close(STDIN_FILENO) == -1 && errno != EBADF)
		return (-1);
	return (open("/dev/null", O_RDONLY) == STDIN_FILENO ? 0 : -1);
}

static int
set_limits(void)
{
	struct rlimit files = { OPEN_FILES, OPEN_FILES }, none = { 0, 0 };

	return (setrlimit(RLIMIT_CORE, &none) == -1 ||
		    setrlimit(RLIMIT_NOFILE, &files) == -1
		? -1
		: 0);
}

static NORETURN void
run_program(const struct phrase_question *question, int out, int error)
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
			     "/usr/bin:/sbin:/bin",
		    language[] = "LC_ALL=C";
	char *environment[] = { path, language, NULL };
	char *arguments[40];
	size_t i, n = 0;

	log_set_sink(NULL, NULL);
	process_reset_signals();
	umask(077);
	if (setsid() == -1 || set_limits() == -1 || chdir("/") == -1 ||
	    set_descriptors(out, error) == -1)
		_exit(127);
	for (i = 0; i < question->command->count && n + 3 < NITEMS(arguments);
	     i++)
		arguments[n++] = question->command->items[i];
	arguments[n++] = strdup(question->host);
	arguments[n++] = strdup(question->type);
	arguments[n] = NULL;
	execve(arguments[0], arguments, environment);
	(void)dprintf(STDERR_FILENO, "cannot be executed: %s\n",
	    strerror(errno));
	_exit(127);
}

/* --- what it says --------------------------------------------------------- */

static void
tell_line(struct phrase_run *run)
{
	char text[2 * SAID_MAX];

	log_escape(text, sizeof(text), run->line, run->line_len);
	if (run->line_len > 0 && run->lines++ < LINES_MAX)
		log_warn("tls.pass_phrase_provider says: %s", text);
	run->line_len = 0;
}

static void
take_error(struct phrase_run *run, const char *data, size_t len)
{
	for (; len > 0; data++, len--) {
		if (*data == '\n' || run->line_len == sizeof(run->line))
			tell_line(run);
		if (*data != '\n')
			run->line[run->line_len++] = *data;
	}
}

/* false: nothing more for now, or for ever. */
static bool
read_error(struct phrase_run *run)
{
	char data[512];
	ssize_t n;

	n = read(run->error_fd, data, sizeof(data));
	if (n > 0)
		take_error(run, data, (size_t)n);
	if (n == 0)
		loop_unwatch(&run->error);
	return (n > 0);
}

/* What comes after the first line goes the same way, and is overwritten. */
static bool
read_out(struct phrase_run *run)
{
	char *at = run->setup.phrase + run->len, rest[64];
	size_t room = KEY_PHRASE_MAX - run->len;
	ssize_t n;

	if (room > 0)
		n = read(run->out_fd, at, room);
	else
		n = read(run->out_fd, rest, sizeof(rest));
	if (n > 0 && room > 0)
		run->len += (size_t)n;
	if (n > 0 && room == 0)
		secret_wipe(rest, sizeof(rest));
	if (n == 0)
		loop_unwatch(&run->out);
	return (n > 0);
}

/* The first line stays, as a string; what is wrong with it, or NULL. */
static const char *
cut_phrase(struct phrase_run *run)
{
	char *phrase = run->setup.phrase, *end;

	end = memchr(phrase, '\n', run->len);
	if (end == NULL && run->len == KEY_PHRASE_MAX)
		return ("it printed too long a line");
	if (end == NULL)
		end = phrase + run->len;
	if (end > phrase && end[-1] == '\r')
		end--;
	secret_wipe(end, (size_t)(phrase + KEY_PHRASE_MAX - end));
	if (end == phrase)
		return ("it printed no pass phrase");
	if (memchr(phrase, '\0', (size_t)(end - phrase)) != NULL)
		return ("it printed a NUL byte");
	return (NULL);
}

/* --- its end -------------------------------------------------------------- */

static void
tell(struct phrase_run *run, const char *why)
{
	loop_timer_clear(run->deadline);
	loop_unwatch(&run->exited);
	if (why != NULL)
		secret_wipe(run->setup.phrase, KEY_PHRASE_MAX);
	run->setup.done(why, run->setup.context);
}

static void
conclude(struct phrase_run *run, int status)
{
	char why[80];

	if (run->late) {
		tell(run, "it took more than 10 seconds");
	} else if (WIFSIGNALED(status)) {
		(void)snprintf(why, sizeof(why), "it was ended by signal %d",
		    WTERMSIG(status));
		tell(run, why);
	} else if (WEXITSTATUS(status) != 0) {
		(void)snprintf(why, sizeof(why), "its exit status is %d",
		    WEXITSTATUS(status));
		tell(run, why);
	} else {
		tell(run, cut_phrase(run));
	}
}

/* The program alone counts, not what it may have left behind. */
static void
exited(unsigned int events UNUSED, void *context)
{
	struct phrase_run *run = context;
	unsigned int reads;
	int status;

	if (waitpid(run->pid, &status, WNOHANG) != run->pid)
		return;
	run->pid = -1;
	for (reads = 0; reads < LINES_MAX && read_out(run); reads++)
		continue;
	for (reads = 0; reads < LINES_MAX && read_error(run); reads++)
		continue;
	tell_line(run);
	conclude(run, status);
}

static void
out_ready(unsigned int events UNUSED, void *context)
{
	(void)read_out(context);
}

static void
error_ready(unsigned int events UNUSED, void *context)
{
	(void)read_error(context);
}

static void
too_slow(void *context)
{
	struct phrase_run *run = context;

	(void)kill(-run->pid, run->late ? SIGKILL : SIGTERM);
	if (!run->late)
		loop_timer_set(run->deadline, GRACE_MS);
	run->late = true;
}

void
phrase_run_free(struct phrase_run **run)
{
	struct phrase_run *gone = *run;

	if (gone == NULL)
		return;
	*run = NULL;
	loop_unwatch(&gone->exited);
	loop_unwatch(&gone->out);
	loop_unwatch(&gone->error);
	loop_timer_free(&gone->deadline);
	fd_close(&gone->exit_fd);
	fd_close(&gone->out_fd);
	fd_close(&gone->error_fd);
	if (gone->pid > 0) {
		(void)kill(-gone->pid, SIGKILL);
		(void)kill(gone->pid, SIGKILL); /* before its setsid() */
		(void)waitpid(gone->pid, NULL, 0);
	}
	free(gone);
}

/* --- its beginning -------------------------------------------------------- */

static int
start_program(struct phrase_run *run, const struct phrase_question *question)
{
	int out[2] = { -1, -1 }, error[2] = { -1, -1 };

	if (pipe2(out, O_CLOEXEC) == -1 || pipe2(error, O_CLOEXEC) == -1) {
		fd_close(&out[0]);
		fd_close(&out[1]);
		return (-1);
	}
	run->out_fd = out[0];
	run->error_fd = error[0];
	run->pid = fork();
	if (run->pid == 0)
		run_program(question, out[1], error[1]);
	fd_close(&out[1]);
	fd_close(&error[1]);
	if (run->pid == -1)
		return (-1);
	run->exit_fd = pidfd_open(run->pid, 0);
	if (run->exit_fd == -1 || fd_set_nonblock(run->out_fd) == -1 ||
	    fd_set_nonblock(run->error_fd) == -1)
		return (-1);
	return (0);
}

static int
watch_program(struct phrase_run *run)
{
	struct loop *loop = run->setup.loop;

	run->exited = loop_watch(loop, run->exit_fd, LOOP_READ, exited, run);
	run->out = loop_watch(loop, run->out_fd, LOOP_READ, out_ready, run);
	run->error =
	    loop_watch(loop, run->error_fd, LOOP_READ, error_ready, run);
	run->deadline = loop_timer(loop, too_slow, run);
	if (run->exited == NULL || run->out == NULL || run->error == NULL ||
	    run->deadline == NULL)
		return (-1);
	loop_timer_set(run->deadline, DEADLINE_MS);
	return (0);
}

struct phrase_run *
phrase_run_new(const struct phrase_setup *setup,
    const struct phrase_question *question)
{
	struct phrase_run *run;

	run = calloc(1, sizeof(*run));
	if (run == NULL)
		return (NULL);
	run->setup = *setup;
	run->pid = -1;
	run->exit_fd = run->out_fd = run->error_fd = -1;
	secret_wipe(setup->phrase, KEY_PHRASE_MAX);
	if (start_program(run, question) == -1 || watch_program(run) == -1)
		phrase_run_free(&run);
	return (run);
}
