/* Values that are one number or one truth. */
#include <string.h>
#include <strings.h>

#include "shm/conf/value.h"

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit time_units[] = {
	{ "d", 86400 },
	{ "h", 3600 },
	{ "m", 60 },
	{ "s", 1 },
};

static const struct unit size_units[] = {
	{ "TiB", 1ull << 40 },
	{ "GiB", 1ull << 30 },
	{ "MiB", 1ull << 20 },
	{ "KiB", 1ull << 10 },
	{ "B", 1 },
};

/* --- from text ------------------------------------------------------------ */

/* Reads digits; returns what follows them, or NULL when there are none. */
static const char *
read_digits(const char *text, unsigned int base, uint64_t *number)
{
	uint64_t n = 0;
	unsigned int digit;
	const char *at;

	for (at = text; *at >= '0' && *at < (char)('0' + (int)base); at++) {
		digit = (unsigned int)(*at - '0');
		if (n > (UINT64_MAX - digit) / base)
			return (NULL);
		n = n * base + digit;
	}
	*number = n;
	return (at == text ? NULL : at);
}

static bool
read_unit(const char *text, const struct unit *units, size_t count,
    uint64_t *number)
{
	const char *end;
	size_t i;

	end = read_digits(text, 10, number);
	if (end == NULL || *end == '\0')
		return (end != NULL);
	for (i = 0; i < count; i++) {
		if (strcasecmp(end, units[i].name) != 0)
			continue;
		if (*number > UINT64_MAX / units[i].factor)
			return (false);
		*number *= units[i].factor;
		return (true);
	}
	return (false);
}

bool
scalar_number(const char *text, uint64_t *number)
{
	const char *end = read_digits(text, 10, number);

	return (end != NULL && *end == '\0');
}

bool
scalar_seconds(const char *text, uint64_t *seconds)
{
	return (read_unit(text, time_units, NITEMS(time_units), seconds));
}

bool
scalar_size(const char *text, uint64_t *bytes)
{
	return (read_unit(text, size_units, NITEMS(size_units), bytes));
}

bool
scalar_octal(const char *text, uint64_t *number)
{
	const char *end;

	if (strncmp(text, "0o", 2) == 0)
		text += 2;
	end = read_digits(text, 8, number);
	return (end != NULL && *end == '\0');
}

bool
scalar_bool(const char *text, bool *on)
{
	static const char *const names[] = { "off", "on", "no", "yes", "false",
		"true" };
	size_t i;

	for (i = 0; i < NITEMS(names); i++)
		if (strcasecmp(text, names[i]) == 0) {
			*on = i % 2 == 1;
			return (true);
		}
	return (false);
}

/* --- into fields ---------------------------------------------------------- */

static const struct {
	bool (*read)(const char *text, uint64_t *number);
	const char *expected;
} numbers[CONF_TYPE_COUNT] = {
	[CONF_TYPE_UINT] = { scalar_number, "a number" },
	[CONF_TYPE_SECONDS] = { scalar_seconds,
	    "a time such as 30, 30s, 15m, 12h or 2d" },
	[CONF_TYPE_SIZE] = { scalar_size,
	    "a size in bytes, KiB, MiB, GiB or TiB" },
	[CONF_TYPE_OCTAL] = { scalar_octal, "an octal number such as 022" },
};

/* Reads the number and compares it with the key's range. */
static bool
read_number(const struct value *value, uint64_t *number)
{
	const struct conf_key *key = value->key;
	const char *text = value_text(value, value->node);
	uint64_t low = 0, high = 0;
	struct shown shown;

	if (text == NULL)
		return (false);
	if (!numbers[key->type].read(text, number)) {
		value_refuse(value, value->node, "expected %s, not %s",
		    numbers[key->type].expected, report_show(&shown, text));
		return (false);
	}
	if (!numbers[key->type].read(key->min, &low) ||
	    !numbers[key->type].read(key->max, &high) || *number < low ||
	    *number > high) {
		value_refuse(value, value->node,
		    "must be from %s to %s, not %s", key->min, key->max,
		    report_show(&shown, text));
		return (false);
	}
	return (true);
}

bool
scalar_read_uint(const struct value *value)
{
	uint64_t number;
	uint32_t small;

	if (!read_number(value, &number))
		return (false);
	small = (uint32_t)number;
	memcpy((char *)value->object + value->key->offset, &small,
	    sizeof(small));
	return (true);
}

bool
scalar_read_size(const struct value *value)
{
	uint64_t number;

	if (!read_number(value, &number))
		return (false);
	memcpy((char *)value->object + value->key->offset, &number,
	    sizeof(number));
	return (true);
}

bool
scalar_read_bool(const struct value *value)
{
	const char *text = value_text(value, value->node);
	struct shown shown;
	bool on;

	if (text == NULL)
		return (false);
	if (!scalar_bool(text, &on)) {
		value_refuse(value, value->node, "expected on or off, not %s",
		    report_show(&shown, text));
		return (false);
	}
	memcpy((char *)value->object + value->key->offset, &on, sizeof(on));
	return (true);
}

/* --- to text -------------------------------------------------------------- */

static uint32_t
field_uint(const struct conf_key *key, const void *object)
{
	uint32_t number;

	memcpy(&number, (const char *)object + key->offset, sizeof(number));
	return (number);
}

/* The number in the largest unit that leaves no rest. */
static int
write_unit(struct buf *out, uint64_t number, const struct unit *units,
    size_t count)
{
	size_t i = 0;

	while (i + 1 < count && (number == 0 || number % units[i].factor != 0))
		i++;
	return (buf_printf(out, "%llu%s",
	    (unsigned long long)(number / units[i].factor), units[i].name));
}

int
scalar_write_bool(struct buf *out, const struct conf_key *key,
    const void *object)
{
	bool on;

	memcpy(&on, (const char *)object + key->offset, sizeof(on));
	return (buf_printf(out, "%s", on ? "on" : "off"));
}

int
scalar_write_uint(struct buf *out, const struct conf_key *key,
    const void *object)
{
	return (buf_printf(out, "%u", field_uint(key, object)));
}

int
scalar_write_seconds(struct buf *out, const struct conf_key *key,
    const void *object)
{
	return (write_unit(out, field_uint(key, object), time_units,
	    NITEMS(time_units)));
}

int
scalar_write_octal(struct buf *out, const struct conf_key *key,
    const void *object)
{
	return (buf_printf(out, "%04o", field_uint(key, object)));
}

int
scalar_write_size(struct buf *out, const struct conf_key *key,
    const void *object)
{
	uint64_t number;

	memcpy(&number, (const char *)object + key->offset, sizeof(number));
	return (write_unit(out, number, size_units, NITEMS(size_units)));
}
