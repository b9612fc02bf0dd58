#include "worker/ftp/message.h"

#include <stdlib.h>
#include <string.h>

#include "worker/ftp/entry.h"
#include "worker/ftp/policy.h"
#include "worker/ftp/state.h"
#include "worker/ftp/syntax/printable.h"

/* What is being filled in. */
struct filling {
	struct entry entry;
	char *out;
	size_t len;
	size_t values; /* bytes that values may still have */
};

/* Its length is bounded by the configuration. */
static void
put_text(struct filling *filling, const char *text, size_t len)
{
	memcpy(filling->out + filling->len, text, len);
	filling->len += len;
}

static void
put_value(struct filling *filling, const struct format_piece *piece)
{
	enum variable variable = (enum variable)piece->variable;
	struct printable value = {
		.text = filling->out + filling->len,
		.max = filling->values < MESSAGE_VALUE_MAX ? filling->values
							   : MESSAGE_VALUE_MAX,
	};
	struct buf found;
	bool has;

	buf_init(&found, 0);
	has = variable_is_tls(variable)
	    ? entry_tls(&filling->entry, piece, &found)
	    : entry_value(&filling->entry, variable, &found);
	if (!has || buf_len(&found) == 0)
		printable_put(&value, (const uint8_t *)"-", 1);
	else
		printable_put(&value, buf_data(&found), buf_len(&found));
	filling->len += value.len;
	filling->values -= value.len;
	buf_free(&found);
}

static const char *
fill(struct session *session, enum format_kind kind, const char *text,
    char out[MESSAGE_MAX + 1])
{
	struct filling filling = { .entry = { .session = session },
		.out = out,
		.values = CONF_TEXT_MAX };
	char why[FORMAT_WHY_MAX];
	struct conf_format *format;
	size_t i;

	if (strchr(text, '%') == NULL)
		return (text);
	/* It was parsed when the configuration was read: memory may be short.
	 */
	format = format_parse(text, kind, why);
	if (format == NULL)
		return (text);
	for (i = 0; i < format->count; i++)
		if (format->pieces[i].variable == VARIABLE_COUNT)
			put_text(&filling, format->text + format->pieces[i].at,
			    format->pieces[i].len);
		else
			put_value(&filling, &format->pieces[i]);
	out[filling.len] = '\0';
	free(format);
	return (out);
}

const char *
message_banner(struct session *session, char out[MESSAGE_MAX + 1])
{
	const char *text = session->host->banner;

	if (text == NULL || *text == '\0')
		return ("FTP server ready.");
	return (fill(session, FORMAT_BANNER, text, out));
}

const char *
message_login(struct session *session, char out[MESSAGE_MAX + 1])
{
	char *const *text =
	    policy_find(session, NULL, CONF_FIELD(login_message));

	if (*text == NULL || **text == '\0')
		return ("Logged in.");
	return (fill(session, FORMAT_LOGIN_MESSAGE, *text, out));
}
