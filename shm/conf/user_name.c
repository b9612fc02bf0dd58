/* tls.user_name: what of a certificate names the user. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shm/conf/value.h"

#define OID_LEN_MAX 128

/* Numbers with dots between them, two at least. */
static bool
is_oid(const char *text)
{
	size_t numbers = 0, len;

	if (strlen(text) > OID_LEN_MAX)
		return (false);
	for (;; text += len + 1) {
		len = strspn(text, "0123456789");
		if (len == 0)
			return (false);
		numbers++;
		if (text[len] == '\0')
			return (numbers > 1);
		if (text[len] != '.')
			return (false);
	}
}

bool
user_name_read(const struct value *value)
{
	static const char *const names[] = { "CommonName", "EmailSubjAltName" };
	struct conf_host *host = value->object;
	const char *text = value_text(value, value->node);
	struct shown shown;
	size_t i;
	bool on;

	if (text == NULL)
		return (false);
	if (scalar_bool(text, &on) && !on) {
		free(host->tls.user_name);
		host->tls.user_name = NULL;
		return (true);
	}
	for (i = 0; i < NITEMS(names); i++)
		if (strcasecmp(text, names[i]) == 0)
			return (strings_replace(value->load,
			    &host->tls.user_name, names[i]));
	if (is_oid(text))
		return (
		    strings_replace(value->load, &host->tls.user_name, text));
	value_refuse(value, value->node,
	    "%s: expected off, CommonName, EmailSubjAltName, or an OID such as "
	    "1.2.3.4",
	    report_show(&shown, text));
	return (false);
}

int
user_name_write(struct buf *out, const struct conf_key *key, const void *object)
{
	const struct conf_host *host = object;

	(void)key;
	/* An OID of two numbers would be read as a number by others. */
	return (host->tls.user_name == NULL
		? buf_printf(out, "off")
		: buf_printf(out, "\"%s\"", host->tls.user_name));
}
