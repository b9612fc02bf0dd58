/*
 * keys - the table of all configuration keys, and looking things up in it.
 *
 * A path is a key's name with the names of the mappings above it, joined by
 * dots: "tls.session_cache.size".  "tls" is then a group.
 */
#ifndef SHM_CONF_KEYS_H
#define SHM_CONF_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "shm/base/attr.h"
#include "shm/conf/conf.h"

#define KEYS_PATH_MAX 64  /* of a path, with its NUL */
#define KEYS_MAX      192 /* rows in the table */

/* Contexts: where a key may stand. */
#define CONTEXT_SERVER    1u
#define CONTEXT_DEFAULTS  2u
#define CONTEXT_HOST      4u
#define CONTEXT_ANONYMOUS 8u
#define CONTEXT_USER      16u
#define CONTEXT_DIRECTORY 32u

enum conf_type {
	CONF_TYPE_BOOL,
	CONF_TYPE_UINT,
	CONF_TYPE_SECONDS,
	CONF_TYPE_SIZE,
	CONF_TYPE_OCTAL,
	CONF_TYPE_CHECKSUMS,
	CONF_TYPE_NAME,
	CONF_TYPE_PATH,
	CONF_TYPE_PATH_OR_NONE,
	CONF_TYPE_FILE,  /* read at load; or none */
	CONF_TYPE_FILES, /* several */
	CONF_TYPE_PRE_SHARED_KEYS,
	CONF_TYPE_KEY_FILE,
	CONF_TYPE_BANNER,        /* text with variables */
	CONF_TYPE_BANNER_FILE,   /* a file with it, read at load */
	CONF_TYPE_LOGIN_MESSAGE, /* as a banner */
	CONF_TYPE_FILE_NAME,     /* without a slash; or none */
	CONF_TYPE_HOST_NAME,
	CONF_TYPE_HOST_NAMES,
	CONF_TYPE_FILE_SYSTEMS,
	CONF_TYPE_ADDRESS,
	CONF_TYPE_ADDRESSES,
	CONF_TYPE_NETWORKS,
	CONF_TYPE_PORTS,
	CONF_TYPE_PATTERNS,
	CONF_TYPE_HIDE,
	CONF_TYPE_FORMAT,
	CONF_TYPE_TRACE,
	CONF_TYPE_LOG_TARGET,
	CONF_TYPE_LOG_FORMAT,
	CONF_TYPE_LOG_LEVEL,
	CONF_TYPE_DURABILITY,
	CONF_TYPE_TIMES,
	CONF_TYPE_CACHE_TYPE,
	CONF_TYPE_AUTH_ORDER,
	CONF_TYPE_VERIFY_ORDER,
	CONF_TYPE_NO_ANSWER,
	CONF_TYPE_TRUNCATED,
	CONF_TYPE_MODE_Z,
	CONF_TYPE_STAPLING,
	CONF_TYPE_STAPLING_TYPE,
	CONF_TYPE_STAPLING_OPTIONS,
	CONF_TYPE_URL,
	CONF_TYPE_CHARSET, /* or none */
	CONF_TYPE_LISTEN,
	CONF_TYPE_CERTIFICATES,
	CONF_TYPE_COMMAND,
	CONF_TYPE_CRYPTO_DEVICE,
	CONF_TYPE_PROTOCOL,
	CONF_TYPE_CIPHER_SUITE,
	CONF_TYPE_CURVES,
	CONF_TYPE_REQUIRED,
	CONF_TYPE_OPTIONS,
	CONF_TYPE_RENEGOTIATE,
	CONF_TYPE_VERIFY_CLIENT,
	CONF_TYPE_VERIFY_SERVER,
	CONF_TYPE_USER_NAME,
	CONF_TYPE_ACL,
	CONF_TYPE_USERS,
	CONF_TYPE_DIRECTORIES,
	CONF_TYPE_INCLUDE,
	CONF_TYPE_COUNT
};

/* Which struct the field of a key is in. */
enum conf_where {
	CONF_IN_SERVER, /* struct conf */
	CONF_IN_HOST,   /* struct conf_host */
	CONF_IN_PARTS   /* struct conf_parts, while loading only */
};

/* The certificate files that have keys of their own. */
struct conf_parts {
	char *rsa_cert, *rsa_key;
	char *ec_cert, *ec_key;
	char *dsa_cert, *dsa_key;
	char *chain; /* of all of them */
	char *pkcs12;
};

enum conf_apply {
	CONF_RELOAD,
	CONF_RESTART
};

struct conf_key {
	const char *path;
	enum conf_type type;
	enum conf_where where;
	unsigned int contexts;
	size_t offset, size;   /* of the field in its struct */
	const char *value;     /* the default as text, or NULL */
	const char *min, *max; /* as text, or NULL */
	enum conf_apply apply;
	const char *help;
};

extern const struct conf_key conf_keys[];
extern const size_t conf_nkeys;

/* The key with that path, or NULL. */
NODISCARD const struct conf_key *keys_find(const char *path);

/* Whether there are keys below path. */
NODISCARD bool keys_is_group(const char *path);

/* The same, but only what may stand in context counts. */
NODISCARD bool keys_is_group_in(const char *path, unsigned int context);

/* The row of key in the table. */
NODISCARD size_t keys_index(const struct conf_key *key);

/*
 * Copies the path (of a key or of a group) that is most likely meant by the
 * unknown path to out, or returns false when none is near.  Only what is
 * allowed in context is offered.
 */
NODISCARD bool keys_nearest(const char *path, unsigned int context,
    char out[KEYS_PATH_MAX]);

/* How many letters differ (inserted, lost, changed, swapped), up to most+1. */
NODISCARD size_t keys_distance(const char *a, const char *b, size_t most);

/* The nearest of count words to text, or NULL when none is near. */
NODISCARD const char *keys_nearest_word(const char *const *words, size_t count,
    const char *text);

#endif
