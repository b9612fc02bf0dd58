/* Unit tests of ctl/check.c: what monitoring is told. */
#include "ctl/check.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/suites.h"

#define NOW 1800000000
#define DAY 86400

/* A certificate, perhaps with a staple, and what is made of it. */
struct row {
	const char *what;
	const char *certificate; /* members, after those that it always has */
	const char *staple;      /* NULL: none */
	enum check_state state;
	const char *said; /* NULL: nothing */
};

#define DATES(from, until, chain) \
	"\"from\":" #from ",\"until\":" #until ",\"chain_until\":" #chain
#define GOOD DATES(1700000000, 1900000000, 1900000000)
#define MUST GOOD ",\"must_staple\":true"

static const struct row rows[] = {
	{ "good", GOOD, NULL, CHECK_OK, NULL },
	{ "not known yet", "\"x\":1", NULL, CHECK_WARNING, "not looked at" },
	{ "expires just in time", DATES(1, 1801209600, 1801209600), NULL,
	    CHECK_OK, NULL },
	{ "expires soon", DATES(1, 1801209599, 1801209599), NULL, CHECK_WARNING,
	    "a.pem: expires in 13 days" },
	{ "expires now", DATES(1, 1800000001, 1800000001), NULL, CHECK_WARNING,
	    "expires within a day" },
	{ "has expired", DATES(1, 1800000000, 1800000000), NULL, CHECK_CRITICAL,
	    "has expired" },
	{ "expired long ago", DATES(1, 1799800000, 1799800000), NULL,
	    CHECK_CRITICAL, "2 days ago" },
	{ "not valid yet", DATES(1800000001, 1900000000, 1900000000), NULL,
	    CHECK_CRITICAL, "not valid yet" },
	{ "its chain expires", DATES(1, 1900000000, 1800100000), NULL,
	    CHECK_WARNING, "its chain expires in 1 day" },
	{ "its chain has expired", DATES(1, 1900000000, 1), NULL,
	    CHECK_CRITICAL, "its chain has expired" },
	{ "a fresh staple", GOOD,
	    "\"served\":true,\"status\":\"good\",\"next_update\":1800000001",
	    CHECK_OK, NULL },
	{ "a stale one", GOOD,
	    "\"served\":true,\"status\":\"good\",\"next_update\":1800000000,"
	    "\"fetched\":1,\"error\":\"no route\"",
	    CHECK_WARNING, "no fresh staple: no route" },
	{ "none yet", GOOD, "\"status\":\"none\"", CHECK_OK, NULL },
	{ "none at all", GOOD, "\"status\":\"none\",\"failures\":3",
	    CHECK_WARNING, "no fresh staple" },
	{ "nobody to ask", GOOD,
	    "\"status\":\"none\",\"failures\":1,\"no_responder\":true",
	    CHECK_OK, NULL },
	{ "revoked", GOOD, "\"status\":\"revoked\",\"fetched\":1",
	    CHECK_CRITICAL, "is revoked" },
	{ "demanded, none", MUST, NULL, CHECK_CRITICAL, "there is none" },
	{ "demanded, none yet", MUST, "\"status\":\"none\"", CHECK_CRITICAL,
	    "which clients demand" },
	{ "demanded and there", MUST,
	    "\"served\":true,\"status\":\"good\",\"next_update\":1900000000",
	    CHECK_OK, NULL },
	{ "of the wrong types",
	    "\"from\":\"x\",\"until\":[],\"chain_until\":{},\"key\":7", NULL,
	    CHECK_CRITICAL, "has expired" },
};

static json_t *
make_answer(const struct row *row)
{
	char text[1024];
	json_t *answer;

	(void)snprintf(text, sizeof(text),
	    "{\"certificates\":[{\"file\":\"a.pem\",\"sha256\":\"A1\",%s}],"
	    "\"alarms\":[],\"staples\":[{\"sha256\":\"A\"}%s%s%s]}",
	    row->certificate, row->staple == NULL ? "" : ",{\"sha256\":\"A1\",",
	    row->staple == NULL ? "" : row->staple,
	    row->staple == NULL ? "" : "}");
	answer = json_loads(text, 0, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(answer);
	return (answer);
}

static const char *
finding(const json_t *answer, size_t i)
{
	const json_t *list = json_object_get(answer, "findings");
	const char *text =
	    json_string_value(json_object_get(json_array_get(list, i), "text"));

	return (text == NULL ? "" : text);
}

static void
judges(void)
{
	json_t *answer;
	size_t i;

	for (i = 0; i < NITEMS(rows); i++) {
		answer = make_answer(&rows[i]);
		CHECK_CASE(check_answer(answer, 14, NOW) == rows[i].state,
		    rows[i].what);
		if (rows[i].said != NULL)
			CHECK_CASE(strstr(finding(answer, 0), rows[i].said) !=
				NULL,
			    rows[i].what);
		else
			CHECK_CASE(finding(answer, 0)[0] == '\0', rows[i].what);
		json_decref(answer);
	}
}

static void
judges_alarms(void)
{
	json_t *answer = json_pack("{s:[{s:s}, {s:s}]}", "alarms", "text",
	    "a.pem: is bad", "text", "b.pem: is bad");

	CU_ASSERT_EQUAL(check_answer(answer, 14, NOW), CHECK_CRITICAL);
	CU_ASSERT_STRING_EQUAL(finding(answer, 1),
	    "b.pem: is bad: what was good before is used");
	CU_ASSERT_STRING_EQUAL(json_string_value(
				   json_object_get(answer, "state")),
	    "CRITICAL");
	json_decref(answer);
	answer = json_object();
	CU_ASSERT_EQUAL(check_answer(answer, 14, NOW), CHECK_OK);
	json_decref(answer);
}

static void
reads_days(void)
{
	static const char *const bad[] = { "", "-1", "3651", "x", "1x", "1.5",
		"99999999999999999999", "1 " };
	long days;
	size_t i;

	CU_ASSERT(check_days("0", &days) && days == 0);
	CU_ASSERT(check_days("3650", &days) && days == 3650);
	for (i = 0; i < NITEMS(bad); i++)
		CHECK_CASE(!check_days(bad[i], &days), bad[i]);
}

CU_TestInfo check_tests[] = {
	{ "certificates and staples", judges },
	{ "alarms", judges_alarms },
	{ "days", reads_days },
	CU_TEST_INFO_NULL,
};
