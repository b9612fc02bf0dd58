/* members - names and values in the text of a record, for JSON. */
#ifndef MASTER_LOGGER_MEMBERS_H
#define MASTER_LOGGER_MEMBERS_H

#include <jansson.h>

/*
 * Where text is "words: name=value name="value" ...", adds each name that the
 * object does not have; a value of "-" is none.  What is not of that form ends
 * it.
 */
void members_add(json_t *object, const char *text);

#endif
