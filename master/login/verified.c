#include "master/login/verified.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shm/base/loop.h"
#include "shm/base/secret.h"

#define LOGINS_MAX 128 /* some 5 KB each, made when first needed */
/* A file that was changed this lately may change again within one tick. */
#define SETTLE_SECONDS 2

struct known {
	struct verified_key key;
	struct account account;
};

struct verified {
	uint8_t *secret; /* DIGEST_LEN bytes, wiped on fork */
	struct known *logins[LOGINS_MAX];
};

struct verified *
verified_new(void)
{
	struct verified *verified = calloc(1, sizeof(*verified));

	if (verified == NULL)
		return (NULL);
	verified->secret = secret_alloc(DIGEST_LEN, SECRET_WIPE_ON_FORK);
	if (verified->secret == NULL) {
		free(verified);
		return (NULL);
	}
	secret_random(verified->secret, DIGEST_LEN);
	return (verified);
}

void
verified_free(struct verified **verified)
{
	size_t i;

	if (*verified == NULL)
		return;
	for (i = 0; i < LOGINS_MAX; i++)
		free((*verified)->logins[i]);
	secret_free((*verified)->secret, DIGEST_LEN);
	free(*verified);
	*verified = NULL;
}

static void
make_digest(const struct verified *verified,
    const struct checkers_question *question, uint8_t digest[DIGEST_LEN])
{
	struct {
		uint32_t generation, host, tls;
		uint32_t user_len, password_len;
		uint8_t ip[16];
	} head;
	struct seal_data pieces[5];

	memset(&head, 0, sizeof(head));
	head.generation = question->generation;
	head.host = question->host;
	head.tls = question->tls;
	head.user_len = (uint32_t)question->user_len;
	head.password_len = (uint32_t)question->password_len;
	memcpy(head.ip, question->address.ip, sizeof(head.ip));
	pieces[0] = (struct seal_data){ verified->secret, DIGEST_LEN };
	pieces[1] = (struct seal_data){ (const uint8_t *)&head, sizeof(head) };
	pieces[2] = (struct seal_data){ question->user, question->user_len };
	pieces[3] =
	    (struct seal_data){ question->password, question->password_len };
	pieces[4] = pieces[0];
	digest_sha256(digest, pieces, NITEMS(pieces));
}

/* False: it changed just now, or cannot be looked at. */
static bool
look_at_file(const struct conf_host *host, struct stat *file)
{
	size_t i;

	memset(file, 0, sizeof(*file));
	for (i = 0; i < host->nauth_order; i++)
		if (host->auth_order[i] == CONF_AUTH_FILE)
			break;
	if (i == host->nauth_order || host->users_file == NULL)
		return (true);
	return (stat(host->users_file, file) == 0 &&
	    time(NULL) - file->st_ctim.tv_sec >= SETTLE_SECONDS);
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return (a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_size == b->st_size && a->st_mode == b->st_mode &&
	    a->st_uid == b->st_uid && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	    a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	    a->st_ctim.tv_nsec == b->st_ctim.tv_nsec);
}

const struct account *
verified_find(struct verified *verified, const struct setting *setting,
    const struct checkers_question *question, struct verified_key *key)
{
	const struct conf_host *host = setting_host(setting, question->host);
	uint64_t now = loop_now();
	const struct known *known;
	size_t i;

	memset(key, 0, sizeof(*key));
	if (host == NULL || setting->conf->verified_password_cache == 0 ||
	    !look_at_file(host, &key->file))
		return (NULL);
	key->usable = true;
	key->until =
	    now + setting->conf->verified_password_cache * UINT64_C(1000);
	make_digest(verified, question, key->digest);
	for (i = 0; i < LOGINS_MAX; i++) {
		known = verified->logins[i];
		if (known != NULL && known->key.until > now &&
		    secret_equal(known->key.digest, key->digest, DIGEST_LEN))
			return (same_file(&known->key.file, &key->file)
				? &known->account
				: NULL);
	}
	return (NULL);
}

/* The same login's, one that is free, or the one that ends first. */
static struct known **
place_for(struct verified *verified, const struct verified_key *key)
{
	struct known **best = &verified->logins[0], **at;

	for (at = best; at < verified->logins + LOGINS_MAX; at++) {
		if (*at == NULL)
			return (at);
		if (secret_equal((*at)->key.digest, key->digest, DIGEST_LEN))
			return (at);
		if ((*at)->key.until < (*best)->key.until)
			best = at;
	}
	return (best);
}

void
verified_add(struct verified *verified, const struct verified_key *key,
    const struct account *account)
{
	struct known **place;

	if (!key->usable)
		return;
	place = place_for(verified, key);
	if (*place == NULL)
		*place = malloc(sizeof(**place));
	if (*place == NULL)
		return;
	(*place)->key = *key;
	(*place)->account = *account;
}
