#include "worker/agent/list_format.h"

#include <string.h>

#include "shm/base/ensure.h"

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
static void
replace_controls(uint8_t *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (is_control(text[i]))
			text[i] = '?';
		else if (i > 0 && text[i - 1] == 0xc2 && text[i] >= 0x80 &&
		    text[i] < 0xa0)
			text[i - 1] = text[i] = '?';
	}
}

/* Whether one of eight bytes is below a byte up to 0x80, or is that byte. */
static uint64_t
has_below(uint64_t bytes, uint8_t byte)
{
	return ((bytes - UINT64_C(0x0101010101010101) * byte) & ~bytes &
	    UINT64_C(0x8080808080808080));
}

static uint64_t
has_byte(uint64_t bytes, uint8_t byte)
{
	return (has_below(bytes ^ (UINT64_C(0x0101010101010101) * byte), 1));
}

static uint64_t
odd_ones(const uint8_t *text)
{
	uint64_t bytes;

	memcpy(&bytes, text, sizeof(bytes));
	return (has_below(bytes, ' ') | has_byte(bytes, 0x7f) |
	    has_byte(bytes, 0xc2));
}

/* Whether there may be something to replace; most names need no more. */
static bool
is_odd(const uint8_t *text, size_t len)
{
	uint64_t odd = 0;
	size_t i;

	if (len >= 8) {
		for (i = 0; i < len - 8; i += 8)
			odd |= odd_ones(text + i);
		return ((odd | odd_ones(text + len - 8)) != 0);
	}
	for (i = 0; i < len; i++)
		odd |= is_control(text[i]) || text[i] == 0xc2;
	return (odd != 0);
}

static void
add_name(struct line *line, const char *name, size_t len)
{
	uint8_t *added = (uint8_t *)line->text + line->len;
	size_t before = line->len;

	line_add(line, name, len);
	len = line->len - before;
	if (is_odd(added, len))
		replace_controls(added, len);
}

void
list_slot(const struct line *line, struct list_style *style, list_adder add)
{
	struct list_head *head = &style->head;

	ensure(head->nslots < LIST_SLOTS_MAX);
	head->slots[head->nslots].at = line->len;
	head->slots[head->nslots].add = add;
	head->nslots++;
}

static bool
fits(const struct list_head *head, const struct list_entry *entry)
{
	const struct statx *facts = entry->facts;

	return (head->made && head->mode == facts->stx_mode &&
	    head->nlink == facts->stx_nlink && head->uid == facts->stx_uid &&
	    head->gid == facts->stx_gid &&
	    head->dev_major == facts->stx_dev_major &&
	    head->dev_minor == facts->stx_dev_minor &&
	    head->kind == entry->kind &&
	    head->born == ((facts->stx_mask & STATX_BTIME) != 0));
}

static void
make_head(struct list_style *style, const struct list_entry *entry)
{
	const struct statx *facts = entry->facts;
	struct list_head *head = &style->head;
	struct line line;

	head->mode = facts->stx_mode;
	head->nlink = facts->stx_nlink;
	head->uid = facts->stx_uid;
	head->gid = facts->stx_gid;
	head->dev_major = facts->stx_dev_major;
	head->dev_minor = facts->stx_dev_minor;
	head->kind = entry->kind;
	head->born = (facts->stx_mask & STATX_BTIME) != 0;
	head->made = true;
	head->nslots = 0;
	line_init(&line, head->text, sizeof(head->text));
	if (style->format == FS_LIST_LONG)
		list_long(&line, style, entry);
	else
		list_facts(&line, style, entry);
	head->len = line.len;
}

/* What comes before the name. */
static void
add_head(struct line *line, struct list_style *style,
    const struct list_entry *entry)
{
	const struct list_head *head = &style->head;
	size_t i, at = 0;

	if (!fits(head, entry))
		make_head(style, entry);
	for (i = 0; i < head->nslots; i++) {
		line_add(line, head->text + at, head->slots[i].at - at);
		at = head->slots[i].at;
		head->slots[i].add(line, style, entry);
	}
	line_add(line, head->text + at, head->len - at);
}

void
list_format(struct line *line, struct list_style *style,
    const struct list_entry *entry)
{
	if (style->format != FS_LIST_NAMES)
		add_head(line, style, entry);
	if (style->prefix_len > 0)
		add_name(line, style->prefix, style->prefix_len);
	add_name(line, entry->name, strlen(entry->name));
	if (style->format == FS_LIST_LONG && entry->target != NULL) {
		line_text(line, " -> ");
		add_name(line, entry->target, strlen(entry->target));
	}
	line_text(line, "\r\n");
}
