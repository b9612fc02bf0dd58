/* CLNT, CSID, LANG: what client and server are told of each other. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "worker/ftp/state.h"
#include "worker/ftp/verbs.h"

#define TAG_MAX 8 /* letters or digits of a subtag (RFC 5646) */

enum flow
verb_clnt(struct session *session, const char *text)
{
	session_log(session, INFO, "client software: %s", text);
	return (session_answer(session, 200, "Noted."));
}

/*
 * What we are called, and what a client may need to know of our names; not our
 * version, which nobody else is told either.
 */
enum flow
verb_csid(struct session *session, const char *text)
{
	session_log(session, INFO, "client software: %s", text);
	return (session_answer(session, 200,
	    "Name=ftpsd; CaseSensitive=1; DirSep=/;"));
}

/* Subtags of 1 to 8 letters or digits, with "-" between them. */
static bool
is_tag(const char *text)
{
	size_t len;

	for (;; text += len + 1) {
		for (len = 0; isalnum((unsigned char)text[len]); len++)
			;
		if (len == 0 || len > TAG_MAX)
			return (false);
		if (text[len] == '\0')
			return (true);
		if (text[len] != '-')
			return (false);
	}
}

/* English of any country is ours. */
static bool
is_english(const char *tag)
{
	return (strncasecmp(tag, "en", 2) == 0 &&
	    (tag[2] == '\0' || tag[2] == '-'));
}

enum flow
verb_lang(struct session *session, const char *text)
{
	if (*text == '\0')
		return (
		    session_answer(session, 200, "Replies are in English."));
	if (!is_tag(text))
		return (session_answer(session, 501, "Syntax: LANG [en]"));
	if (!is_english(text))
		return (session_answer(session, 504, "Only en is possible."));
	return (session_answer(session, 200, "Replies are in English."));
}
