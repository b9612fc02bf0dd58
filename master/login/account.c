#include "master/login/account.h"

#include <string.h>

bool
account_text(char *out, size_t size, const void *bytes, size_t len)
{
	out[0] = '\0';
	if (len >= size || (len > 0 && memchr(bytes, '\0', len) != NULL))
		return (false);
	if (len > 0)
		memcpy(out, bytes, len);
	out[len] = '\0';
	return (true);
}
