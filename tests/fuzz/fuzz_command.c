/*
 * Fuzzes what reads commands: Telnet, lines and paths.  The first byte says in
 * pieces of which length the rest comes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shm/base/ensure.h"
#include "shm/ipc/body.h"
#include "worker/ftp/syntax/input.h"
#include "worker/ftp/syntax/path.h"

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
		resolve(line);
		argument = strchr(line, ' ');
		if (argument != NULL)
			resolve(argument + 1);
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
