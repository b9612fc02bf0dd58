/* load - the load generator of the benchmark; see options.c for its usage. */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "tests/bench/load/hold.h"
#include "tests/bench/load/link.h"
#include "tests/bench/load/mode.h"
#include "tests/bench/load/options.h"
#include "tests/bench/load/repeat.h"
#include "tests/bench/load/report.h"

#define FILES_MAX  65536
#define ARENA_KEEP (64 * 1024 * 1024)

/* As many descriptors as we may have. */
static void
raise_limit(void)
{
	struct rlimit limit = { FILES_MAX, FILES_MAX };

	if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
		return;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int
main(int argc, char **argv)
{
	struct link_setup setup = { 0 };
	struct report report = { 0 };
	struct options options;

	if (options_parse(&options, argc, argv) == -1)
		return (2);
	raise_limit();
	(void)signal(SIGPIPE, SIG_IGN);
	/* Buffers of connections come and go: the kernel is not to be asked. */
	(void)mallopt(M_MMAP_THRESHOLD, ARENA_KEEP);
	(void)mallopt(M_TRIM_THRESHOLD, ARENA_KEEP);
	setup.tls_version = options.tls_version;
	setup.large = options.mode->large;
	setup.status = options.status;
	setup.idle = options.mode->shape == SHAPE_HOLD;
	if (link_begin(&setup) == -1) {
		(void)fprintf(stderr, "load: OpenSSL cannot be set up\n");
		return (2);
	}
	if (options.mode->shape == SHAPE_HOLD)
		hold_run(&options, &report);
	else
		repeat_run(&options, &report);
	return (report_write(&report, &options));
}
