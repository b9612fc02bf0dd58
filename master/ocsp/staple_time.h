/*
 * staple_time - when to ask for a response again.
 *
 * All times are seconds since 1970.  random spreads what would else be asked
 * at one moment, for ever; any number will do.
 */
#ifndef MASTER_OCSP_STAPLE_TIME_H
#define MASTER_OCSP_STAPLE_TIME_H

#include <stdint.h>

#include "shm/base/attr.h"

#define STAPLE_REFRESH_MIN 20      /* seconds, also of one that ends soon */
#define STAPLE_RETRY_MIN   60      /* after a failure */
#define STAPLE_RETRY_MAX   3600    /* after many */
#define STAPLE_UNDATED     3600    /* that a response lives which is undated */
#define STAPLE_REFRESH_MAX 1296000 /* 15 days */

/*
 * For a response of this_update that is good until next_update: at half its
 * life, and a tenth of the time until then earlier or later.  Past the half: at
 * half of what is left.
 */
NODISCARD uint64_t staple_refresh_at(uint64_t now, uint64_t this_update,
    uint64_t next_update, uint32_t random);

/* After so many failures in a row (one at least): each doubles the pause. */
NODISCARD uint64_t staple_retry_at(uint64_t now, uint32_t failures,
    uint32_t random);

#endif
