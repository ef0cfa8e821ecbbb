// SPDX-License-Identifier: MIT
/* spec_parts: the parts of hpa_spec_parse. Errors as spec_read.h; on failure what was filled is
 * released by the matching _done, which takes half-filled values. */
#ifndef LAB_HPA_SPEC_PARTS_H
#define LAB_HPA_SPEC_PARTS_H

#include "lab/hpa/spec_read.h"

int spec_metric_parse(const struct place *at, struct hpa_metric *m);
int spec_metric_default(const struct place *at, struct hpa_metric *m); /* cpu at 80 % */
void spec_metric_done(struct hpa_metric *m);

/* at: the behavior object. Fills in the defaults. */
int spec_behavior_parse(const struct place *at, struct hpa_rules *ret_up,
                        struct hpa_rules *ret_down);
void spec_rules_done(struct hpa_rules *rules);

/* at: a metric's identifier. Fills selector, selector_print and identifier; a selector that the
 * controller cannot use goes into refused, in its words. */
int spec_selector_parse(const struct place *at, struct hpa_metric *m);

/* What the API server refuses in an object that can be read, in its words. converted: an API server
 * validates these before it knows the defaults of autoscaling/v2. */
int spec_check(const struct place *root, bool converted);

/* One of autoscaling/v1 as autoscaling/v2. New in *ret. */
bool spec_is_v1(const json_t *object);
int spec_from_v1(const struct place *root, json_t **ret);

#endif
