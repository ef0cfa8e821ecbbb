// SPDX-License-Identifier: MIT
/* record: the parts of the decision record; docs/decision-record.md describes every member. Each
 * function returns a new value, NULL when out of memory. One thread. */
#ifndef LAB_HPA_RECORD_H
#define LAB_HPA_RECORD_H

#include "lab/hpa/state.h"

/* One object per metric of the spec, in its order. */
json_t *record_metrics(const struct hpa_settings *settings, const struct hpa_spec *spec,
                       const struct hpa_input *in, const struct hpa_decision *d);

/* What the windows held, and what one step may do; only when the recommendation is known. */
json_t *record_stabilisation(const struct hpa *hpa, const struct hpa_spec *spec,
                             const struct hpa_decision *d);
json_t *record_limit(const struct hpa *hpa, const struct hpa_spec *spec,
                     const struct hpa_decision *d);

/* The rule that made the result what it is, as one word: "tolerance", "scaleDownWindow". */
const char *record_rule(const struct hpa_spec *spec, const struct hpa_decision *d);

/* Whether it stays because of what was filled in for missing and unready pods. */
bool record_is_turned(const struct hpa_result *r, const struct hpa_decision *d);

/* A few sentences under the sentence: what led to it, and when it ends. record: the rest of it.
 * Returns text. */
char *record_why(const struct hpa_spec *spec, const struct hpa_decision *d, const json_t *record,
                 char text[HPA_SENTENCE_MAX]);

#endif
