/*
 * refusal - an errno of the agent as an FTP reply.
 */
#ifndef WORKER_FTP_SYNTAX_REFUSAL_H
#define WORKER_FTP_SYNTAX_REFUSAL_H

#include "shm/base/attr.h"

enum refusal_kind {
	REFUSAL_FILE, /* 550 where there is no better code */
	REFUSAL_STORE /* 553: the name is what is wrong */
};

struct refusal {
	int code;
	const char *text;
};

NODISCARD struct refusal refusal_of(int error, enum refusal_kind kind);

#endif
