/* Unit tests of master/login/token.c. */
#include "master/login/token.h"

#include <CUnit/CUnit.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/suites.h"

static const uint8_t key[SEAL_KEY_LEN] = "a key for the tests of tokens..";
static const struct token_owner owner = { 3, 17 };

static void
fill(struct token *token)
{
	memset(token, 0, sizeof(*token));
	token->session = UINT64_C(17) << 32 | 5;
	token->generation = 2;
	token->host = 1;
	(void)snprintf(token->account.name, sizeof(token->account.name),
	    "alice");
	(void)snprintf(token->account.group, sizeof(token->account.group),
	    "users");
	(void)snprintf(token->account.home, sizeof(token->account.home),
	    "/home/alice");
	token->account.uid = 1000;
	token->account.gid = 100;
	token->account.policy = LOGIN_ANONYMOUS;
	token->account.ngroups = 2;
	token->account.groups[0] = 27;
	token->account.groups[1] = 44;
}

static bool
same(const struct token *a, const struct token *b)
{
	return (a->session == b->session && a->generation == b->generation &&
	    a->host == b->host && a->account.uid == b->account.uid &&
	    a->account.gid == b->account.gid &&
	    a->account.policy == b->account.policy &&
	    a->account.ngroups == b->account.ngroups &&
	    memcmp(a->account.groups, b->account.groups,
		sizeof(a->account.groups)) == 0 &&
	    strcmp(a->account.name, b->account.name) == 0 &&
	    strcmp(a->account.group, b->account.group) == 0 &&
	    strcmp(a->account.home, b->account.home) == 0);
}

static int
reopen(const struct token *token, struct token *again)
{
	uint8_t sealed[TOKEN_LEN_MAX];
	struct seal_data data;

	data.data = sealed;
	data.len = token_close(key, &owner, token, sealed);
	CU_ASSERT(data.len > 0);
	return (token_open(key, &owner, data, again));
}

static void
check_round_trip(void)
{
	static struct token token, again;

	fill(&token);
	CU_ASSERT(reopen(&token, &again) == 0);
	CU_ASSERT(same(&token, &again));

	/* The longest one. */
	memset(token.account.name, 'n', LOGIN_NAME_MAX_LEN);
	memset(token.account.group, 'g', LOGIN_NAME_MAX_LEN);
	memset(token.account.home, 'h', FS_PATH_MAX);
	token.account.ngroups = LOGIN_GROUPS_MAX;
	CU_ASSERT(reopen(&token, &again) == 0);
	CU_ASSERT(same(&token, &again));
}

static void
check_binding(void)
{
	static const uint8_t other_key[SEAL_KEY_LEN] = { 1 };
	const struct token_owner slot = { 4, 17 }, incarnation = { 3, 18 };
	uint8_t sealed[TOKEN_LEN_MAX];
	static struct token token, again;
	struct seal_data data;

	fill(&token);
	data.data = sealed;
	data.len = token_close(key, &owner, &token, sealed);
	CU_ASSERT(token_open(key, &owner, data, &again) == 0);
	CU_ASSERT(token_open(key, &slot, data, &again) == -1);
	CU_ASSERT(token_open(key, &incarnation, data, &again) == -1);
	CU_ASSERT(token_open(other_key, &owner, data, &again) == -1);
}

/* Every bit counts, and so does every byte of the length. */
static void
check_tampering(void)
{
	uint8_t sealed[TOKEN_LEN_MAX], changed[TOKEN_LEN_MAX];
	static struct token token, again;
	struct seal_data data;
	size_t len, i, accepted = 0;

	fill(&token);
	len = token_close(key, &owner, &token, sealed);
	CU_ASSERT_FATAL(len > 0);
	data.data = changed;
	for (i = 0; i < len * 8; i++) {
		memcpy(changed, sealed, len);
		changed[i / 8] ^= (uint8_t)(1u << (i % 8));
		data.len = len;
		accepted += token_open(key, &owner, data, &again) == 0;
	}
	memcpy(changed, sealed, len);
	for (i = 0; i < len; i++) {
		data.len = i;
		accepted += token_open(key, &owner, data, &again) == 0;
	}
	CU_ASSERT(accepted == 0);
	data.len = TOKEN_LEN_MAX + 1;
	CU_ASSERT(token_open(key, &owner, data, &again) == -1);
}

