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

/* Whether one of eight bytes is that byte. */
static uint64_t
has_byte(uint64_t bytes, uint8_t byte)
{
	uint64_t others = bytes ^ (UINT64_C(0x0101010101010101) * byte);

	return ((others - UINT64_C(0x0101010101010101)) & ~others &
	    UINT64_C(0x8080808080808080));
}

static uint64_t
line_ends(const char *text)
{
	uint64_t bytes;

	memcpy(&bytes, text, sizeof(bytes));
	return (has_byte(bytes, '\r') | has_byte(bytes, '\n'));
}

/* Whether there is a CR or LF. */
static bool
has_line_end(const char *text, size_t len)
{
	uint64_t found = 0;
	size_t i;

	if (len >= 8) {
		for (i = 0; i < len - 8; i += 8)
			found |= line_ends(text + i);
		return ((found | line_ends(text + len - 8)) != 0);
	}
	for (i = 0; i < len; i++)
		found |= text[i] == '\r' || text[i] == '\n';
	return (found != 0);
}

/* Adds a name; false: with CR or LF in it, which are replaced. */
static bool
add_name(struct line *line, const char *name, size_t len)
{
	char *added = line->text + line->len;
	size_t before = line->len, i;

	line_add(line, name, len);
	len = line->len - before;
	if (!has_line_end(added, len))
		return (true);
	for (i = 0; i < len; i++)
		if (added[i] == '\r' || added[i] == '\n')
			added[i] = '?';
	return (false);
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

	return (head->made && head->mask == facts->stx_mask &&
	    head->mode == facts->stx_mode && head->nlink == facts->stx_nlink &&
	    head->uid == facts->stx_uid && head->gid == facts->stx_gid &&
	    head->dev_major == facts->stx_dev_major &&
	    head->dev_minor == facts->stx_dev_minor &&
	    head->lacks == entry->lacks && head->kind == entry->kind &&
	    head->attributes == list_attributes(facts));
}

static void
make_head(struct list_style *style, const struct list_entry *entry)
{
	const struct statx *facts = entry->facts;
	struct list_head *head = &style->head;
	struct line line;

	head->mask = facts->stx_mask;
	head->mode = facts->stx_mode;
	head->nlink = facts->stx_nlink;
	head->uid = facts->stx_uid;
	head->gid = facts->stx_gid;
	head->dev_major = facts->stx_dev_major;
	head->dev_minor = facts->stx_dev_minor;
	head->lacks = entry->lacks;
	head->attributes = list_attributes(facts);
	head->kind = entry->kind;
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

/* As ls -F; in long lines of links it would belong to what they lead to. */
static void
add_mark(struct line *line, const struct list_style *style, mode_t mode)
{
	if (S_ISDIR(mode))
		line_char(line, '/');
	else if (S_ISLNK(mode) && style->format != FS_LIST_LONG)
		line_char(line, '@');
	else if (S_ISFIFO(mode))
		line_char(line, '|');
	else if (S_ISSOCK(mode))
		line_char(line, '=');
	else if (S_ISREG(mode) && (mode & 0111) != 0)
		line_char(line, '*');
}

bool
list_format(struct line *line, struct list_style *style,
    const struct list_entry *entry)
{
	size_t before = line->len;
	bool plain = true;

	if (style->format != FS_LIST_NAMES)
		add_head(line, style, entry);
	if (style->prefix_len > 0)
		plain = add_name(line, style->prefix, style->prefix_len);
	plain = add_name(line, entry->name, strlen(entry->name)) && plain;
	if (!plain && style->format != FS_LIST_LONG) {
		line->len = before;
		return (false);
	}
	if (style->format == FS_LIST_LONG && entry->target != NULL) {
		line_text(line, " -> ");
		(void)add_name(line, entry->target, strlen(entry->target));
	} else if (style->classify)
		add_mark(line, style, entry->facts->stx_mode);
	line_text(line, "\r\n");
	return (true);
}

void
list_heading(struct line *line, const char *start, const char *path, size_t len)
{
	line_text(line, "\r\n");
	line_text(line, start);
	(void)add_name(line, path, len);
	line_text(line, ":\r\n");
}
