/* Certificates whose files have keys of their own, such as RSA and EC. */
#include <stdlib.h>
#include <string.h>

#include "shm/conf/build.h"
#include "shm/conf/value.h"

#define CHAIN  "tls.certificate_chain_file"
#define PKCS12 "tls.pkcs12_file"

static const struct {
	const char *cert, *key; /* key is NULL: it is in the same file */
	size_t cert_at, key_at; /* in struct conf_parts */
	enum conf_key_type type;
} parts[] = {
	{ "tls.rsa_certificate_file", "tls.rsa_certificate_key_file",
	    offsetof(struct conf_parts, rsa_cert),
	    offsetof(struct conf_parts, rsa_key), CONF_KEY_RSA },
	{ "tls.ec_certificate_file", "tls.ec_certificate_key_file",
	    offsetof(struct conf_parts, ec_cert),
	    offsetof(struct conf_parts, ec_key), CONF_KEY_EC },
	{ "tls.dsa_certificate_file", "tls.dsa_certificate_key_file",
	    offsetof(struct conf_parts, dsa_cert),
	    offsetof(struct conf_parts, dsa_key), CONF_KEY_DSA },
	{ PKCS12, NULL, offsetof(struct conf_parts, pkcs12), 0, CONF_KEY_ANY },
};

static const struct node *
given_at(const struct given *given, const char *path)
{
	return (given->nodes[keys_index(keys_find(path))]);
}

bool
parts_given(const struct given *given)
{
	size_t i;

	for (i = 0; i < conf_nkeys; i++)
		if (given->nodes[i] != NULL &&
		    (conf_keys[i].where == CONF_IN_PARTS ||
			conf_keys[i].type == CONF_TYPE_CERTIFICATES))
			return (true);
	return (false);
}

/* A key or a chain belongs to a certificate that is set beside it. */
static void
check_alone(const struct build *build, const struct given *given)
{
	const struct node *node;
	bool any = false;
	size_t i;

	for (i = 0; i < NITEMS(parts); i++) {
		if (parts[i].key == NULL)
			continue;
		any = any || given_at(given, parts[i].cert) != NULL;
		node = given_at(given, parts[i].key);
		if (node != NULL && given_at(given, parts[i].cert) == NULL)
			report_add(build->load, node->key_place,
			    "%s without %s in the same section", parts[i].key,
			    parts[i].cert);
	}
	node = given_at(given, CHAIN);
	if (node != NULL && !any)
		report_add(build->load, node->key_place,
		    CHAIN " without %s or another such file in the same "
			  "section (an item of tls.certificates has a chain "
			  "of its own)",
		    parts[0].cert);
}

static char **
field(struct conf_parts *object, size_t offset)
{
	void *at = (char *)object + offset;

	return (at);
}

static bool
append(struct build *build, struct conf_tls *tls,
    const struct conf_certificate *certificate)
{
	struct conf_certificate *list;

	list = realloc(tls->certificates,
	    (tls->ncertificates + 1) * sizeof(*list));
	if (list == NULL) {
		report_no_memory(build->load);
		return (false);
	}
	tls->certificates = list;
	list[tls->ncertificates++] = *certificate;
	return (true);
}

/* Moves one to the end of the list of the host's certificates. */
static void
move_part(struct build *build, const struct given *given, size_t part,
    struct parts_target *target)
{
	char **cert = field(target->parts, parts[part].cert_at);
	const struct node *node = given_at(given, parts[part].cert);
	struct conf_certificate certificate;
	struct conf_tls *tls = &target->host->tls;
	char **key;

	memset(&certificate, 0, sizeof(certificate));
	certificate.cert = *cert;
	certificate.pkcs12 = parts[part].key == NULL;
	certificate.type = parts[part].type;
	*cert = NULL;
	if (!certificate.pkcs12) {
		key = field(target->parts, parts[part].key_at);
		certificate.key = *key;
		*key = NULL;
	}
	if (certificate.cert == NULL || !append(build, tls, &certificate)) {
		free(certificate.cert);
		free(certificate.key);
		return;
	}
	if (node == NULL)
		node = given_at(&build->defaults, parts[part].cert);
	if (node != NULL)
		(void)certificates_place(build->load, node,
		    &tls->certificates[tls->ncertificates - 1]);
	if (target->parts->chain != NULL && !certificate.pkcs12)
		(void)strings_replace(build->load,
		    &tls->certificates[tls->ncertificates - 1].chain,
		    target->parts->chain);
}

void
parts_move(struct build *build, const struct given *given,
    struct parts_target *target)
{
	size_t i;

	check_alone(build, given);
	for (i = 0; i < NITEMS(parts); i++)
		move_part(build, given, i, target);
	free(target->parts->chain);
	target->parts->chain = NULL;
}
