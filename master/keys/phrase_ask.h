/* phrase_ask - a pass phrase, asked for at the terminal that controls us. */
#ifndef MASTER_KEYS_PHRASE_ASK_H
#define MASTER_KEYS_PHRASE_ASK_H

#include "master/helper/key_open.h"
#include "shm/base/attr.h"

enum phrase_asked {
	PHRASE_GIVEN,
	PHRASE_NO_TERMINAL,
	PHRASE_GIVEN_UP /* Ctrl-C, Ctrl-D, or the end of the terminal */
};

/*
 * Shows the prompt and waits for a line, which is not shown, and which goes to
 * phrase, secret memory of KEY_PHRASE_MAX bytes, as a string.
 */
NODISCARD enum phrase_asked phrase_ask(const char *prompt, char *phrase);

#endif
