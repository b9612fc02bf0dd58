#include "tests/bench/load/options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/load/mode.h"

#define DEFAULT_SECONDS 5.0
#define TEXT_MAX        1000 /* fits a command line */

static const char usage[] =
    "usage: load -m mode -p port [-H address] [-t 1.2|1.3] [-c clients]\n"
    "            [-s seconds | -n operations] [-u user] [-w password]\n"
    "            [-f file] [-b bytes] [-d directory] [-N hosts] [-g]\n"
    "            [-o] [-x]\n"
    "  -N  connections ask for host0.example.org, host1... in turn\n"
    "  -g  after \"begin\", wait for a line on standard input\n"
    "  -o  handshakes ask for a response of OCSP\n"
    "  -x  no connection needs to resume a session\n";

/* A number within limits; *bad is set when it is none. */
static uint64_t
number(const char *text, uint64_t min, uint64_t max, bool *bad)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno != 0 || *end != '\0' || end == text || value < min ||
	    value > max)
		*bad = true;
	return (value);
}

static double
seconds(const char *text, bool *bad)
{
	double value;
	char *end;

	value = strtod(text, &end);
	if (*end != '\0' || end == text || !(value > 0 && value < 1e6))
		*bad = true;
	return (value);
}

static const char *
short_text(const char *text, bool *bad)
{
	if (strlen(text) > TEXT_MAX || strpbrk(text, "\r\n") != NULL)
		*bad = true;
	return (text);
}

static int
tls_version(const char *text, bool *bad)
{
	if (strcmp(text, "1.2") == 0)
		return (TLS1_2_VERSION);
	if (strcmp(text, "1.3") != 0)
		*bad = true;
	return (TLS1_3_VERSION);
}

static void
set_address(struct options *options, const char *text, bool *bad)
{
	struct in_addr *address = &options->server.sin_addr;

	if (inet_pton(AF_INET, text, address) != 1)
		*bad = true;
	options->spread = ntohl(address->s_addr) >> 24 == IN_LOOPBACKNET;
}

static void
set_limit(struct options *options, int letter, const char *value, bool *bad)
{
	switch (letter) {
	case 'p':
		options->server.sin_port =
		    htons((uint16_t)number(value, 1, UINT16_MAX, bad));
		break;
	case 'c':
		options->threads = (unsigned int)number(value, 1, 20000, bad);
		break;
	case 's':
		options->seconds = seconds(value, bad);
		break;
	case 'n':
		options->operations = number(value, 1, UINT32_MAX, bad);
		break;
	case 'N':
		options->hosts = (unsigned int)number(value, 1, 1000000, bad);
		break;
	case 'b':
		options->bytes = number(value, 0, UINT64_MAX / 2, bad);
		break;
	default:
		*bad = true;
	}
}

static void
set(struct options *options, int letter, const char *value, bool *bad)
{
	switch (letter) {
	case 'm':
		options->mode = mode_find(value);
		break;
	case 'H':
		set_address(options, value, bad);
		break;
	case 't':
		options->tls_version = tls_version(value, bad);
		break;
	case 'u':
		options->user = short_text(value, bad);
		break;
	case 'w':
		options->password = short_text(value, bad);
		break;
	case 'f':
		options->file = short_text(value, bad);
		break;
	case 'd':
		options->directory = short_text(value, bad);
		break;
	case 'g':
		options->gated = true;
		break;
	case 'o':
		options->status = true;
		break;
	case 'x':
		options->lenient = true;
		break;
	default:
		set_limit(options, letter, value, bad);
	}
}

int
options_parse(struct options *options, int argc, char **argv)
{
	bool bad = false;
	int letter;

	memset(options, 0, sizeof(*options));
	options->server.sin_family = AF_INET;
	set_address(options, "127.0.0.1", &bad);
	options->tls_version = TLS1_3_VERSION;
	options->threads = 1;
	options->user = "bench";
	options->password = "bench";
	options->file = "file";
	options->directory = ".";
	while ((letter = getopt(argc, argv, "m:p:H:t:c:s:n:u:w:f:b:d:N:gox")) !=
	    -1)
		set(options, letter, optarg, &bad);
	if (bad || optind != argc || options->mode == NULL ||
	    options->server.sin_port == 0) {
		(void)fputs(usage, stderr);
		mode_list(stderr);
		return (-1);
	}
	if (options->seconds == 0 && options->operations == 0)
		options->seconds = DEFAULT_SECONDS;
	return (0);
}
