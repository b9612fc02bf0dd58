/* The type of `charset`: a name that iconv(3) knows, or none. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shm/conf/conf.h"
#include "shm/conf/value.h"

static conf_charset_known charset_known;

void
conf_set_charset_known(conf_charset_known known)
{
	charset_known = known;
}

/* UTF-8 is what clients may speak anyway. */
static bool
is_none(const char *text)
{
	return (strcasecmp(text, "none") == 0 ||
	    strcasecmp(text, "utf-8") == 0 || strcasecmp(text, "utf8") == 0);
}

bool
charset_read(const struct value *value)
{
	const char *text = value_text(value, value->node);
	void *at = (char *)value->object + value->key->offset;
	char **field = at;
	struct shown shown;

	if (text == NULL)
		return (false);
	if (is_none(text)) {
		free(*field);
		*field = NULL;
		return (true);
	}
	if (*text != '\0' && (charset_known == NULL || charset_known(text)))
		return (strings_replace(value->load, field, text));
	value_refuse(value, value->node,
	    "%s is no character set that iconv knows and ASCII is part of",
	    report_show(&shown, text));
	return (false);
}
