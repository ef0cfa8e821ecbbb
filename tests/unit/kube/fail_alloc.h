// SPDX-License-Identifier: MIT
/* fail_alloc: lets the nth allocation of the code under test fail, once, to walk its out-of-memory
 * paths. Links with the options of FAIL_ALLOC in CMakeLists.txt. One thread.
 *
 *     for (long n = 0; !done; n++) {
 *         fail_alloc_at(n);
 *         ... -ENOMEM, or success when fail_alloc_stop() says that nothing failed
 *     } */
#ifndef FAIL_ALLOC_H
#define FAIL_ALLOC_H

#include <stdbool.h>

void fail_alloc_at(long n); /* from 0, counted from here on */
bool fail_alloc_stop(void); /* true when one failed; nothing fails any more */

#endif
