#include "master/login/token.h"

#include <stdbool.h>
#include <string.h>

#include "shm/base/digest.h"
#include "shm/base/ensure.h"
#include "shm/base/secret.h"
#include "shm/ipc/body.h"

/* Changes with the form: a successor of another version refuses the token. */
#define TOKEN_FORM 2u

struct writer {
	uint8_t *at;
	size_t left;
};

struct reader {
	const uint8_t *at;
	size_t left;
	bool bad;
};

/* The room has been reckoned for the longest token. */
static void
put(struct writer *writer, const void *data, size_t len)
{
	ensure(len <= writer->left);
	memcpy(writer->at, data, len);
	writer->at += len;
	writer->left -= len;
}

static void
put_number(struct writer *writer, uint32_t value)
{
	put(writer, &value, sizeof(value));
}

static void
put_text(struct writer *writer, const char *text, size_t size)
{
	size_t len = strnlen(text, size - 1);

	put_number(writer, (uint32_t)len);
	put(writer, text, len);
}

static void
get(struct reader *reader, void *data, size_t len)
{
	if (reader->bad || len > reader->left) {
		reader->bad = true;
		memset(data, 0, len);
		return;
	}
	memcpy(data, reader->at, len);
	reader->at += len;
	reader->left -= len;
}

static uint32_t
get_number(struct reader *reader)
{
	uint32_t value;

	get(reader, &value, sizeof(value));
	return (value);
}

static void
get_text(struct reader *reader, char *text, size_t size)
{
	size_t len = get_number(reader);

	text[0] = '\0';
	if (len >= size) {
		reader->bad = true;
		return;
	}
	get(reader, text, len);
	text[len] = '\0';
	if (strlen(text) != len)
		reader->bad = true;
}

size_t
token_identity(const struct token *token, uint8_t *out)
{
	const struct account *account = &token->account;
	struct writer writer;
	uint32_t i;

	writer.at = out;
	writer.left = TOKEN_IDENTITY_MAX;
	ensure(account->ngroups <= LOGIN_GROUPS_MAX);
	put_number(&writer, token->generation);
	put_number(&writer, token->host);
	put_number(&writer, account->uid);
	put_number(&writer, account->gid);
	put_number(&writer, account->policy);
	put_number(&writer, account->ngroups);
	for (i = 0; i < account->ngroups; i++)
		put_number(&writer, account->groups[i]);
	put(&writer, &account->entries, sizeof(account->entries));
	put_text(&writer, account->name, sizeof(account->name));
	put_text(&writer, account->group, sizeof(account->group));
	put_text(&writer, account->home, sizeof(account->home));
	return (TOKEN_IDENTITY_MAX - writer.left);
}

void
token_digest(const struct token *token, uint8_t out[LOGIN_IDENTITY_LEN])
{
	uint8_t identity[TOKEN_IDENTITY_MAX];
	struct seal_data piece;

	static_assert(LOGIN_IDENTITY_LEN == DIGEST_LEN, "they are the same");
	piece.data = identity;
	piece.len = token_identity(token, identity);
	digest_sha256(out, &piece, 1);
}

static void
get_identity(struct reader *reader, struct token *token)
{
	struct account *account = &token->account;
	uint32_t i;

	token->generation = get_number(reader);
	token->host = get_number(reader);
	account->uid = get_number(reader);
	account->gid = get_number(reader);
	account->policy = get_number(reader);
	account->ngroups = get_number(reader);
	if (account->ngroups > LOGIN_GROUPS_MAX) {
		account->ngroups = 0;
		reader->bad = true;
	}
	for (i = 0; i < account->ngroups; i++)
		account->groups[i] = get_number(reader);
	get(reader, &account->entries, sizeof(account->entries));
	get_text(reader, account->name, sizeof(account->name));
	get_text(reader, account->group, sizeof(account->group));
	get_text(reader, account->home, sizeof(account->home));
}

/* What is authenticated beside the token: the channel that may use it. */
struct binding {
	char purpose[16];
	uint32_t form;
	struct token_owner owner;
};

static void
bind_to(struct binding *binding, const struct token_owner *owner)
{
	memset(binding, 0, sizeof(*binding));
	memcpy(binding->purpose, "ftpsd session", 13);
	binding->form = TOKEN_FORM;
	binding->owner = *owner;
}

size_t
token_close(const uint8_t key[SEAL_KEY_LEN], const struct token_owner *owner,
    const struct token *token, uint8_t *out)
{
	uint8_t plain[sizeof(token->session) + TOKEN_IDENTITY_MAX];
	struct seal_data associated, data;
	struct binding binding;
	size_t len;

	static_assert(sizeof(plain) + SEAL_OVERHEAD <= TOKEN_LEN_MAX,
	    "the longest token fits");
	bind_to(&binding, owner);
	memcpy(plain, &token->session, sizeof(token->session));
	len = sizeof(token->session);
	len += token_identity(token, plain + len);
	associated.data = &binding;
	associated.len = sizeof(binding);
	data.data = plain;
	data.len = len;
	return (seal_close(key, associated, data, out));
}

int
token_open(const uint8_t key[SEAL_KEY_LEN], const struct token_owner *owner,
    struct seal_data sealed, struct token *token)
{
	uint8_t plain[TOKEN_LEN_MAX];
	struct seal_data associated;
	struct binding binding;
	struct reader reader;
	long len;

	if (sealed.len > TOKEN_LEN_MAX)
		return (-1);
	bind_to(&binding, owner);
	associated.data = &binding;
	associated.len = sizeof(binding);
	len = seal_open(key, associated, sealed, plain);
	if (len == -1)
		return (-1);
	memset(token, 0, sizeof(*token));
	reader.at = plain;
	reader.left = (size_t)len;
	reader.bad = false;
	get(&reader, &token->session, sizeof(token->session));
	get_identity(&reader, token);
	return (reader.bad || reader.left != 0 ? -1 : 0);
}
