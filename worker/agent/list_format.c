#include "worker/agent/list_format.h"

#include <string.h>

static bool
is_control(uint8_t c)
{
	return (c < ' ' || c == 0x7f);
}

void
list_owner(char out[LIST_OWNER_MAX], const uint8_t *name, size_t len)
{
	size_t i;

	if (len > LIST_OWNER_MAX - 1)
		len = LIST_OWNER_MAX - 1;
	for (i = 0; i < len; i++) {
		if (is_control(name[i]) || strchr(" ;=", name[i]) != NULL)
			out[i] = '_';
		else
			memcpy(&out[i], &name[i], 1);
	}
	out[len] = '\0';
}

/* C1 control characters are two bytes in UTF-8: U+0080 to U+009F. */
static int
append_name(struct buf *out, const char *name, size_t len)
{
	uint8_t *to;
	size_t i;

	if (len == 0)
		return (0);
	to = buf_reserve(out, len);
	if (to == NULL)
		return (-1);
	memcpy(to, name, len);
	for (i = 0; i < len; i++) {
		if (is_control(to[i]))
			to[i] = '?';
		else if (i > 0 && to[i - 1] == 0xc2 && to[i] >= 0x80 &&
		    to[i] < 0xa0)
			to[i - 1] = to[i] = '?';
	}
	buf_added(out, len);
	return (0);
}

/* What comes before the name. */
static void
add_head(struct line *head, const struct list_style *style,
    const struct list_entry *entry)
{
	switch (style->format) {
	case FS_LIST_LONG:
		list_long(head, style, entry);
		return;
	case FS_LIST_FACTS:
		list_facts(head, style, entry);
		return;
	case FS_LIST_NAMES:
		return;
	}
}

int
list_format(struct buf *out, const struct list_style *style,
    const struct list_entry *entry)
{
	struct line head;

	line_init(&head);
	add_head(&head, style, entry);
	if (buf_append(out, head.text, head.len) == -1 ||
	    append_name(out, style->prefix, style->prefix_len) == -1 ||
	    append_name(out, entry->name, strlen(entry->name)) == -1)
		return (-1);
	if (style->format == FS_LIST_LONG && entry->target != NULL &&
	    (buf_append(out, " -> ", 4) == -1 ||
		append_name(out, entry->target, strlen(entry->target)) == -1))
		return (-1);
	return (buf_append(out, "\r\n", 2));
}
