#include "shm/conf/format.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shm/conf/conf.h"
#include "shm/conf/keys.h"

#define NAME_LEN_MAX 48

enum where {
	IN_S = 1,
	IN_T = 2,
	IN_B = 4,
	IN_L = 8,
	IN_ST = IN_S | IN_T,
	IN_STL = IN_ST | IN_L,
	IN_STBL = IN_STL | IN_B
};

static const struct {
	const char *refusal; /* of a variable that is known elsewhere only */
	enum where where;
	bool reply;
} kinds[] = {
	[FORMAT_SESSION] = { "is known in log.transfer_format only", IN_S,
	    false },
	[FORMAT_TRANSFER] = { "is known in log.session_format only", IN_T,
	    false },
	[FORMAT_BANNER] = { "is not known in a banner", IN_B, true },
	[FORMAT_LOGIN_MESSAGE] = { "is not known in a login_message", IN_L,
	    true },
};

enum kind {
	KIND_TEXT,
	KIND_NUMBER
};

#define GATE_FREE 0u
#define GATE_STD  CONF_TLS_STD_ENV_VARS
#define GATE_CERT CONF_TLS_EXPORT_CERT_DATA

static const char session_default[] =
    "%{TIME} %{SESSION} %{CLIENT_ADDRESS} %{CLIENT_PORT} \"%{USER}\" %{HOST} "
    "%{PROTOCOL} %{TLS_PROTOCOL} %{TLS_CIPHER} %{SECONDS} %{FILES_IN} "
    "%{BYTES_IN} %{FILES_OUT} %{BYTES_OUT} \"%{REASON}\"";

static const char *const names[VARIABLE_COUNT] = {
#define FTP(name, where, kind)     #name,
#define TLS(name, where, gate)     #name,
#define PAIR(name, client, server) "TLS_CLIENT_" #name, "TLS_SERVER_" #name,
#include "shm/conf/variables.def"
#undef FTP
#undef TLS
#undef PAIR
};

