/*
 * value - the types of values: read from a node, written as YAML, released.
 *
 * An object is the struct that a key's field is in (struct conf, conf_host or
 * conf_parts).  Reading replaces the value that the field had; a value that is
 * refused leaves the field as it was.
 */
#ifndef SHM_CONF_VALUE_H
#define SHM_CONF_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/base/buf.h"
#include "shm/conf/load.h"

/* A value on its way into a field. */
struct value {
	struct load *load;
	const struct conf_key *key;
	const struct node *node;
	void *object;
};

struct value_type {
	/* true, or false after saying why the value is refused. */
	bool (*read)(const struct value *value);
	/* Appends the value as YAML on one line; 0, or -1 when memory is short.
	 */
	int (*write)(struct buf *out, const struct conf_key *key,
	    const void *object);
	/* Releases what the field owns, and clears it; NULL: nothing. */
	void (*release)(const struct conf_key *key, void *object);
};

/* By enum conf_type; a type without functions has no field. */
extern const struct value_type value_types[CONF_TYPE_COUNT];

/* Reads the value with its type's function; a refusal has been reported. */
bool value_read(const struct value *value);

/*
 * Whether the value of key is the same in both objects.  -1: memory is short.
 */
NODISCARD int value_same(const struct conf_key *key, const void *a,
    const void *b);

/* Whether the field has no value at all: the dump leaves it out. */
NODISCARD bool value_is_unset(const struct conf_key *key, const void *object);

/* Adds a mistake about node, a part of value; the key's path comes first. */
void value_refuse(const struct value *value, const struct node *node,
    const char *format, ...) PRINTF_LIKE(3, 4);

/* The text of a scalar, or NULL after saying that one is expected. */
NODISCARD const char *value_text(const struct value *value,
    const struct node *node);

/* --- scalars (scalar.c) --------------------------------------------------- */

/* Numbers from text; false when it is none. */
NODISCARD bool scalar_number(const char *text, uint64_t *number);
NODISCARD bool scalar_seconds(const char *text, uint64_t *seconds);
NODISCARD bool scalar_size(const char *text, uint64_t *bytes);
NODISCARD bool scalar_octal(const char *text, uint64_t *number);
NODISCARD bool scalar_bool(const char *text, bool *on);

/* Whether text is an absolute path; says why not. */
NODISCARD bool scalar_check_path(const struct value *value,
    const struct node *node, const char *text);

/* The same for the file of a key, which may be a URI. */
NODISCARD bool scalar_check_key_file(const struct value *value,
    const struct node *node, const char *text);

/* Whether text may be the name of a user, group or service; says why not. */
NODISCARD bool scalar_check_name(const struct value *value,
    const struct node *node, const char *text);

/* Makes capital letters (of ASCII) small. */
void scalar_lower(char *text);

/* Appends text as a YAML scalar, quoted where need be. */
NODISCARD int scalar_write_text(struct buf *out, const char *text);

/* --- words (words.c) ------------------------------------------------------ */

/* A word and what it stands for. */
struct word {
	const char *text;
	unsigned int number;
};

/* The number of one of count words; false after saying what is expected. */
NODISCARD bool words_find(const struct value *value, const struct node *node,
    const char *text, const struct word *words, size_t count,
    unsigned int *number);

/*
 * Calls each with every word of the value: the items of a list, or the words
 * of a text with blanks between them.  false as soon as each returns false.
 */
typedef bool (*words_each)(const struct value *value, const struct node *node,
    const char *word, void *context);
NODISCARD bool words_walk(const struct value *value, const struct node *node,
    words_each each, void *context);

/* The same with whole texts: a text is one item, blanks and all. */
NODISCARD bool words_walk_items(const struct value *value,
    const struct node *node, words_each each, void *context);

/* --- lists of strings (strings.c) ----------------------------------------- */

/* Appends a copy of text; false after reporting that memory is short. */
NODISCARD bool strings_add(struct load *load, struct conf_strings *strings,
    const char *text);
void strings_free(struct conf_strings *strings);
NODISCARD int strings_write(struct buf *out,
    const struct conf_strings *strings);

/* A copy of text in *field, which owned what it had; as strings_add(). */
bool strings_replace(struct load *load, char **field, const char *text);

/*
 * The fields of a mapping, such as an item of `listen`.  Calls take with each
 * key's name and node; unknown names are reported, the nearest of names said.
 */
typedef bool (*fields_take)(const struct value *value, size_t field,
    const struct node *node, void *context);
NODISCARD bool fields_walk(const struct value *value, const struct node *node,
    const char *const *names, size_t count, fields_take take, void *context);

/* --- networks (networks.c) ------------------------------------------------ */

/* "address/bits", or an address alone; says why not. */
NODISCARD bool network_read(const struct value *value, const struct node *node,
    const char *text, struct conf_network *network);
NODISCARD int network_write(struct buf *out,
    const struct conf_network *network);

