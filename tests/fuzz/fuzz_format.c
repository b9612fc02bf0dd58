/* Fuzzes the reader of formats, whose text may come with any configuration. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shm/base/ensure.h"
#include "shm/conf/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[FORMAT_WHY_MAX] = "", *text;
	struct conf_format *format;
	size_t i;

	if (size < 1)
		return (0);
	text = calloc(1, size);
	if (text == NULL)
		return (0);
	memcpy(text, data + 1, size - 1);
	format = format_parse(text,
	    data[0] % 2 == 0 ? FORMAT_SESSION : FORMAT_TRANSFER, why);
	ensure((format == NULL) == (why[0] != '\0'));
	for (i = 0; format != NULL && i < format->count; i++)
		ensure(format->pieces[i].variable != VARIABLE_COUNT ||
		    format->pieces[i].at + format->pieces[i].len <=
			strlen(format->text));
	free(format);
	free(text);
	return (0);
}