/* A record sealed by us, with our key, but of another form. */
static void
check_malformed_contents(void)
{
	static const struct {
		const char *what;
		size_t at;
		uint32_t value;
	} cases[] = {
		{ "too many groups", 8 + 20, LOGIN_GROUPS_MAX + 1 },
		{ "the most groups there are numbers for", 8 + 20, UINT32_MAX },
		{ "more groups than bytes", 8 + 20, 40 },
		{ "a name longer than what is there", 8 + 32, 200 },
		{ "a name longer than allowed", 8 + 32, UINT32_MAX },
		{ "a NUL in the name", 8 + 36, 0 },
	};
	uint8_t plain[8 + TOKEN_IDENTITY_MAX], sealed[TOKEN_LEN_MAX];
	uint8_t binding[28] = "ftpsd session";
	struct seal_data associated = { binding, sizeof(binding) }, data;
	static struct token token, again;
	const uint32_t form = 2;
	size_t i, len;

	memcpy(binding + 16, &form, sizeof(form));
	memcpy(binding + 20, &owner, sizeof(owner));
	fill(&token);
	token.account.ngroups = 0;
	for (i = 0; i <= NITEMS(cases); i++) {
		memcpy(plain, &token.session, 8);
		len = 8 + token_identity(&token, plain + 8);
		if (i < NITEMS(cases))
			memcpy(plain + cases[i].at, &cases[i].value, 4);
		data.data = plain;
		data.len = len;
		data.len = seal_close(key, associated, data, sealed);
		data.data = sealed;
		CHECK_CASE((token_open(key, &owner, data, &again) == 0) ==
			(i == NITEMS(cases)),
		    i < NITEMS(cases) ? cases[i].what : "an honest one");
	}
	data.data = plain;
	data.len = len + 1;
	data.len = seal_close(key, associated, data, sealed);
	data.data = sealed;
	CU_ASSERT(token_open(key, &owner, data, &again) == -1);
}

static bool
same_identity(const struct token *one, const struct token *two)
{
	uint8_t a[TOKEN_IDENTITY_MAX], b[TOKEN_IDENTITY_MAX];
	size_t len = token_identity(one, a);

	return (token_identity(two, b) == len && memcmp(a, b, len) == 0);
}

/* Which sessions may share an agent. */
static void
check_identity(void)
{
	static struct token base, changed[10];
	size_t i;

	fill(&base);
	for (i = 0; i < NITEMS(changed); i++)
		fill(&changed[i]);
	changed[0].generation = 3;
	changed[1].host = 2;
	changed[2].account.uid = 1001;
	changed[3].account.gid = 101;
	changed[4].account.policy = 0;
	changed[5].account.ngroups = 1;
	changed[6].account.groups[1] = 45;
	changed[7].account.name[0] = 'b';
	changed[8].account.home[6] = 'b';
	changed[9].account.entries = 4;
	for (i = 0; i < NITEMS(changed); i++)
		CU_ASSERT(!same_identity(&base, &changed[i]));
	fill(&changed[0]);
	changed[0].session = 6;
	CU_ASSERT(same_identity(&base, &changed[0]));
}

CU_TestInfo token_tests[] = {
	{ "what is sealed comes back", check_round_trip },
	{ "a token is its worker's alone", check_binding },
	{ "a changed token is refused", check_tampering },
	{ "malformed contents are refused", check_malformed_contents },
	{ "who may share an agent", check_identity },
	CU_TEST_INFO_NULL,
};
