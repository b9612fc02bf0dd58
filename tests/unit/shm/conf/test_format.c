/* Unit tests of formats: what is taken apart, and what is refused. */
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

#include "shm/base/buf.h"
#include "shm/conf/format.h"
#include "tests/unit/conf_rig.h"
#include "tests/unit/suites.h"

static const struct {
	const char *what, *text;
	enum format_kind kind;
	const char *shown; /* NULL: refused */
} formats[] = {
	{ "text alone", "hello", FORMAT_SESSION, "hello" },
	{ "a variable alone", "%{USER}", FORMAT_SESSION, "<USER>" },
	{ "text around", "a %{USER} b", FORMAT_SESSION, "a <USER> b" },
	{ "a percent sign", "100%% of %{USER}", FORMAT_SESSION,
	    "100% of <USER>" },
	{ "percent signs alone", "%%%%", FORMAT_SESSION, "%%" },
	{ "one behind the other", "%{USER}%{HOST}", FORMAT_TRANSFER,
	    "<USER><HOST>" },
	{ "a note", "%{note:TLS_CIPHER}", FORMAT_SESSION, "<TLS_CIPHER>" },
	{ "of a certificate", "%{TLS_CLIENT_S_DN_Email}", FORMAT_SESSION,
	    "<TLS_CLIENT_S_DN_Email>" },
	{ "of our certificate", "%{TLS_SERVER_V_END}", FORMAT_TRANSFER,
	    "<TLS_SERVER_V_END>" },
	{ "of the chain", "%{TLS_CLIENT_CERT_CHAIN9}", FORMAT_SESSION,
	    "<TLS_CLIENT_CERT_CHAIN9>" },
	{ "a line end at the end", "%{FILE}\n", FORMAT_TRANSFER, "<FILE>" },
	{ "nothing", "", FORMAT_SESSION, NULL },
	{ "an unknown name", "%{NOBODY}", FORMAT_SESSION, NULL },
	{ "no name", "%{}", FORMAT_SESSION, NULL },
	{ "small letters", "%{user}", FORMAT_SESSION, NULL },
	{ "no end", "%{USER", FORMAT_SESSION, NULL },
	{ "a percent sign at the end", "100%", FORMAT_SESSION, NULL },
	{ "as in ExtendedLog", "%u", FORMAT_SESSION, NULL },
	{ "a chain without a number", "%{TLS_CLIENT_CERT_CHAIN}",
	    FORMAT_SESSION, NULL },
	{ "a chain from 0", "%{TLS_CLIENT_CERT_CHAIN0}", FORMAT_SESSION, NULL },
	{ "a chain too long", "%{TLS_CLIENT_CERT_CHAIN10}", FORMAT_SESSION,
	    NULL },
	{ "a transfer's in a session", "%{FILE}", FORMAT_SESSION, NULL },
	{ "a session's in a transfer", "%{REASON}", FORMAT_TRANSFER, NULL },
	{ "two lines", "%{USER}\n%{HOST}", FORMAT_SESSION, NULL },
	{ "a control character", "%{USER}\x1b", FORMAT_SESSION, NULL },
	{ "a very long name",
	    "%{AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA}",
	    FORMAT_SESSION, NULL },
	{ "a banner", "%{HOST} at %{TIME}", FORMAT_BANNER, "<HOST> at <TIME>" },
	{ "a banner of lines", "%{HOST}\n\n%{TIME}\n", FORMAT_BANNER,
	    "<HOST>\n\n<TIME>" },
	{ "other percent signs in a banner", "%n%s%x 5% 6%% %", FORMAT_BANNER,
	    "%n%s%x 5% 6% %" },
	{ "a user in a banner", "%{USER}", FORMAT_BANNER, NULL },
	{ "TLS in a banner", "%{TLS_PROTOCOL}", FORMAT_BANNER, NULL },
	{ "no end in a banner", "%{HOST", FORMAT_BANNER, NULL },
	{ "a tab in a banner", "a\tb", FORMAT_BANNER, NULL },
	{ "a user at a login", "%{USER} (%{UID})", FORMAT_LOGIN_MESSAGE,
	    "<USER> (<UID>)" },
	{ "TLS at a login", "%{TLS_PROTOCOL}", FORMAT_LOGIN_MESSAGE,
	    "<TLS_PROTOCOL>" },
	{ "a certificate at a login", "%{TLS_CLIENT_S_DN}",
	    FORMAT_LOGIN_MESSAGE, NULL },
	{ "a count at a login", "%{BYTES_IN}", FORMAT_LOGIN_MESSAGE, NULL },
};

