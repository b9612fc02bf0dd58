#include "master/keys/phrase_ask.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "shm/base/secret.h"

/* What a terminal sends for keys, when it makes nothing of them itself. */
#define CTRL_C    0x03
#define CTRL_D    0x04
#define CTRL_U    0x15
#define BACKSPACE 0x08
#define DELETE    0x7f

static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };

static volatile sig_atomic_t caught;

static void catch (int number)
{
	caught = number;
}

/* Signals that would end us only interrupt, so that the echo comes back. */
static void
hold_signals(struct sigaction *before)
{
	struct sigaction action;
	size_t i;

	memset(&action, 0, sizeof(action));
	action.sa_handler = catch;
	caught = 0;
	for (i = 0; i < NITEMS(signals); i++)
		(void)sigaction(signals[i], &action, &before[i]);
}

static void
release_signals(const struct sigaction *before)
{
	size_t i;

	for (i = 0; i < NITEMS(signals); i++)
		(void)sigaction(signals[i], &before[i], NULL);
	if (caught != 0)
		(void)raise(caught);
}

static void
show(int terminal, const char *text)
{
	size_t len = strlen(text);
	ssize_t n;

	while (len > 0) {
		n = write(terminal, text, len);
		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

/* What a key that is no end does to a line of len bytes: its new length. */
static size_t
edited(char key, size_t len)
{
	switch (key) {
	case CTRL_U:
		return (0);
	case BACKSPACE:
	case DELETE:
		return (len > 0 ? len - 1 : 0);
	case '\0':
		return (len);
	default:
		return (len + 2 < KEY_PHRASE_MAX ? len + 1 : len);
	}
}

/*
 * Byte by byte, straight into secret memory: the line is in no buffer of a
 * library, nor in one of the kernel's for longer than it is typed.
 */
static bool
read_line(int terminal, char *phrase)
{
	size_t len = 0;
	char *at = phrase;

	while (caught == 0 && read(terminal, at, 1) == 1) {
		if (*at == CTRL_C || (*at == CTRL_D && len == 0))
			return (false);
		if (*at == '\n' || *at == '\r') {
			secret_wipe(at, (size_t)(phrase + KEY_PHRASE_MAX - at));
			return (true);
		}
		len = edited(*at, len);
		at = phrase + len;
	}
	return (false);
}

enum phrase_asked
phrase_ask(const char *prompt, char *phrase)
{
	struct sigaction handlers[NITEMS(signals)];
	struct termios before, silent;
	bool given;
	int terminal;

	terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (terminal == -1)
		return (PHRASE_NO_TERMINAL);
	if (tcgetattr(terminal, &before) == -1) {
		fd_close(&terminal);
		return (PHRASE_NO_TERMINAL);
	}
	hold_signals(handlers);
	silent = before;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
	silent.c_cc[VMIN] = 1;
	silent.c_cc[VTIME] = 0;
	(void)tcsetattr(terminal, TCSAFLUSH, &silent);
	show(terminal, prompt);
	given = read_line(terminal, phrase);
	if (!given)
		secret_wipe(phrase, KEY_PHRASE_MAX);
	(void)tcsetattr(terminal, TCSAFLUSH, &before);
	show(terminal, "\n");
	fd_close(&terminal);
	release_signals(handlers);
	return (given ? PHRASE_GIVEN : PHRASE_GIVEN_UP);
}
