#include "worker/ftp/limits.h"

static const struct {
	const char *text;
	enum score_counter counter;
} limits[] = {
	[LIMIT_NONE] = { "Too many sessions.", SCORE_REFUSED_SESSIONS },
	[LIMIT_SESSIONS] = { "Too many sessions on this server "
			     "(limits.sessions).",
	    SCORE_REFUSED_SESSIONS },
	[LIMIT_ADDRESS] = { "Too many sessions from your address "
			    "(limits.sessions_per_address).",
	    SCORE_REFUSED_ADDRESS },
	[LIMIT_NETWORK] = { "Too many sessions from your network "
			    "(limits.sessions_per_network).",
	    SCORE_REFUSED_NETWORK },
	[LIMIT_HOST] = { "Too many sessions on this host "
			 "(limits.sessions_per_host).",
	    SCORE_REFUSED_HOST },
	[LIMIT_USER] = { "Too many sessions of this user "
			 "(limits.sessions_per_user, or "
			 "anonymous.limits.sessions).",
	    SCORE_REFUSED_USER },
};

const char *
limit_text(enum limit limit)
{
	return (limits[limit < NITEMS(limits) ? limit : LIMIT_NONE].text);
}

void
limit_count(struct score *score, enum limit limit)
{
	score_add(score,
	    limits[limit < NITEMS(limits) ? limit : LIMIT_NONE].counter, 1);
}