static const struct {
	enum where where;
	enum kind kind;
	bool tls;
	unsigned int needs;
} facts[VARIABLE_COUNT] = {
#define FTP(name, where, kind) { IN_##where, KIND_##kind, false, GATE_FREE },
#define TLS(name, where, gate) { IN_##where, KIND_TEXT, true, GATE_##gate },
#define PAIR(name, client, server)                 \
	{ IN_ST, KIND_TEXT, true, GATE_##client }, \
	    { IN_ST, KIND_TEXT, true, GATE_##server },
#include "shm/conf/variables.def"
#undef FTP
#undef TLS
#undef PAIR
};

const char *
variable_name(enum variable variable)
{
	return (names[variable]);
}

bool
variable_is_tls(enum variable variable)
{
	return (facts[variable].tls);
}

bool
variable_is_number(enum variable variable)
{
	return (facts[variable].kind == KIND_NUMBER);
}

unsigned int
variable_needs(enum variable variable)
{
	return (facts[variable].needs);
}

/* What is being parsed. */
struct parse {
	struct conf_format *format;
	enum format_kind kind;
	char *why; /* FORMAT_WHY_MAX bytes */
};

static int
refuse_name(const struct parse *parse, const char *name)
{
	const char *nearest = keys_nearest_word(names, VARIABLE_COUNT, name);

	(void)snprintf(parse->why, FORMAT_WHY_MAX, "unknown variable %s%s%s%s",
	    name, nearest == NULL ? "" : ": did you mean ",
	    nearest == NULL ? "" : nearest, nearest == NULL ? "" : "?");
	return (-1);
}

static enum variable
find_name(const char *name)
{
	unsigned int i;

	for (i = 0; i < VARIABLE_COUNT; i++)
		if (strcmp(names[i], name) == 0)
			break;
	return ((enum variable)i);
}

/* Takes the number off the end of TLS_CLIENT_CERT_CHAINn. */
static int
take_number(const struct parse *parse, char *name, struct format_piece *piece)
{
	static const char chain[] = "TLS_CLIENT_CERT_CHAIN";
	size_t len = sizeof(chain) - 1;

	piece->number = 0;
	if (strncmp(name, chain, len) != 0)
		return (0);
	if (name[len] < '1' || name[len] > '0' + FORMAT_CHAIN_MAX ||
	    name[len + 1] != '\0') {
		(void)snprintf(parse->why, FORMAT_WHY_MAX,
		    "%s needs a number from 1 to %d behind it", chain,
		    FORMAT_CHAIN_MAX);
		return (-1);
	}
	piece->number = (uint16_t)(name[len] - '0');
	name[len] = '\0';
	return (0);
}

static int
add_variable(struct parse *parse, const char *text, size_t len)
{
	struct format_piece *piece =
	    &parse->format->pieces[parse->format->count];
	char name[NAME_LEN_MAX];
	enum variable variable;

	if (len > 5 && strncmp(text, "note:", 5) == 0) {
		text += 5;
		len -= 5;
	}
	if (len >= sizeof(name))
		len = sizeof(name) - 1; /* it is no name then */
	memcpy(name, text, len);
	name[len] = '\0';
	if (take_number(parse, name, piece) == -1)
		return (-1);
	variable = find_name(name);
	if (variable == VARIABLE_COUNT)
		return (refuse_name(parse, name));
	if ((facts[variable].where & kinds[parse->kind].where) == 0) {
		(void)snprintf(parse->why, FORMAT_WHY_MAX, "%s %s", name,
		    kinds[parse->kind].refusal);
		return (-1);
	}
	piece->variable = (uint16_t)variable;
	parse->format->count++;
	parse->format->tls = parse->format->tls || facts[variable].tls;
	if (variable == VARIABLE_RAW_IN || variable == VARIABLE_RAW_OUT)
		parse->format->raw = true;
	if (variable == VARIABLE_SESSIONS)
		parse->format->counts = true;
	return (0);
}

static void
add_text(struct conf_format *format, const char *text, size_t len)
{
	struct format_piece *piece = &format->pieces[format->count];

	if (len == 0)
		return;
	piece->variable = VARIABLE_COUNT;
	piece->at = (uint16_t)(text - format->text);
	piece->len = (uint16_t)len;
	format->count++;
}

/* What a percent sign begins; its length, or 0 when it is nothing. */
static size_t
take_percent(struct parse *parse, const char *text)
{
	const char *end;

	if (text[1] == '%') {
		add_text(parse->format, text, 1);
		return (2);
	}
	if (text[1] != '{' && kinds[parse->kind].reply) {
		add_text(parse->format, text, 1);
		return (1);
	}
	end = text[1] == '{' ? strchr(text, '}') : NULL;
	if (end == NULL) {
		(void)snprintf(parse->why, FORMAT_WHY_MAX,
		    "a variable is written %%{NAME}, and a percent sign %%%%");
		return (0);
	}
	if (add_variable(parse, text + 2, (size_t)(end - text) - 2) == -1)
		return (0);
	return ((size_t)(end - text) + 1);
}

static int
parse_pieces(struct parse *parse)
{
	const char *at = parse->format->text;
	size_t len;

	while (*at != '\0') {
		len = strcspn(at, "%");
		add_text(parse->format, at, len);
		at += len;
		if (*at == '\0')
			break;
		len = take_percent(parse, at);
		if (len == 0)
			return (-1);
		at += len;
	}
	return (0);
}

/*
 * The length without the end of the last line; -1 for what is no line, or no
 * text of several.
 */
static long
text_length(const char *text, bool lines, char *why)
{
	size_t len = strlen(text), i;

	while (len > 0 && text[len - 1] == '\n')
		len--;
	for (i = 0; i < len; i++)
		if (iscntrl((unsigned char)text[i]) &&
		    (!lines || text[i] != '\n'))
			break;
	if (len > 0 && i == len && len <= UINT16_MAX)
		return ((long)len);
	(void)snprintf(why, FORMAT_WHY_MAX, "%s",
	    len == 0      ? "is empty"
		: i < len ? "a control character in a format"
			  : "is too long");
	return (-1);
}

/* Each percent sign begins one piece at most, and has text before it. */
static size_t
most_pieces(const char *text)
{
	size_t most = 1;

	for (; *text != '\0'; text++)
		if (*text == '%')
			most += 2;
	return (most);
}

struct conf_format *
format_parse(const char *text, enum format_kind kind, char why[FORMAT_WHY_MAX])
{
	struct parse parse = { .kind = kind, .why = why };
	struct conf_format *format;
	long len = text_length(text, kinds[kind].reply, why);
	size_t most;
	char *copy;

	if (len == -1)
		return (NULL);
	most = most_pieces(text) * sizeof(format->pieces[0]);
	format = calloc(1, sizeof(*format) + most + (size_t)len + 1);
	if (format == NULL) {
		(void)snprintf(why, FORMAT_WHY_MAX, "out of memory");
		return (NULL);
	}
	copy = (char *)format->pieces + most;
	memcpy(copy, text, (size_t)len);
	format->text = copy;
	parse.format = format;
	if (parse_pieces(&parse) == -1) {
		free(format);
		return (NULL);
	}
	return (format);
}

bool
format_counts(const char *banner)
{
	char why[FORMAT_WHY_MAX];
	struct conf_format *format;
	bool counts;

	if (banner == NULL || strchr(banner, '%') == NULL)
		return (false);
	format = format_parse(banner, FORMAT_BANNER, why);
	counts = format != NULL && format->counts;
	free(format);
	return (counts);
}

const struct conf_format *
format_of_sessions(const struct conf_host *host)
{
	static struct conf_format *usual;
	char why[FORMAT_WHY_MAX];

	if (host->session_format != NULL)
		return (host->session_format);
	if (usual == NULL)
		usual = format_parse(session_default, FORMAT_SESSION, why);
	return (usual);
}
