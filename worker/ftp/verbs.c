#include "worker/ftp/verbs.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

const struct verb verbs[] = {
#define VERB(name, handler, argument, flags, feature, help) \
	{ name, verb_##handler, ARGUMENT_##argument, flags, feature, help },
#define ALIAS        VERB
#define ABSENT(name) { name, NULL, ARGUMENT_OPTIONAL, 0, NULL, NULL },
#include "worker/ftp/verbs.def"
#undef VERB
#undef ALIAS
#undef ABSENT
};

const size_t verbs_count = NITEMS(verbs);

static int
compare(const void *key, const void *item)
{
	const struct verb *verb = item;

	return (strcmp(key, verb->name));
}

const struct verb *
verb_find(const char *line, const char **argument)
{
	char name[16];
	size_t len = strcspn(line, " "), i;

	/* An octet that urgent data tore from its Telnet command. */
	while (len > 0 && (unsigned char)line[0] >= 0xf0) {
		line++;
		len--;
	}
	if (len == 0 || len >= sizeof(name))
		return (NULL);
	for (i = 0; i < len; i++)
		name[i] = (char)toupper((unsigned char)line[i]);
	name[len] = '\0';
	*argument = line + len + (line[len] == ' ' ? 1 : 0);
	return (bsearch(name, verbs, NITEMS(verbs), sizeof(verbs[0]), compare));
}
