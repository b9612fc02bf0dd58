#include "master/login/password.h"

#include <crypt.h>
#include <string.h>

#include "shm/base/secret.h"

/* 32 KiB: too much for a stack; wiped after each use. */
static struct crypt_data data;

static bool
compute(const char *password, const char *hash)
{
	const char *made;
	size_t len;
	bool same;

	made = crypt_r(password, hash, &data);
	if (made == NULL || made[0] == '*')
		return (false);
	len = strlen(hash);
	same = strlen(made) == len && secret_equal(made, hash, len);
	return (same);
}

bool
password_matches(const char *password, const char *hash)
{
	bool same;

	same = compute(password, hash);
	secret_wipe(&data, sizeof(data));
	return (same);
}

void
password_waste_time(const char *password, const char *hash)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];

	if (hash == NULL)
		hash = crypt_gensalt_rn(NULL, 0, NULL, 0, setting,
		    (int)sizeof(setting));
	if (hash != NULL)
		(void)compute(password, hash);
	secret_wipe(&data, sizeof(data));
}

void
password_random(char *text, unsigned int size)
{
	static const char letters[] = "0123456789abcdef";
	unsigned char bytes[32];
	unsigned int i;

	secret_random(bytes, sizeof(bytes));
	for (i = 0; i < sizeof(bytes) && i + 1 < size; i++)
		text[i] = letters[bytes[i] % 16];
	text[i] = '\0';
}
