// SPDX-License-Identifier: MIT
/* items: the first thing in a list of metrics that Kubernetes' clients could not read, in their
 * words: one bad quantity makes all of the answer an error. Any thread. */
#ifndef LAB_REPLAY_ITEMS_H
#define LAB_REPLAY_ITEMS_H

#include "lab/hpa/texts.h"

#include <jansson.h>

enum items_kind { ITEMS_POD_METRICS, ITEMS_CUSTOM, ITEMS_EXTERNAL };

/* NULL: all of it can be read. Borrowed from t. */
const char *items_fault(struct texts *t, enum items_kind kind, const json_t *items);

#endif
