// SPDX-License-Identifier: MIT
/* spec_parts: the parts of hpa_spec_parse. Errors as spec_read.h; on failure what was filled is
 * released by the matching _done, which takes half-filled values. */
#ifndef LAB_HPA_SPEC_PARTS_H
#define LAB_HPA_SPEC_PARTS_H

#include "lab/hpa/spec_read.h"

int spec_metric_parse(const struct place *at, struct hpa_metric *m);
int spec_metric_default(const struct place *at, struct hpa_metric *m); /* cpu at 80 % */
void spec_metric_done(struct hpa_metric *m);

/* at: the behavior object. */
int spec_behavior_parse(const struct place *at, struct hpa_rules *ret_up,
                        struct hpa_rules *ret_down);
void spec_rules_done(struct hpa_rules *rules);

/* A quantity as the double that the controller compares with: mantissa * 10^exponent of the text as
 * written, which is not always the nearest double. -EINVAL when value is no quantity. */
int spec_quantity_double(const json_t *value, double *ret);

/* A LabelSelector as Go's %+v prints it: "nil", or "&LabelSelector{MatchLabels:...}". New; NULL
 * when out of memory or longer than 64 KiB. */
char *spec_selector_print(const json_t *selector);

#endif
