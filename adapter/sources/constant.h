// SPDX-License-Identifier: MIT
/* constant: always the same value, for tries and for tests of an HPA.
 *
 *     constant: {value: 12} */
#ifndef ADAPTER_SOURCES_CONSTANT_H
#define ADAPTER_SOURCES_CONSTANT_H

#include "adapter/source.h"

extern const struct source_kind constant_kind;

#endif
