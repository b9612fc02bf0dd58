/*
 * verbs - the table of FTP commands.
 *
 * What a command takes, what it needs, how it is advertised and explained is in
 * verbs.def, once.
 */
#ifndef WORKER_FTP_VERBS_H
#define WORKER_FTP_VERBS_H

#include <stdint.h>

#include "shm/base/attr.h"
#include "worker/ftp/state.h"

enum verb_argument {
	ARGUMENT_NONE,
	ARGUMENT_OPTIONAL,
	ARGUMENT_REQUIRED
};

#define VERB_LOGIN    1u    /* only after the login */
#define VERB_CLEAR    2u    /* allowed in clear where TLS is required */
#define VERB_WRITE    4u    /* changes files */
#define VERB_DATA     8u    /* uses a data connection */
#define VERB_ASIDE    16u   /* answered while a transfer runs */
#define VERB_REST     32u   /* leaves the restart position as it is */
#define VERB_NO_ALL   64u   /* refused after EPSV ALL */
#define VERB_TLS      128u  /* unknown where the host has no TLS */
#define VERB_IDENTITY 256u  /* part of a login: 530 in clear, not 550 */
#define VERB_LOOK     512u  /* goes to a path, lists it, or tells of it */
#define VERB_READ     1024u /* gives away what is in a file */
#define VERB_LONG     2048u /* makes the session busy, without VERB_DATA */

/* What a command does with its path. */
#define VERB_PATH (VERB_LOOK | VERB_READ | VERB_WRITE)

struct verb {
	const char *name;
	/* NULL: known, but not built. */
	enum flow (*run)(struct session *session, const char *argument);
	enum verb_argument argument;
	unsigned int flags;
	const char *feature; /* its line in FEAT; NULL: none */
	const char *help;    /* its syntax */
};

extern const struct verb verbs[];
extern const size_t verbs_count;

/*
 * Parts line (terminated) into a verb and its argument, which begins after
 * one space; NULL when there is no such verb.
 */
NODISCARD const struct verb *verb_find(const char *line, const char **argument);

#define VERB(name, handler, argument, flags, feature, help) \
	enum flow verb_##handler(struct session *session, const char *text);
#define ALIAS(name, handler, argument, flags, feature, help)
#define ABSENT(name)
#include "worker/ftp/verbs.def"
#undef VERB
#undef ALIAS
#undef ABSENT

#endif
