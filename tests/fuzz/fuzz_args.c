/* Fuzzes what reads the arguments of commands that have a syntax. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "shm/base/ensure.h"
#include "worker/ftp/syntax/args.h"
#include "worker/ftp/syntax/args_change.h"
#include "worker/ftp/syntax/input.h"
#include "worker/ftp/syntax/time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A time that was read is written as it can be read again. */
static void
parse_time(const char *text)
{
	struct fs_time when, again;
	char out[TIME_TEXT_MAX];

	if (time_parse(text, strlen(text),
		TIME_FRACTION | TIME_MINUTES | TIME_ZONE, &when) != 0)
		return;
	ensure(when.nanoseconds < 1000000000);
	if (time_format(when.seconds, out) != 0)
		return;
	ensure(time_parse(out, strlen(out), 0, &again) == 0);
	ensure(again.seconds == when.seconds);
}

/* MFMT, MFF, MDTM and SITE: what is taken has a name. */
static void
parse_names(const char *text)
{
	char name[INPUT_LINE_MAX], other[INPUT_LINE_MAX];
	struct fs_change change = { 0 };
	struct args_mff mff = { .fact = NULL };
	const char *rest;

	if (args_mode(text, strlen(text), 022, &change) == ARGS_OK)
		ensure((change.set | change.set_x) <= 03777);
	if (args_mfmt(text, &change, &rest) == ARGS_OK)
		ensure(*rest != '\0');
	if (args_mdtm(text, &change, &rest) == ARGS_OK)
		ensure(*rest != '\0');
	if (args_utime(text, &change, name, sizeof(name)) == ARGS_OK)
		ensure(*name != '\0');
	if (args_mff(text, &mff) == ARGS_OK)
		ensure(*mff.name != '\0' && mff.change.what != 0);
	if (args_pair(text, name, other, sizeof(name)) == ARGS_OK)
		ensure(*name != '\0' && *other != '\0');
}

/* What HOST takes is a name that a host could have, or an address. */
static void
parse_host(const char *text)
{
	struct args_host host;

	if (args_host(text, &host) != ARGS_OK)
		return;
	ensure(strlen(host.name) <= ARGS_HOST_MAX);
	ensure(strpbrk(host.name, " /:[]ABCXYZ\r\n") == NULL);
}

/* An address that EPRT takes is one that it takes again. */
static void
parse_addresses(const char *text)
{
	char out[ADDRESS_TEXT_MAX], again[ADDRESS_TEXT_MAX + 16];
	struct address address, second;

	(void)!args_port(text, &address);
	if (args_eprt(text, &address) != ARGS_OK)
		return;
	(void)snprintf(again, sizeof(again), "|%d|%s|%" PRIu16 "|",
	    address_is_v4(&address) ? 1 : 2, address_text(&address, out),
	    address.port);
	ensure(args_eprt(again, &second) == ARGS_OK);
	ensure(memcmp(address.ip, second.ip, sizeof(address.ip)) == 0 &&
	    address.port == second.port);
}

/* RANG, XCRC and those like it, COMB. */
static void
parse_ranges(const char *text)
{
	char names[INPUT_LINE_MAX + 1];
	struct args_range range;
	size_t count;

	if (args_range(text, &range) == ARGS_OK)
		ensure(range.start < range.end);
	if (args_checksum(text, names, sizeof(names), &range) == ARGS_OK)
		ensure(*names != '\0' && range.start <= range.end);
	if (args_names(text, names, sizeof(names), &count) == ARGS_OK)
		ensure(count > 0);
}

static void
parse(const char *text)
{
	char facts_text[ARGS_FACTS_MAX];
	struct args_list options;
	enum args_epsv epsv;
	const char *rest;
	uint64_t number;
	uint32_t bits;
	bool ascii;

	(void)!args_epsv(text, &epsv);
	(void)!args_type(text, &ascii);
	if (args_number(text, &number) == ARGS_OK)
		ensure(number <= INT64_MAX);
	if (args_facts(text, &bits) == ARGS_OK)
		args_facts_text(bits, bits, facts_text);
	parse_addresses(text);
	parse_names(text);
	parse_host(text);
	parse_ranges(text);
	parse_time(text);
	rest = args_list(text, &options);
	ensure(rest >= text && rest <= text + strlen(text));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[INPUT_LINE_MAX + 1];

	if (size == 0 || size > INPUT_LINE_MAX ||
	    memchr(data, '\0', size) != NULL)
		return (0);
	memcpy(text, data, size);
	text[size] = '\0';
	parse(text);
	return (0);
}
