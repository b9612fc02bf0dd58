/* Picks what this process is: the server's master, or one of its roles. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master/helper/certificate_child.h"
#include "master/helper/device_child.h"
#include "master/helper/key_child.h"
#include "master/helper/name_child.h"
#include "master/logger/logger.h"
#include "master/login/checker.h"
#include "master/login/login.h"
#include "master/master.h"
#include "master/ocsp/ocsp.h"
#include "shm/base/crypto.h"
#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/base/process.h"
#include "shm/cache/keeper.h"
#include "shm/ipc/role.h"
#include "worker/worker.h"

#define DEFAULT_PATH "/etc/ftpsd/ftpsd.yaml"

static const char usage[] =
    "usage: ftpsd [-fhtTV] [-c file]\n"
    "  -c file  the configuration (" DEFAULT_PATH ")\n"
    "  -f       stay in the foreground, as it always does\n"
    "  -h       show this\n"
    "  -t       check the configuration and its certificates, and exit\n"
    "  -T       the same, and print the effective configuration\n"
    "  -V       print the version\n";

/* argv[1] begins with '@': started by another process of ours. */
static NORETURN void
run_role(int argc, char **argv)
{
	if (strcmp(argv[1], CERTIFICATE_CHILD) == 0 && argc == 4)
		certificate_child_run(argv[2], argv[3]);
	if (strcmp(argv[1], NAME_CHILD) == 0 && argc == 4)
		name_child_run(argv[2], argv[3]);
	if (strcmp(argv[1], DEVICE_CHILD) == 0 && argc == 4)
		device_child_run(argv[2], argv[3]);
	if (strcmp(argv[1], KEY_CHILD) == 0 && argc == 4)
		key_child_run(argv[2], argv[3]);
	switch (role_find(argv[1] + 1)) {
	case ROLE_KEEPER:
		keeper_run();
	case ROLE_LOGIN:
		login_run();
	case ROLE_CHECKER:
		checker_run();
	case ROLE_LOGGER:
		logger_run();
	case ROLE_OCSP:
		ocsp_run();
	case ROLE_NONE:
	case ROLE_MASTER:
	case ROLE_WORKER:
	case ROLE_AGENT:
	case ROLE_COUNT:
		break;
	}
	(void)fputs("ftpsd: only the server itself starts its processes\n",
	    stderr);
	exit(2);
}

/* What the command line asks for. */
struct request {
	struct master_options options;
	bool check, print;
};

static void
read_options(struct request *request, int argc, char **argv)
{
	int option;

	request->options.path = DEFAULT_PATH;
	request->options.worker = worker_run;
	while ((option = getopt(argc, argv, "c:fhtTV")) != -1)
		switch (option) {
		case 'c':
			request->options.path = optarg;
			break;
		case 'f':
			break;
		case 'T':
			request->print = true;
			request->check = true;
			break;
		case 't':
			request->check = true;
			break;
		case 'V':
			puts("ftpsd " FTPSD_VERSION);
			exit(0);
		case 'h':
			(void)fputs(usage, stdout);
			exit(0);
		default:
			(void)fputs(usage, stderr);
			exit(2);
		}
	if (optind < argc) {
		(void)fputs(usage, stderr);
		exit(2);
	}
}

int
main(int argc, char **argv)
{
	struct request request;

	if (fd_fill_standard() == -1)
		exit(1);
	process_title_init(argc, argv);
	crypto_init();
	if (argc > 1 && argv[1][0] == '@')
		run_role(argc, argv);
	memset(&request, 0, sizeof(request));
	read_options(&request, argc, argv);
	if (request.check)
		return (master_check(request.options.path, request.print));
	process_title("ftpsd: master");
	log_set_name("master");
	master_run(&request.options);
}
