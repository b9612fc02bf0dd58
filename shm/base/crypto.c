#include "shm/base/crypto.h"

#include <openssl/crypto.h>

#include "shm/base/ensure.h"

void
crypto_init(void)
{
	ensure(OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1);
}
