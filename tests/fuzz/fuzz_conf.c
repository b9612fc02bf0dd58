/*
 * The configuration: any text is refused with mistakes, or makes a
 * configuration whose dump reads back as the same.
 */
#include <stdlib.h>
#include <string.h>

#include "shm/base/ensure.h"
#include "shm/conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_dump(const struct conf *conf)
{
	struct conf_errors errors;
	struct conf *again;
	char *first, *second;
	size_t len1 = 0, len2 = 0;

	first = conf_dump(conf, &len1);
	if (first == NULL)
		return;
	again = conf_parse("dump", first, len1, &errors);
	ensure(again != NULL);
	conf_errors_free(&errors);
	second = conf_dump(again, &len2);
	ensure(second == NULL ||
	    (len1 == len2 && memcmp(first, second, len1) == 0));
	ensure(conf_restart_needed(conf, again, &errors) == 0);
	free(first);
	free(second);
	conf_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf_errors errors;
	struct conf *conf;
	size_t i;

	conf = conf_parse("fuzz", (const char *)data, size, &errors);
	ensure((conf == NULL) == (errors.count > 0));
	for (i = 0; i < errors.count; i++) {
		ensure(errors.items[i].text[0] != '\0');
		ensure(strpbrk(errors.items[i].text, "\n\r\x1b") == NULL);
	}
	conf_errors_free(&errors);
	if (conf != NULL) {
		ensure(conf_find_host(conf, (const char *)data,
			   size < 64 ? size : 64) < (long)conf->nhosts);
		check_dump(conf);
	}
	conf_free(&conf);
	return (0);
}
