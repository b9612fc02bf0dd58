#include "master/logger/members.h"

#include <string.h>

#define NAME_CHARS   "abcdefghijklmnopqrstuvwxyz_0123456789"
#define NAME_LEN_MAX 24

/* One member; what follows it, or NULL when there is none. */
static const char *
add_one(json_t *object, const char *at)
{
	size_t len = strspn(at, NAME_CHARS), value_len;
	char name[NAME_LEN_MAX];
	const char *value;

	if (len == 0 || len >= sizeof(name) || at[len] != '=')
		return (NULL);
	memcpy(name, at, len);
	name[len] = '\0';
	value = at + len + 1;
	at = value;
	if (*value == '"') {
		value++;
		value_len = strcspn(value, "\"");
		at = value + value_len;
		if (*at++ != '"')
			return (NULL);
	} else {
		value_len = strcspn(value, " ");
		at += value_len;
	}
	if ((value_len != 1 || *value != '-') &&
	    json_object_get(object, name) == NULL)
		(void)json_object_set_new(object, name,
		    json_stringn(value, value_len));
	return (*at == ' ' ? at + 1 : NULL);
}

void
members_add(json_t *object, const char *text)
{
	const char *at = strstr(text, ": ");

	if (at != NULL)
		at += 2;
	while (at != NULL)
		at = add_one(object, at);
}