/* The functions of the types, for the table in value.c. */
bool scalar_read_bool(const struct value *value);
bool scalar_read_uint(const struct value *value);
bool scalar_read_size(const struct value *value);
bool checksums_read(const struct value *value);
bool text_read(const struct value *value);
bool banner_file_read(const struct value *value);
bool word_read(const struct value *value);
bool auth_order_read(const struct value *value);
bool verify_order_read(const struct value *value);
bool stapling_type_read(const struct value *value);
bool stapling_options_read(const struct value *value);
bool url_read(const struct value *value);
bool charset_read(const struct value *value);
bool listen_read(const struct value *value);
bool address_read(const struct value *value);
bool addresses_read(const struct value *value);
bool networks_read(const struct value *value);
bool patterns_read(const struct value *value);
bool ports_read(const struct value *value);
bool certificates_read(const struct value *value);
bool command_read(const struct value *value);
bool device_read(const struct value *value);
bool protocol_read(const struct value *value);
bool cipher_suite_read(const struct value *value);
bool curves_read(const struct value *value);
bool required_read(const struct value *value);
bool options_read(const struct value *value);
bool renegotiate_read(const struct value *value);
bool user_name_read(const struct value *value);
bool acl_read(const struct value *value);
bool format_read(const struct value *value);
bool trace_read(const struct value *value);
bool sections_read(const struct value *value);
bool host_names_read(const struct value *value);
bool file_systems_read(const struct value *value);
bool file_read(const struct value *value);
bool files_read(const struct value *value);
bool pre_shared_keys_read(const struct value *value);

int scalar_write_bool(struct buf *out, const struct conf_key *key,
    const void *object);
int scalar_write_uint(struct buf *out, const struct conf_key *key,
    const void *object);
int scalar_write_seconds(struct buf *out, const struct conf_key *key,
    const void *object);
int scalar_write_octal(struct buf *out, const struct conf_key *key,
    const void *object);
int scalar_write_size(struct buf *out, const struct conf_key *key,
    const void *object);
int checksums_write(struct buf *out, const struct conf_key *key,
    const void *object);
int text_write(struct buf *out, const struct conf_key *key, const void *object);
int word_write(struct buf *out, const struct conf_key *key, const void *object);
int auth_order_write(struct buf *out, const struct conf_key *key,
    const void *object);
int verify_order_write(struct buf *out, const struct conf_key *key,
    const void *object);
int stapling_options_write(struct buf *out, const struct conf_key *key,
    const void *object);
int url_write(struct buf *out, const struct conf_key *key, const void *object);
int listen_write(struct buf *out, const struct conf_key *key,
    const void *object);
int address_write(struct buf *out, const struct conf_key *key,
    const void *object);
int addresses_write(struct buf *out, const struct conf_key *key,
    const void *object);
int networks_write(struct buf *out, const struct conf_key *key,
    const void *object);
int patterns_write(struct buf *out, const struct conf_key *key,
    const void *object);
int ports_write(struct buf *out, const struct conf_key *key,
    const void *object);
int certificates_write(struct buf *out, const struct conf_key *key,
    const void *object);
int protocol_write(struct buf *out, const struct conf_key *key,
    const void *object);
int cipher_suite_write(struct buf *out, const struct conf_key *key,
    const void *object);
int curves_write(struct buf *out, const struct conf_key *key,
    const void *object);
int required_write(struct buf *out, const struct conf_key *key,
    const void *object);
int options_write(struct buf *out, const struct conf_key *key,
    const void *object);
int renegotiate_write(struct buf *out, const struct conf_key *key,
    const void *object);
int user_name_write(struct buf *out, const struct conf_key *key,
    const void *object);
int format_write(struct buf *out, const struct conf_key *key,
    const void *object);
int trace_rules_write(struct buf *out, const struct conf_key *key,
    const void *object);
int acl_write(struct buf *out, const struct conf_key *key, const void *object);
int sections_write(struct buf *out, const struct conf_key *key,
    const void *object);
int string_list_write(struct buf *out, const struct conf_key *key,
    const void *object);

void text_release(const struct conf_key *key, void *object);
void listen_release(const struct conf_key *key, void *object);
void addresses_release(const struct conf_key *key, void *object);
void networks_release(const struct conf_key *key, void *object);
void certificates_release(const struct conf_key *key, void *object);

/* Whether some cipher of the list (NULL: the default) is for DSA. */
NODISCARD bool ciphers_for_dsa(const char *list);

/* Keeps where the certificate was set.  false: memory is short (reported). */
bool certificates_place(struct load *load, const struct node *node,
    struct conf_certificate *certificate);
/* What ALL means, when all keys of a host are read. */
void protocol_complete(struct conf_tls *tls);
/* Whether the TLS library knows it, or nobody can say (ciphers.c). */
NODISCARD bool tls_is_known(enum conf_tls_names kind, const char *text);
void cipher_suite_release(const struct conf_key *key, void *object);
void format_release(const struct conf_key *key, void *object);
void acl_release(const struct conf_key *key, void *object);
void sections_release(const struct conf_key *key, void *object);
void string_list_release(const struct conf_key *key, void *object);

#endif
