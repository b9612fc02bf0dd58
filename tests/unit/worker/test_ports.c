/* Unit tests of worker/ports: what a listener may get. */
#include "tests/unit/suites.h"
#include "worker/ports.h"

static void
check_range(void)
{
	uint16_t port, least = UINT16_MAX, most = 0;
	int i;

	ports_load();
	for (i = 0; i < 1000; i++) {
		port = ports_any();
		if (port < least)
			least = port;
		if (port > most)
			most = port;
	}
	/* Zero where the system does not say. */
	CU_ASSERT(most == 0 || (least >= 1 && least < most));
}

static void
check_reserved(void)
{
	uint16_t port;
	int i;

	ports_load();
	ports_reserve("1-39999,40001-65534\n");
	for (i = 0; i < 100; i++) {
		port = ports_any();
		CU_ASSERT(port == 0 || port == 40000 || port == 65535);
	}
	ports_reserve("40000,65535,99999-100000,x");
	CU_ASSERT_EQUAL(ports_any(), 0);
}

CU_TestInfo ports_tests[] = {
	{ "within the system's range", check_range },
	{ "but not what is reserved", check_reserved },
	CU_TEST_INFO_NULL,
};
