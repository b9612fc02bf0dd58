/*
 * device_child - the process that tries what tls.crypto_device, tls.fips and
 * keys by URI ask for, before anybody depends on it.
 *
 * It begins with the rights of the master, as a worker does, loads providers
 * and opens keys, gives up its rights, and only then looks into certificates.
 */
#ifndef MASTER_HELPER_DEVICE_CHILD_H
#define MASTER_HELPER_DEVICE_CHILD_H

#include <stdint.h>

#include "shm/base/attr.h"

#define DEVICE_CHILD     "@devices" /* argv[1]; then uid and gid */
#define DEVICE_JOB_FD    4          /* a sealed memfd */
#define DEVICE_BYTES_MAX ((size_t)64 * 1024 * 1024)

/* The device's text follows, then the keys. */
struct device_job {
	uint32_t fips;
	uint32_t device_len;
	uint32_t keys;
};

/* URI and certificate follow. */
struct device_key {
	uint32_t uri_len;
	uint32_t cert_len;
};

/* The answers: one about the providers; if that is good, one for each key. */
struct device_verdict {
	uint32_t good;
	char text[252]; /* if not */
};

/* The process's whole life. */
NORETURN void device_child_run(const char *uid, const char *gid);

#endif
