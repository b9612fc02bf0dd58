/*
 * Fuzzes what reads commands: Telnet, lines, paths, and the arguments that
 * have a syntax.  The first byte says in pieces of which length the rest comes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shm/base/ensure.h"
#include "shm/ipc/body.h"
#include "worker/ftp/args.h"
#include "worker/ftp/args_change.h"
#include "worker/ftp/input.h"
#include "worker/ftp/path.h"
#include "worker/ftp/time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a path must be, whatever the client said. */
static void
check_path(const char *path)
{
	size_t len = strlen(path);

	ensure(path[0] == '/' && len <= FS_PATH_MAX);
	ensure(len == 1 || path[len - 1] != '/');
	ensure(strstr(path, "//") == NULL && strstr(path, "/../") == NULL);
	ensure(strstr(path, "/./") == NULL);
	ensure(strpbrk(path, "\r\n") == NULL);
	ensure(len < 3 || strcmp(path + len - 3, "/..") != 0);
}

static void
resolve(const char *text)
{
	char *path, *quoted;

	path = path_resolve("/some/where", text);
	if (path == NULL)
		return;
	check_path(path);
	ensure(*path_base(path) != '\0');
	quoted = path_quote(path);
	ensure(quoted != NULL && strlen(quoted) >= strlen(path));
	free(quoted);
	free(path);
}

/* MFMT, MFF, MDTM and SITE: what is taken has a name. */
static void
parse_names(const char *text)
{
	char name[INPUT_LINE_MAX], other[INPUT_LINE_MAX];
	struct fs_change change = { 0 };
	struct args_mff mff = { .fact = NULL };
	struct fs_time when;
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
	if (time_parse(text, strlen(text),
		TIME_FRACTION | TIME_MINUTES | TIME_ZONE, &when) == 0)
		ensure(when.nanoseconds < 1000000000);
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

static void
parse(const char *text)
{
	char facts_text[ARGS_FACTS_MAX];
	struct args_list options;
	struct address address;
	enum args_epsv epsv;
	const char *rest;
	uint64_t number;
	uint32_t bits;
	bool ascii;

	(void)!args_port(text, &address);
	(void)!args_eprt(text, &address);
	(void)!args_epsv(text, &epsv);
	(void)!args_type(text, &ascii);
	if (args_number(text, &number) == ARGS_OK)
		ensure(number <= INT64_MAX);
	if (args_facts(text, &bits) == ARGS_OK)
		args_facts_text(bits, bits, facts_text);
	parse_names(text);
	parse_host(text);
	rest = args_list(text, &options);
	ensure(rest >= text && rest <= text + strlen(text));
}

static void
take_all(struct input *input)
{
	char line[INPUT_LINE_MAX + 1], head[16];
	enum input_result result;
	size_t offset = 0, before = 0;
	const char *argument;

	while (input_peek(input, &offset, head, sizeof(head))) {
		ensure(offset > before);
		before = offset;
	}
	while ((result = input_take(input, line)) != INPUT_NONE) {
		if (result != INPUT_LINE)
			continue;
		ensure(strlen(line) <= INPUT_LINE_MAX);
		ensure(strpbrk(line, "\r\n") == NULL);
		parse(line);
		resolve(line);
		argument = strchr(line, ' ');
		if (argument != NULL) {
			parse(argument + 1);
			resolve(argument + 1);
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input;
	size_t step, n;

	if (size == 0)
		return (0);
	step = 1 + data[0];
	input_init(&input);
	for (data++, size--; size > 0; data += n, size -= n) {
		n = input_room(&input);
		ensure(n > 0);
		n = n < step ? n : step;
		n = n < size ? n : size;
		ensure(input_feed(&input, data, n) == 0);
		take_all(&input);
	}
	(void)input_discard(&input);
	ensure(buf_len(&input.buf) == 0);
	input_free(&input);
	return (0);
}
