#include "master/login/users_line.h"

#include <crypt.h>
#include <stdint.h>
#include <string.h>

#include "shm/ipc/body.h"

enum field {
	FIELD_NAME,
	FIELD_HASH,
	FIELD_UID,
	FIELD_GID,
	FIELD_GECOS,
	FIELD_HOME,
	FIELD_SHELL,
	FIELD_COUNT
};

bool
users_line_is_blank(const char *line, size_t len)
{
	size_t i;

	if (len > 0 && line[0] == '#')
		return (true);
	for (i = 0; i < len; i++)
		if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
			return (false);
	return (true);
}

static bool
has_control(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	for (; *at != '\0'; at++)
		if (*at < 0x20 || *at == 0x7f)
			return (true);
	return (false);
}

/* Digits only; all ones is the id of nobody at all. */
static bool
parse_id(const char *text, unsigned int *id)
{
	uint64_t value = 0;

	if (*text == '\0')
		return (false);
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return (false);
		value = value * 10 + (uint64_t)(*text - '0');
		if (value >= UINT32_MAX)
			return (false);
	}
	*id = (unsigned int)value;
	return (true);
}

static bool
is_locked(const char *hash)
{
	return (hash[0] == '\0' || hash[0] == '!' || hash[0] == '*');
}

/* A password in clear, put there by mistake, must not become a DES hash. */
static bool
is_hash(const char *hash)
{
	int verdict;

	if (hash[0] != '$')
		return (false);
	verdict = crypt_checksalt(hash);
	return (verdict == CRYPT_SALT_OK ||
	    verdict == CRYPT_SALT_METHOD_LEGACY ||
	    verdict == CRYPT_SALT_TOO_CHEAP);
}

/* The number of fields; FIELD_COUNT + 1 when there are more. */
static size_t
split(char *line, char *fields[FIELD_COUNT])
{
	size_t n = 0;

	for (;;) {
		if (n == FIELD_COUNT)
			return (n + 1);
		fields[n++] = line;
		line = strchr(line, ':');
		if (line == NULL)
			return (n);
		*line++ = '\0';
	}
}

static const char *
check_texts(char *fields[FIELD_COUNT])
{
	size_t len = strlen(fields[FIELD_NAME]);

	if (len == 0)
		return ("the name is empty");
	if (len > LOGIN_NAME_MAX_LEN)
		return ("the name is too long");
	if (has_control(fields[FIELD_NAME]))
		return ("the name holds a control character");
	if (!is_locked(fields[FIELD_HASH]) && !is_hash(fields[FIELD_HASH]))
		return ("the password is no hash of crypt(5)");
	if (fields[FIELD_HOME][0] != '/')
		return ("the home is not an absolute path");
	if (has_control(fields[FIELD_HOME]))
		return ("the home holds a control character");
	if (strlen(fields[FIELD_HOME]) > FS_PATH_MAX)
		return ("the home is too long");
	return (NULL);
}

const char *
users_line_parse(char *line, size_t len, struct users_entry *entry)
{
	char *fields[FIELD_COUNT];
	const char *mistake;
	size_t n;

	if (len > USERS_LINE_MAX)
		return ("the line is too long");
	if (memchr(line, '\0', len) != NULL)
		return ("the line holds a NUL");
	if (len > 0 && line[len - 1] == '\r')
		len--;
	line[len] = '\0';
	n = split(line, fields);
	if (n < FIELD_SHELL)
		return ("there are too few fields "
			"(name:hash:uid:gid:gecos:home:shell)");
	if (n > FIELD_COUNT)
		return ("there are too many fields "
			"(name:hash:uid:gid:gecos:home:shell)");
	mistake = check_texts(fields);
	if (mistake != NULL)
		return (mistake);
	if (!parse_id(fields[FIELD_UID], &entry->uid))
		return ("the uid is no number of a user");
	if (!parse_id(fields[FIELD_GID], &entry->gid))
		return ("the gid is no number of a group");
	entry->name = fields[FIELD_NAME];
	entry->hash = fields[FIELD_HASH];
	entry->home = fields[FIELD_HOME];
	return (NULL);
}

/* Just behind the nth '$', or 0. */
static size_t
behind_dollar(const char *hash, int n)
{
	const char *at = hash;

	for (;;) {
		at = strchr(at, '$');
		if (at == NULL)
			return (0);
		at++;
		if (--n == 0)
			return ((size_t)(at - hash));
	}
}

size_t
users_line_method_len(const char *hash)
{
	static const char scrypt[] = "$7$";
	static const char *const plain[] = { "$1$", "$5$", "$6$" };
	size_t len, i;

	for (i = 0; i < NITEMS(plain); i++)
		if (strncmp(hash, plain[i], 3) == 0 &&
		    strncmp(hash + 3, "rounds=", 7) != 0)
			return (3);
	/* N, r and p are eleven letters, without a dollar behind them. */
	if (strncmp(hash, scrypt, 3) == 0 && strlen(hash) > 3 + 11)
		return (3 + 11);
	len = behind_dollar(hash, 3);
	return (len != 0 ? len : behind_dollar(hash, 2));
}
