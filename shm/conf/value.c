#include "shm/conf/value.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The type of that cache has no field: only one type is known. */
static int
write_lmdb(struct buf *out, const struct conf_key *key, const void *object)
{
	(void)key;
	(void)object;
	return (buf_printf(out, "lmdb"));
}

const struct value_type value_types[CONF_TYPE_COUNT] = {
	[CONF_TYPE_BOOL] = { scalar_read_bool, scalar_write_bool, NULL },
	[CONF_TYPE_UINT] = { scalar_read_uint, scalar_write_uint, NULL },
	[CONF_TYPE_SECONDS] = { scalar_read_uint, scalar_write_seconds, NULL },
	[CONF_TYPE_SIZE] = { scalar_read_size, scalar_write_size, NULL },
	[CONF_TYPE_OCTAL] = { scalar_read_uint, scalar_write_octal, NULL },
	[CONF_TYPE_CHECKSUMS] = { checksums_read, checksums_write, NULL },
	[CONF_TYPE_NAME] = { text_read, text_write, text_release },
	[CONF_TYPE_PATH] = { text_read, text_write, text_release },
	[CONF_TYPE_PATH_OR_NONE] = { text_read, text_write, text_release },
	[CONF_TYPE_FILE] = { file_read, text_write, text_release },
	[CONF_TYPE_FILES] = { files_read, string_list_write,
	    string_list_release },
	[CONF_TYPE_PRE_SHARED_KEYS] = { pre_shared_keys_read, string_list_write,
	    string_list_release },
	[CONF_TYPE_KEY_FILE] = { text_read, text_write, text_release },
	[CONF_TYPE_BANNER] = { text_read, text_write, text_release },
	/* What it has is the banner, which has a key of its own. */
	[CONF_TYPE_BANNER_FILE] = { banner_file_read, NULL, NULL },
	[CONF_TYPE_LOGIN_MESSAGE] = { text_read, text_write, text_release },
	[CONF_TYPE_FILE_NAME] = { text_read, text_write, text_release },
	[CONF_TYPE_HOST_NAME] = { text_read, text_write, text_release },
	[CONF_TYPE_HOST_NAMES] = { host_names_read, string_list_write,
	    string_list_release },
	[CONF_TYPE_FILE_SYSTEMS] = { file_systems_read, string_list_write,
	    string_list_release },
	[CONF_TYPE_ADDRESS] = { address_read, address_write, NULL },
	[CONF_TYPE_ADDRESSES] = { addresses_read, addresses_write,
	    addresses_release },
	[CONF_TYPE_NETWORKS] = { networks_read, networks_write,
	    networks_release },
	[CONF_TYPE_PORTS] = { ports_read, ports_write, NULL },
	[CONF_TYPE_PATTERNS] = { patterns_read, patterns_write,
	    string_list_release },
	[CONF_TYPE_HIDE] = { word_read, word_write, NULL },
	[CONF_TYPE_FORMAT] = { format_read, format_write, format_release },
	[CONF_TYPE_TRACE] = { trace_read, trace_rules_write, NULL },
	[CONF_TYPE_LOG_TARGET] = { word_read, word_write, NULL },
	[CONF_TYPE_LOG_FORMAT] = { word_read, word_write, NULL },
	[CONF_TYPE_LOG_LEVEL] = { word_read, word_write, NULL },
	[CONF_TYPE_DURABILITY] = { word_read, word_write, NULL },
	[CONF_TYPE_TIMES] = { word_read, word_write, NULL },
	[CONF_TYPE_CACHE_TYPE] = { word_read, word_write, NULL },
	[CONF_TYPE_AUTH_ORDER] = { auth_order_read, auth_order_write, NULL },
	[CONF_TYPE_VERIFY_ORDER] = { verify_order_read, verify_order_write,
	    NULL },
	[CONF_TYPE_NO_ANSWER] = { word_read, word_write, NULL },
	[CONF_TYPE_TRUNCATED] = { word_read, word_write, NULL },
	[CONF_TYPE_MODE_Z] = { word_read, word_write, NULL },
	[CONF_TYPE_STAPLING] = { word_read, word_write, NULL },
	[CONF_TYPE_STAPLING_TYPE] = { stapling_type_read, write_lmdb, NULL },
	[CONF_TYPE_STAPLING_OPTIONS] = { stapling_options_read,
	    stapling_options_write, NULL },
	[CONF_TYPE_URL] = { url_read, url_write, text_release },
	[CONF_TYPE_CHARSET] = { charset_read, url_write, text_release },
	[CONF_TYPE_LISTEN] = { listen_read, listen_write, listen_release },
	[CONF_TYPE_CERTIFICATES] = { certificates_read, certificates_write,
	    certificates_release },
	[CONF_TYPE_COMMAND] = { command_read, string_list_write,
	    string_list_release },
	[CONF_TYPE_CRYPTO_DEVICE] = { device_read, text_write, text_release },
	[CONF_TYPE_PROTOCOL] = { protocol_read, protocol_write, NULL },
	[CONF_TYPE_CIPHER_SUITE] = { cipher_suite_read, cipher_suite_write,
	    cipher_suite_release },
	[CONF_TYPE_CURVES] = { curves_read, curves_write, text_release },
	[CONF_TYPE_REQUIRED] = { required_read, required_write, NULL },
	[CONF_TYPE_OPTIONS] = { options_read, options_write, NULL },
	[CONF_TYPE_RENEGOTIATE] = { renegotiate_read, renegotiate_write, NULL },
	[CONF_TYPE_VERIFY_CLIENT] = { word_read, word_write, NULL },
	[CONF_TYPE_VERIFY_SERVER] = { word_read, word_write, NULL },
	[CONF_TYPE_USER_NAME] = { user_name_read, user_name_write,
	    text_release },
	[CONF_TYPE_ACL] = { acl_read, acl_write, acl_release },
	[CONF_TYPE_USERS] = { sections_read, sections_write, sections_release },
	[CONF_TYPE_DIRECTORIES] = { sections_read, sections_write,
	    sections_release },
};

