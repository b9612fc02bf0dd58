/*
 * site - the table of SITE commands, which are those of servers like this one
 * and of no RFC.
 *
 * What each takes and needs is in site.def, once.
 */
#ifndef WORKER_FTP_SITE_H
#define WORKER_FTP_SITE_H

#include "worker/ftp/state.h"

/* The handlers: text is what follows the name and one space. */
#define SITE(name, handler, argument, flags, help) \
	enum flow site_##handler(struct session *session, const char *text);
#include "worker/ftp/site.def"
#undef SITE

/* The answer to SITE WHO, from login (broker.h); context: the session. */
void site_who_answered(const struct broker_who *who, void *context);

#endif
