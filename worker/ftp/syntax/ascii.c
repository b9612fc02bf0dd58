#include "worker/ftp/syntax/ascii.h"

size_t
ascii_to_wire(struct ascii *ascii, const uint8_t *in, size_t len, uint8_t *out)
{
	size_t used = 0, i;

	for (i = 0; i < len; i++) {
		if (in[i] == '\n' && !ascii->cr)
			out[used++] = '\r';
		out[used++] = in[i];
		ascii->cr = in[i] == '\r';
	}
	return (used);
}

size_t
ascii_to_file(struct ascii *ascii, const uint8_t *in, size_t len, uint8_t *out)
{
	size_t used = 0, i;

	for (i = 0; i < len; i++) {
		if (ascii->cr && in[i] != '\n')
			out[used++] = '\r';
		ascii->cr = in[i] == '\r';
		if (!ascii->cr)
			out[used++] = in[i];
	}
	return (used);
}

size_t
ascii_end(struct ascii *ascii, uint8_t *out)
{
	if (!ascii->cr)
		return (0);
	ascii->cr = false;
	out[0] = '\r';
	return (1);
}
