// SPDX-License-Identifier: MIT
/* unit: cmocka with the headers that it needs in front. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* after the four above */

#endif
