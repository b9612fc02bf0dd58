/* Fuzzes the reading of OCSP responses: every byte is the input's. */
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdint.h>
#include <stdlib.h>

#include "shm/base/ensure.h"
#include "shm/base/ocsp_response.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An authority and a certificate of it, good for a century. */
static const char certificates[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBcTCCARegAwIBAgIUBSjfnRT/UdwsYtT9z9Bjs8bQsXkwCgYIKoZIzj0EAwIw\n"
    "DTELMAkGA1UEAwwCY2EwIBcNMjYxMTIyMTUyNDA2WhgPMjEyNjEwMjkxNTI0MDZa\n"
    "MA0xCzAJBgNVBAMMAmNhMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEXRGELFao\n"
    "hoKHYCQcMivOUWJtASdGVqqpeYj4Lc4+X6/4X/BdW6+aT/aJoiE2K56I6m9BowHT\n"
    "yhJjjDStJjpHnqNTMFEwHQYDVR0OBBYEFCc7zVaq6EvIbbkHu+UkJYRXs+XcMB8G\n"
    "A1UdIwQYMBaAFCc7zVaq6EvIbbkHu+UkJYRXs+XcMA8GA1UdEwEB/wQFMAMBAf8w\n"
    "CgYIKoZIzj0EAwIDSAAwRQIhAI2WlSVqfp/QMmuvWI08poT4zb1K8ArKL3Wn7PZD\n"
    "HJl0AiAKhOsO1jRlcWMiNRzvgHaBYeDTkEtgjn3yK9qJBA3+/w==\n"
    "-----END CERTIFICATE-----\n"
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBBDCBqgICEAAwCgYIKoZIzj0EAwIwDTELMAkGA1UEAwwCY2EwIBcNMjYxMTIy\n"
    "MTUyNDA3WhgPMjEyNjEwMjkxNTI0MDdaMAwxCjAIBgNVBAMMAWMwWTATBgcqhkjO\n"
    "PQIBBggqhkjOPQMBBwNCAASfEgn2ul1VCmZCeg7s3QN/Unlpm5/PALkYinz6aH/K\n"
    "oejcwLZoDkfksF6W4zL9dVSs8+LJX6KZagQXKkRtiPqPMAoGCCqGSM49BAMCA0kA\n"
    "MEYCIQCMiElYs30z1dw/dpcfasZfEA7c3jq8hoQ37zzOmCw2KgIhAKfMbHnAOUEm\n"
    "17WaXITo/HuhAy4GuvppUeWV5uKUKn1Q\n"
    "-----END CERTIFICATE-----\n";

static struct ocsp_subject
subject(void)
{
	static struct ocsp_subject made;
	BIO *bio;

	if (made.cert != NULL)
		return (made);
	bio = BIO_new_mem_buf(certificates, sizeof(certificates) - 1);
	made.issuer = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	made.cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	BIO_free(bio);
	if (made.cert == NULL || made.issuer == NULL)
		abort();
	return (made);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ocsp_subject about = subject();
	struct ocsp_finding finding;

	ocsp_response_read(&about, data, size, NULL, &finding);
	ensure((finding.why != NULL) ==
	    (finding.revocation == REVOCATION_UNANSWERED));
	ensure(ERR_peek_error() == 0);
	return (0);
}
