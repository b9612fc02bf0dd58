/*
 * format - text with variables in it, as the configuration gives it: a line of
 * a log, or what a reply says.
 *
 * "%{NAME}" is a variable of variables.def, "%%" a percent sign, all else is
 * text.  A format is parsed when the configuration is read; a name that is not
 * known, or not in texts of that kind, is refused.  "%{note:NAME}" is the same
 * as "%{NAME}".  Replies may have several lines, and in them a percent sign
 * with something else behind it is one.
 */
#ifndef SHM_CONF_FORMAT_H
#define SHM_CONF_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"

/* In the order of the table; what is about TLS comes last. */
enum variable {
#define FTP(name, where, kind) VARIABLE_##name,
#define TLS(name, where, gate) VARIABLE_##name,
#define PAIR(name, client, server) \
	VARIABLE_TLS_CLIENT_##name, VARIABLE_TLS_SERVER_##name,
#include "shm/conf/variables.def"
#undef FTP
#undef TLS
#undef PAIR
	VARIABLE_COUNT /* in a piece: text */
};

enum format_kind {
	FORMAT_SESSION,
	FORMAT_TRANSFER,
	FORMAT_BANNER,       /* a reply before the login */
	FORMAT_LOGIN_MESSAGE /* the reply to it */
};

struct format_piece {
	uint16_t variable; /* enum variable */
	uint16_t number;   /* of TLS_CLIENT_CERT_CHAINn: n */
	uint16_t at, len;  /* of text, from format->text */
};

struct conf_format {
	const char *text; /* as it was given */
	bool tls;         /* has variables that are about TLS */
	bool raw;         /* has RAW_IN or RAW_OUT */
	bool counts;      /* has SESSIONS */
	size_t count;
	struct format_piece pieces[]; /* then the text; one allocation */
};

#define FORMAT_WHY_MAX   160
#define FORMAT_CHAIN_MAX 9 /* the largest n of TLS_CLIENT_CERT_CHAINn */

/*
 * The caller frees it, by free().  NULL with what is wrong in why.
 */
NODISCARD struct conf_format *format_parse(const char *text,
    enum format_kind kind, char why[FORMAT_WHY_MAX]);

/* Whether a banner that was found good has SESSIONS in it; NULL: it has not. */
NODISCARD bool format_counts(const char *banner);

struct conf_host;

/* What a line of the host's log.session says; NULL: memory is short. */
NODISCARD const struct conf_format *format_of_sessions(
    const struct conf_host *host);

/* "TLS_PROTOCOL" */
NODISCARD const char *variable_name(enum variable variable);
NODISCARD bool variable_is_tls(enum variable variable);
/* Whether its value is a number. */
NODISCARD bool variable_is_number(enum variable variable);

/* The bits of tls.options that must be set for it; 0: none. */
NODISCARD unsigned int variable_needs(enum variable variable);

#endif
