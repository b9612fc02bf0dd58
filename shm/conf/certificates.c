/* tls.certificates: which files, not what is in them. */
#include <stdlib.h>
#include <string.h>

#include "shm/conf/value.h"

enum field {
	FIELD_CERT,
	FIELD_KEY,
	FIELD_CHAIN,
	FIELD_PKCS12,
	FIELD_COUNT
};

static const char *const fields[FIELD_COUNT] = { "cert", "key", "chain",
	"pkcs12" };

static void
free_certificates(struct conf_certificate *list, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		free(list[i].cert);
		free(list[i].key);
		free(list[i].chain);
		free(list[i].file);
	}
	free(list);
}

static bool
take_field(const struct value *value, size_t field, const struct node *node,
    void *context)
{
	struct conf_certificate *certificate = context;
	char **targets[FIELD_COUNT] = { &certificate->cert, &certificate->key,
		&certificate->chain, &certificate->cert };
	const char *text = value_text(value, node);

	if (text == NULL)
		return (false);
	if (field == FIELD_KEY ? !scalar_check_key_file(value, node, text)
			       : !scalar_check_path(value, node, text))
		return (false);
	if (field == FIELD_PKCS12)
		certificate->pkcs12 = true;
	return (strings_replace(value->load, targets[field], text));
}

/* A PKCS#12 file has all in it. */
static bool
check_item(const struct value *value, const struct node *item)
{
	bool pkcs12 = false, other = false;
	const struct node *node;

	for (node = item->first; node != NULL; node = node->next)
		if (strcmp(node->key, fields[FIELD_PKCS12]) == 0)
			pkcs12 = true;
		else
			other = true;
	if (!pkcs12 || !other)
		return (true);
	value_refuse(value, item, "beside pkcs12 there is no other key");
	return (false);
}

bool
certificates_place(struct load *load, const struct node *node,
    struct conf_certificate *certificate)
{
	certificate->line = node->place.line;
	certificate->column = node->place.column;
	return (strings_replace(load, &certificate->file,
	    load->files[node->place.file].name));
}

static bool
read_item(const struct value *value, const struct node *node,
    struct conf_certificate *certificate)
{
	if (!fields_walk(value, node, fields, NITEMS(fields), take_field,
		certificate) ||
	    !certificates_place(value->load, node, certificate) ||
	    !check_item(value, node))
		return (false);
	if (certificate->cert != NULL)
		return (true);
	value_refuse(value, node, "cert is missing");
	return (false);
}

bool
certificates_read(const struct value *value)
{
	struct conf_host *host = value->object;
	struct conf_certificate *list;
	const struct node *node;
	bool good = true;
	size_t i = 0;

	if (value->node->kind != NODE_LIST) {
		value_refuse(value, value->node,
		    "takes a list, such as "
		    "\"- {cert: /etc/ssl/a.pem, key: /etc/ssl/a.key}\"");
		return (false);
	}
	list = calloc((size_t)value->node->count + 1, sizeof(*list));
	if (list == NULL) {
		report_no_memory(value->load);
		return (false);
	}
	for (node = value->node->first; node != NULL; node = node->next)
		good = read_item(value, node, &list[i++]) && good;
	if (!good) {
		free_certificates(list, i);
		return (false);
	}
	free_certificates(host->tls.certificates, host->tls.ncertificates);
	host->tls.certificates = list;
	host->tls.ncertificates = i;
	return (true);
}

static int
write_certificate(struct buf *out, const struct conf_certificate *certificate)
{
	int ret;

	ret = buf_printf(out, certificate->pkcs12 ? "{pkcs12: " : "{cert: ");
	if (ret == 0)
		ret = scalar_write_text(out, certificate->cert);
	if (ret == 0 && certificate->key != NULL) {
		ret = buf_printf(out, ", key: ");
		if (ret == 0)
			ret = scalar_write_text(out, certificate->key);
	}
	if (ret == 0 && certificate->chain != NULL) {
		ret = buf_printf(out, ", chain: ");
		if (ret == 0)
			ret = scalar_write_text(out, certificate->chain);
	}
	return (ret == 0 ? buf_append(out, "}", 1) : ret);
}

int
certificates_write(struct buf *out, const struct conf_key *key,
    const void *object)
{
	const struct conf_host *host = object;
	size_t i;
	int ret;

	(void)key;
	ret = buf_append(out, "[", 1);
	for (i = 0; i < host->tls.ncertificates && ret == 0; i++) {
		if (i > 0)
			ret = buf_append(out, ", ", 2);
		if (ret == 0)
			ret =
			    write_certificate(out, &host->tls.certificates[i]);
	}
	return (ret == 0 ? buf_append(out, "]", 1) : ret);
}

void
certificates_release(const struct conf_key *key, void *object)
{
	struct conf_host *host = object;

	(void)key;
	free_certificates(host->tls.certificates, host->tls.ncertificates);
	host->tls.certificates = NULL;
	host->tls.ncertificates = 0;
}
