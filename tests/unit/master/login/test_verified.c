/* Unit tests of the passwords that were right a moment ago. */
#include <CUnit/CUnit.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master/login/verified.h"
#include "tests/unit/scratch.h"
#include "tests/unit/suites.h"

struct stage {
	struct scratch scratch;
	struct setting setting;
	struct verified *verified;
	struct checkers_question question;
	struct account account;
	char users[96];
};

/* The users file, as old as it must be to be trusted. */
static void
write_users(struct stage *stage, const char *text)
{
	int fd =
	    open(stage->users, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	CU_ASSERT_FATAL(fd != -1);
	CU_ASSERT(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	(void)close(fd);
}

static void
set_up(struct stage *stage, const char *seconds)
{
	struct conf_errors errors = { NULL, 0 };
	char text[512];
	int len;

	memset(stage, 0, sizeof(*stage));
	scratch_new(&stage->scratch);
	(void)snprintf(stage->users, sizeof(stage->users), "%s/users",
	    stage->scratch.path);
	write_users(stage, "alice:x:1:1:::\n");
	len = snprintf(text, sizeof(text),
	    "listen: [{address: 127.0.0.1, port: 2121}]\n"
	    "auth: {users_file: %s, verified_password_cache: %s}\n",
	    stage->users, seconds);
	stage->setting.conf = conf_parse("test", text, (size_t)len, &errors);
	CU_ASSERT_PTR_NOT_NULL_FATAL(stage->setting.conf);
	stage->verified = verified_new();
	CU_ASSERT_PTR_NOT_NULL_FATAL(stage->verified);
	CU_ASSERT(address_parse(&stage->question.address, "192.0.2.1") == 0);
	stage->question.user = (const uint8_t *)"alice";
	stage->question.user_len = 5;
	stage->question.password = (const uint8_t *)"wonder";
	stage->question.password_len = 6;
	(void)snprintf(stage->account.name, sizeof(stage->account.name),
	    "alice");
	stage->account.uid = 4711;
}

static void
tear_down(struct stage *stage)
{
	verified_free(&stage->verified);
	verified_free(&stage->verified);
	conf_free(&stage->setting.conf);
	scratch_free(&stage->scratch);
}

static const struct account *
find(struct stage *stage, struct verified_key *key)
{
	return (verified_find(stage->verified, &stage->setting,
	    &stage->question, key));
}

static void
is_for_the_same_login(void)
{
	struct verified_key key;
	const struct account *found;
	struct stage stage;

	set_up(&stage, "5s");
	/* A file that was written just now may change unseen. */
	CU_ASSERT_PTR_NULL(find(&stage, &key));
	CU_ASSERT_FALSE(key.usable);
	verified_add(stage.verified, &key, &stage.account);
	CU_ASSERT_PTR_NULL(find(&stage, &key));
	(void)sleep(3);
	CU_ASSERT_PTR_NULL(find(&stage, &key));
	CU_ASSERT_TRUE(key.usable);
	verified_add(stage.verified, &key, &stage.account);
	found = find(&stage, &key);
	CU_ASSERT_PTR_NOT_NULL_FATAL(found);
	CU_ASSERT(found != NULL && found->uid == 4711 &&
	    strcmp(found->name, "alice") == 0);

	stage.question.password = (const uint8_t *)"wondeR";
	CU_ASSERT_PTR_NULL(find(&stage, &key));
	/* The same bytes, parted elsewhere. */
	stage.question.user = (const uint8_t *)"alicew";
	stage.question.user_len = 6;
	stage.question.password = (const uint8_t *)"onder";
	stage.question.password_len = 5;
	CU_ASSERT_PTR_NULL(find(&stage, &key));
	stage.question.user_len = 5;
	stage.question.password = (const uint8_t *)"wonder";
	stage.question.password_len = 6;
	CU_ASSERT_PTR_NOT_NULL(find(&stage, &key));
	stage.question.tls = true;
	CU_ASSERT_PTR_NULL(find(&stage, &key));
	stage.question.tls = false;
	stage.question.generation = 1;
	CU_ASSERT_PTR_NULL(find(&stage, &key));
	stage.question.generation = 0;
	stage.question.address.ip[15] ^= 1;
	CU_ASSERT_PTR_NULL(find(&stage, &key));
	stage.question.address.ip[15] ^= 1;
	stage.question.address.port = 7; /* that is another connection's */
	CU_ASSERT_PTR_NOT_NULL(find(&stage, &key));

	write_users(&stage, "bob:x:1:1:::\n");
	CU_ASSERT_PTR_NULL(find(&stage, &key));
	CU_ASSERT_FALSE(key.usable);
	CU_ASSERT(unlink(stage.users) == 0);
	CU_ASSERT_PTR_NULL(find(&stage, &key));
	tear_down(&stage);
}

static void
ends_after_its_time(void)
{
	struct verified_key key, other;
	struct stage stage;
	char user[16];
	uint32_t n;

	set_up(&stage, "1s");
	(void)sleep(3);
	CU_ASSERT_PTR_NULL(find(&stage, &key));
	verified_add(stage.verified, &key, &stage.account);
	CU_ASSERT_PTR_NOT_NULL(find(&stage, &other));
	/* Many more than are kept: the newest are. */
	for (n = 0; n < 1000; n++) {
		(void)snprintf(user, sizeof(user), "user%u", n);
		stage.question.user = (const uint8_t *)user;
		stage.question.user_len = strlen(user);
		CU_ASSERT_PTR_NULL(find(&stage, &other));
		other.until += n;
		verified_add(stage.verified, &other, &stage.account);
	}
	CU_ASSERT_PTR_NOT_NULL(find(&stage, &other));
	(void)sleep(3);
	CU_ASSERT_PTR_NULL(find(&stage, &other));
	tear_down(&stage);

	set_up(&stage, "0s");
	(void)sleep(3);
	CU_ASSERT_PTR_NULL(find(&stage, &key));
	CU_ASSERT_FALSE(key.usable);
	tear_down(&stage);
}

CU_TestInfo verified_tests[] = {
	{ "only the same login is found", is_for_the_same_login },
	{ "what was right is so for a while", ends_after_its_time },
	CU_TEST_INFO_NULL,
};
