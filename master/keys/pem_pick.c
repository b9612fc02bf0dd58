#include "master/keys/pem_pick.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "shm/base/log.h"

#define BEGIN "-----BEGIN "
#define END   "-----END "

#define NAME_ESCAPED 512

/* What the first line goes on with. */
static const char *const labels[HOST_FILE_COUNT][3] = {
	[HOST_FILE_CA] = { "CERTIFICATE-----", "TRUSTED CERTIFICATE-----",
	    "X509 CERTIFICATE-----" },
	[HOST_FILE_CRL] = { "X509 CRL-----" },
	[HOST_FILE_DH] = { "DH PARAMETERS-----", "X9.42 DH PARAMETERS-----" },
	[HOST_FILE_SERVER_INFO] = { "SERVERINFO" },
};

struct text {
	const char *at, *end;
};

static bool
starts(const struct text *text, const char *with)
{
	size_t len = strlen(with);

	return ((size_t)(text->end - text->at) >= len &&
	    memcmp(text->at, with, len) == 0);
}

static void
next_line(struct text *text)
{
	const char *end =
	    memchr(text->at, '\n', (size_t)(text->end - text->at));

	text->at = end == NULL ? text->end : end + 1;
}

static bool
begins_block(const struct text *text, enum host_file kind)
{
	struct text rest = *text;
	size_t i;

	if (!starts(text, BEGIN))
		return (false);
	rest.at += strlen(BEGIN);
	for (i = 0; i < NITEMS(labels[kind]); i++)
		if (labels[kind][i] != NULL && starts(&rest, labels[kind][i]))
			return (true);
	return (false);
}

/* From a first line to behind the last one; false: that is missing. */
static bool
skip_block(struct text *text)
{
	for (next_line(text); text->at < text->end; next_line(text)) {
		if (starts(text, BEGIN))
			return (false);
		if (starts(text, END)) {
			next_line(text);
			return (true);
		}
	}
	return (false);
}

static int
append_name(struct buf *out, const char *name)
{
	char escaped[NAME_ESCAPED];

	log_escape(escaped, sizeof(escaped), name, strlen(name));
	return (buf_printf(out, "# %s\n", escaped));
}

static int
append_block(struct buf *out, const char *from, const char *to)
{
	if (buf_append(out, from, (size_t)(to - from)) == -1)
		return (-1);
	return (to[-1] == '\n' ? 0 : buf_append(out, "\n", 1));
}

int
/* NOLINTNEXTLINE(readability-function-size): a text is two parameters */
pem_pick(struct buf *out, enum host_file kind, const char *text, size_t len,
    const char *name, const char **why)
{
	const size_t before = buf_len(out);
	struct text rest = { text, text + len };
	const char *from;
	int count = 0;

	*why = NULL;
	while (rest.at < rest.end) {
		if (!begins_block(&rest, kind)) {
			next_line(&rest);
			continue;
		}
		from = rest.at;
		if (!skip_block(&rest)) {
			errno = EINVAL;
			*why = "a block in PEM form has no end";
			break;
		}
		if ((count == 0 && append_name(out, name) == -1) ||
		    append_block(out, from, rest.at) == -1) {
			*why = errno == ENOBUFS ? "that is too much in all"
						: strerror(errno);
			break;
		}
		count++;
	}
	if (*why == NULL)
		return (count);
	out->end = out->start + before;
	return (-1);
}
