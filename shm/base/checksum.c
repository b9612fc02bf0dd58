#include "shm/base/checksum.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <zlib.h>

#include "shm/base/ensure.h"

struct checksum {
	EVP_MD_CTX *context; /* NULL: CRC-32 */
	unsigned long crc;
	bool failed;
};

/* The library's name of an algorithm; NULL: it is zlib's. */
static const struct {
	const char *name, *library;
} algorithms[CHECKSUM_COUNT] = {
	[CHECKSUM_SHA256] = { "SHA-256", "SHA256" },
	[CHECKSUM_SHA512] = { "SHA-512", "SHA512" },
	[CHECKSUM_SHA1] = { "SHA-1", "SHA1" },
	[CHECKSUM_MD5] = { "MD5", "MD5" },
	[CHECKSUM_CRC32] = { "CRC32", NULL },
};

/* Fetched once, found or not: to look for one that is missing takes long. */
static EVP_MD *
fetch(enum checksum_kind kind)
{
	static EVP_MD *fetched[CHECKSUM_COUNT];
	static bool asked[CHECKSUM_COUNT];

	if (!asked[kind])
		fetched[kind] =
		    EVP_MD_fetch(NULL, algorithms[kind].library, NULL);
	asked[kind] = true;
	return (fetched[kind]);
}

const char *
checksum_name(enum checksum_kind kind)
{
	return (algorithms[kind].name);
}

bool
checksum_find(const char *name, enum checksum_kind *kind)
{
	unsigned int i;

	for (i = 0; i < CHECKSUM_COUNT; i++)
		if (strcasecmp(name, algorithms[i].name) == 0) {
			*kind = (enum checksum_kind)i;
			return (true);
		}
	return (false);
}

bool
checksum_available(enum checksum_kind kind)
{
	return (algorithms[kind].library == NULL || fetch(kind) != NULL);
}

struct checksum *
checksum_new(enum checksum_kind kind)
{
	struct checksum *checksum;

	if (!checksum_available(kind)) {
		errno = EOPNOTSUPP;
		return (NULL);
	}
	checksum = calloc(1, sizeof(*checksum));
	if (checksum == NULL || algorithms[kind].library == NULL)
		return (checksum);
	checksum->context = EVP_MD_CTX_new();
	if (checksum->context != NULL &&
	    EVP_DigestInit_ex2(checksum->context, fetch(kind), NULL) == 1)
		return (checksum);
	checksum_free(&checksum);
	errno = ENOMEM;
	return (NULL);
}

void
checksum_free(struct checksum **checksum)
{
	if (*checksum == NULL)
		return;
	EVP_MD_CTX_free((*checksum)->context);
	free(*checksum);
	*checksum = NULL;
}

void
checksum_add(struct checksum *checksum, const void *data, size_t len)
{
	if (checksum->context == NULL)
		checksum->crc = crc32_z(checksum->crc, data, len);
	else if (EVP_DigestUpdate(checksum->context, data, len) != 1)
		checksum->failed = true;
}

int
checksum_end(struct checksum *checksum, char text[CHECKSUM_TEXT_MAX])
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	size_t i;

	if (checksum->context == NULL) {
		(void)snprintf(text, CHECKSUM_TEXT_MAX, "%08lx", checksum->crc);
		return (0);
	}
	if (checksum->failed ||
	    EVP_DigestFinal_ex(checksum->context, sum, &len) != 1) {
		errno = EIO;
		return (-1);
	}
	ensure(len <= CHECKSUM_TEXT_MAX / 2);
	for (i = 0; i < len; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", sum[i]);
	return (0);
}

/* Several -------------------------------------------------------------- */

struct checksum_set {
	struct checksum *items[CHECKSUM_COUNT];
};

struct checksum_set *
checksum_set_new(unsigned int kinds)
{
	struct checksum_set *set = calloc(1, sizeof(*set));
	bool any = false, failed = false;
	enum checksum_kind kind;
	unsigned int i;

	for (i = 0; set != NULL && i < CHECKSUM_COUNT; i++) {
		kind = (enum checksum_kind)i;
		if ((kinds & 1U << i) == 0 || !checksum_available(kind))
			continue;
		set->items[i] = checksum_new(kind);
		failed = failed || set->items[i] == NULL;
		any = true;
	}
	if (failed || !any)
		checksum_set_free(&set);
	return (set);
}

void
checksum_set_free(struct checksum_set **set)
{
	size_t i;

	for (i = 0; *set != NULL && i < CHECKSUM_COUNT; i++)
		checksum_free(&(*set)->items[i]);
	free(*set);
	*set = NULL;
}

void
checksum_set_add(struct checksum_set *set, const void *data, size_t len)
{
	size_t i;

	for (i = 0; i < CHECKSUM_COUNT; i++)
		if (set->items[i] != NULL)
			checksum_add(set->items[i], data, len);
}

int
checksum_set_end(struct checksum_set *set, struct checksum_texts *texts)
{
	size_t i;

	for (i = 0; i < CHECKSUM_COUNT; i++) {
		texts->text[i][0] = '\0';
		if (set->items[i] != NULL &&
		    checksum_end(set->items[i], texts->text[i]) == -1)
			return (-1);
	}
	return (0);
}
