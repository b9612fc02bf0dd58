/* Fuzzes the parser of the users file: every byte is the input's. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "master/login/users.h"
#include "shm/base/ensure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was found by its name is what stands in the list. */
static void
check(const struct users *users)
{
	size_t i;

	ensure(users->nmethods <= USERS_METHODS_MAX);
	for (i = 0; i < users->count; i++) {
		ensure(users_find(users, users->entries[i].name) ==
		    &users->entries[i]);
		ensure(users->entries[i].home[0] == '/');
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct users *users = users_new("users");
	char *text = malloc(size + 1);

	if (users == NULL || text == NULL)
		abort();
	if (size > 0)
		memcpy(text, data, size);
	users_parse(users, text, size);
	check(users);
	users_free(&users);
	return (0);
}
