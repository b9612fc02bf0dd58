/* The value of hash_on_upload: which checksums. */
#include <string.h>

#include "shm/base/checksum.h"
#include "shm/conf/value.h"

static bool
add_kind(const struct value *value, const struct node *node, const char *text,
    void *context)
{
	struct word words[CHECKSUM_COUNT];
	unsigned int *bits = context, number, i;

	for (i = 0; i < CHECKSUM_COUNT; i++) {
		words[i].text = checksum_name((enum checksum_kind)i);
		words[i].number = 1U << i;
	}
	if (!words_find(value, node, text, words, NITEMS(words), &number))
		return (false);
	if ((*bits & number) != 0) {
		value_refuse(value, node, "%s stands there twice", text);
		return (false);
	}
	*bits |= number;
	return (true);
}

bool
checksums_read(const struct value *value)
{
	const struct node *node = value->node;
	unsigned int bits = 0;
	bool on = false;

	if (node->kind == NODE_SCALAR && scalar_bool(node->text, &on))
		bits = on ? 1U << CHECKSUM_SHA256 : 0;
	else if (!words_walk(value, node, add_kind, &bits))
		return (false);
	memcpy((char *)value->object + value->key->offset, &bits, sizeof(bits));
	return (true);
}

int
checksums_write(struct buf *out, const struct conf_key *key, const void *object)
{
	const char *before = "[";
	unsigned int bits, i;

	memcpy(&bits, (const char *)object + key->offset, sizeof(bits));
	if (bits == 0)
		return (buf_printf(out, "off"));
	for (i = 0; i < CHECKSUM_COUNT; i++) {
		if ((bits & 1U << i) == 0)
			continue;
		if (buf_printf(out, "%s%s", before,
			checksum_name((enum checksum_kind)i)) == -1)
			return (-1);
		before = ", ";
	}
	return (buf_printf(out, "]"));
}
