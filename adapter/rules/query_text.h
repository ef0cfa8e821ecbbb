// SPDX-License-Identifier: MIT
/* query_text: the PromQL text that a rule sends for one read.
 *
 * Order of the matchers: the metric selector's, sorted by key; then the namespace; then the object.
 * `in (a,b)` is =~"a|b", a key that exists !="", several objects =~"a|b".
 *
 * Dots in what stands inside =~ are escaped. A key that is no Prometheus label name is written as
 * Prometheus writes Kubernetes' labels, with _ for other characters. A requirement on the label of
 * the namespace or the object must agree with what is asked for and is then left out; if it cannot,
 * it is refused, because nothing would ever match. Any thread. */
#ifndef ADAPTER_RULES_QUERY_TEXT_H
#define ADAPTER_RULES_QUERY_TEXT_H

#include "adapter/rules/template.h"
#include "kube/selector.h"

#define QUERY_TEXT_MAX_BYTES ((size_t)256 * 1024)
#define QUERY_OBJECTS_MAX 5000 /* in one query */

extern const char *const query_fields[]; /* of a metricsQuery: .Series, .LabelMatchers, ... */

struct query_input {
    const char *series;
    const struct selector *selector;         /* of series; NULL: everything */
    const char *namespace_label, *namespace; /* NULL: no matcher for it */
    const char *object_label;                /* NULL: external metrics have none */
    const char *const *names;                /* of objects, at least one when there is a label */
    size_t name_count;
    const char *also_by; /* one more label to group by; NULL: none */
};

/* Appends the query. -EINVAL with a sentence when the selector cannot be asked for, or the template
 * fails; -E2BIG, or -ENOMEM. */
int query_text(const struct template *t, const struct query_input *in, struct buf *ret,
               struct err *err);

#endif
