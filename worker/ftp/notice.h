/*
 * notice - the reply to what brings a client into a directory.
 *
 * With directory_messages the file of that name in the directory comes first,
 * read by the agent as if the client had asked for it: what it may not read is
 * not told, and no file is no mistake.
 */
#ifndef WORKER_FTP_NOTICE_H
#define WORKER_FTP_NOTICE_H

#include "worker/ftp/state.h"

enum notice {
	NOTICE_CHANGED,    /* CWD and the like */
	NOTICE_PASSWORD,   /* a login, by PASS */
	NOTICE_CERTIFICATE /* the same, by USER */
};

/* The session is in the directory: the final reply, and the next command. */
enum flow notice_answer(struct session *session, enum notice notice);

#endif
