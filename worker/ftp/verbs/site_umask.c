/* SITE UMASK: what new files do not get, for this session. */
#include <stdlib.h>
#include <string.h>

#include "worker/ftp/modes.h"
#include "worker/ftp/site.h"

enum flow
site_umask(struct session *session, const char *text)
{
	uint32_t mask = modes_umask(session);
	uint32_t old = mask;
	size_t digits = strspn(text, "01234567");

	if (*text == '\0')
		return (
		    session_answer(session, 200, "The umask is %03o.", mask));
	if (text[digits] != '\0' || digits > 4 || strtoul(text, NULL, 8) > 0777)
		return (session_answer(session, 501,
		    "Syntax: SITE UMASK [000-777]"));
	session->umask = (uint16_t)strtoul(text, NULL, 8);
	session->umask_set = true;
	mask = modes_umask(session);
	return (session_answer(session, 200, "The umask is %03o (was %03o).",
	    mask, old));
}
