// SPDX-License-Identifier: MIT
/* words: times as the sentences for an HPA's condition say them. Both return text. Any thread. */
#ifndef ADAPTER_WORDS_H
#define ADAPTER_WORDS_H

#include "base/clock.h"

/* "800 ms", "9.5 s", "60 s", "3 min", "5 h": two figures are enough to know how old a value is. */
const char *words_roughly(uint64_t ns, char text[CLOCK_TEXT_MAX]);

/* "10:42:07", with the date once that is not clear. */
const char *words_moment(uint64_t wall_ns, char text[CLOCK_TEXT_MAX]);

#endif