/* The pieces, variables between angle brackets. */
static void
show(const struct conf_format *format, struct buf *out)
{
	const struct format_piece *piece;
	int ret = 0;
	size_t i;

	for (i = 0; i < format->count && ret == 0; i++) {
		piece = &format->pieces[i];
		if (piece->variable == VARIABLE_COUNT)
			ret = buf_append(out, format->text + piece->at,
			    piece->len);
		else if (piece->number != 0)
			ret = buf_printf(out, "<%s%u>",
			    variable_name((enum variable)piece->variable),
			    (unsigned int)piece->number);
		else
			ret = buf_printf(out, "<%s>",
			    variable_name((enum variable)piece->variable));
	}
	CU_ASSERT_EQUAL(ret, 0);
	CU_ASSERT_EQUAL(buf_append(out, "", 1), 0);
}

static void
takes_formats_apart(void)
{
	char why[FORMAT_WHY_MAX];
	struct conf_format *format;
	struct buf shown;
	size_t i;

	for (i = 0; i < NITEMS(formats); i++) {
		why[0] = '\0';
		format = format_parse(formats[i].text, formats[i].kind, why);
		CHECK_CASE((format != NULL) == (formats[i].shown != NULL),
		    formats[i].what);
		CHECK_CASE((format == NULL) == (why[0] != '\0'),
		    formats[i].what);
		if (format == NULL)
			continue;
		buf_init(&shown, 0);
		show(format, &shown);
		CHECK_CASE(formats[i].shown != NULL &&
			strcmp((const char *)buf_data(&shown),
			    formats[i].shown) == 0,
		    formats[i].what);
		buf_free(&shown);
		free(format);
	}
}

static void
knows_what_a_format_needs(void)
{
	char why[FORMAT_WHY_MAX];
	struct conf_format *format;

	format = format_parse("%{USER} %{RAW_IN}", FORMAT_SESSION, why);
	if (format == NULL)
		abort();
	CU_ASSERT_TRUE(format->raw);
	CU_ASSERT_FALSE(format->tls);
	free(format);
	format = format_parse("%{TLS_RESUMED}", FORMAT_SESSION, why);
	if (format == NULL)
		abort();
	CU_ASSERT_FALSE(format->raw);
	CU_ASSERT_TRUE(format->tls);
	free(format);
	CU_ASSERT_EQUAL(variable_needs(VARIABLE_TLS_CIPHER), 0);
	CU_ASSERT_EQUAL(variable_needs(VARIABLE_TLS_SESSION_ID),
	    CONF_TLS_STD_ENV_VARS);
	CU_ASSERT_EQUAL(variable_needs(VARIABLE_TLS_CLIENT_S_DN_CN), 0);
	CU_ASSERT_EQUAL(variable_needs(VARIABLE_TLS_SERVER_S_DN_CN),
	    CONF_TLS_STD_ENV_VARS);
	CU_ASSERT_EQUAL(variable_needs(VARIABLE_TLS_CLIENT_CERT),
	    CONF_TLS_EXPORT_CERT_DATA);
}

static void
reads_them_as_keys(void)
{
	struct conf_errors errors;
	struct conf *conf, *again;
	char *text;
	size_t len;

	conf =
	    rig_must(LISTEN "log:\n"
			    "  session: /var/log/s\n"
			    "  session_format: 'a \"%{USER}\" %%'\n"
			    "  trace: [tls 5, 'tls.verify 20 2001:db8::/32']\n"
			    "defaults:\n"
			    "  log: {transfer_format: '%{FILE}'}\n"
			    "hosts:\n"
			    "  - {name: a}\n"
			    "  - {name: b, log: {transfer_format: xferlog}}\n");
	CU_ASSERT_PTR_NOT_NULL(conf->hosts[1].transfer_format);
	CU_ASSERT_PTR_NULL(conf->hosts[2].transfer_format);
	CU_ASSERT_EQUAL(conf->trace[TRACE_TLS].level, 5);
	CU_ASSERT_EQUAL(conf->trace[TRACE_TLS_VERIFY].bits, 32);
	text = conf_dump(conf, &len);
	if (text == NULL)
		abort();
	again = rig_must(text);
	CU_ASSERT_STRING_EQUAL(again->hosts[0].session_format->text,
	    "a \"%{USER}\" %%");
	CU_ASSERT_EQUAL(memcmp(again->trace, conf->trace, sizeof(conf->trace)),
	    0);
	free(text);
	conf_free(&conf);
	conf_free(&again);
	conf = rig_parse(LISTEN "log: {session_format: '%{TLS_PROTOCL}'}\n"
				"hosts: [{name: a, log: {transfer_format: "
				"'%{REASON}'}}]\n",
	    &errors);
	CU_ASSERT_PTR_NULL(conf);
	CU_ASSERT_TRUE(rig_has(&errors, 2, 23,
	    "log.session_format: unknown variable TLS_PROTOCL: did you mean "
	    "TLS_PROTOCOL?"));
	CU_ASSERT_TRUE(rig_has(&errors, 3, 42,
	    "REASON is known in log.session_format only"));
	conf_errors_free(&errors);
}

CU_TestInfo format_tests[] = {
	{ "formats are taken apart", takes_formats_apart },
	{ "what a format needs is known", knows_what_a_format_needs },
	{ "formats and rules are read as keys", reads_them_as_keys },
	CU_TEST_INFO_NULL,
};