bool
value_read(const struct value *value)
{
	if (value->node->kind == NODE_NULL) {
		value_refuse(value, value->node, "has no value");
		return (false);
	}
	return (value_types[value->key->type].read(value));
}

bool
value_is_unset(const struct conf_key *key, const void *object)
{
	const void *field = (const char *)object + key->offset;
	const struct conf_sections *list = field;
	const struct conf_renegotiate *renegotiate = field;
	const char *text;

	switch ((int)key->type) {
	case CONF_TYPE_BANNER_FILE:
		return (true);
	case CONF_TYPE_USERS:
	case CONF_TYPE_DIRECTORIES:
		return (list->count == 0);
	case CONF_TYPE_RENEGOTIATE:
		return (renegotiate->mode == CONF_RENEGOTIATE_UNSET);
	case CONF_TYPE_NAME:
	case CONF_TYPE_PATH:
	case CONF_TYPE_BANNER:
	case CONF_TYPE_LOGIN_MESSAGE:
	case CONF_TYPE_HOST_NAME:
		memcpy(&text, field, sizeof(text));
		return (text == NULL);
	default:
		return (false);
	}
}

int
value_same(const struct conf_key *key, const void *a, const void *b)
{
	const struct value_type *type = &value_types[key->type];
	struct buf texts[2];
	int same = -1;

	if (value_is_unset(key, a) || value_is_unset(key, b))
		return (value_is_unset(key, a) == value_is_unset(key, b));
	buf_init(&texts[0], 0);
	buf_init(&texts[1], 0);
	if (type->write(&texts[0], key, a) == 0 &&
	    type->write(&texts[1], key, b) == 0)
		same = buf_len(&texts[0]) == buf_len(&texts[1]) &&
		    memcmp(buf_data(&texts[0]), buf_data(&texts[1]),
			buf_len(&texts[0])) == 0;
	buf_free(&texts[0]);
	buf_free(&texts[1]);
	return (same);
}

void
value_refuse(const struct value *value, const struct node *node,
    const char *format, ...)
{
	char text[384];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	report_add(value->load, node->place, "%s: %s", value->key->path, text);
}

const char *
value_text(const struct value *value, const struct node *node)
{
	if (node->kind == NODE_SCALAR)
		return (node->text);
	value_refuse(value, node,
	    node->kind == NODE_NULL ? "has no value"
				    : "takes one value, not a list or mapping");
	return (NULL);
}
