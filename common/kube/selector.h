// SPDX-License-Identifier: MIT
/* selector: Kubernetes label selectors, from query strings and from LabelSelector objects.
 *
 * Source: the labels.Selector syntax ("a=b,c in (d,e),!f") and meta/v1 LabelSelector. An empty
 * selector matches everything. A built selector does not change: any thread may match. */
#ifndef KUBE_SELECTOR_H
#define KUBE_SELECTOR_H

#include "base/buf.h"

#include <jansson.h>
#include <stdbool.h>

struct err;
struct selector;

/* From a labelSelector query parameter, already percent-decoded: `=`, `==`, `!=`, `in`, `notin`,
 * `key`, `!key`. Keys and values are validated as Kubernetes does (63 characters, optional DNS
 * prefix). New in *ret; -EINVAL with Kubernetes' sentence. `<` and `>` are refused. */
int selector_parse(const char *text, struct selector **ret, struct err *err);

/* The same as it comes out of a LabelSelector object, which is how a client reads the selector of a
 * scale: `!=` is refused too, of several equalities on one key the last one stays, and it stands
 * before other requirements of that key. */
int selector_parse_labels(const char *text, struct selector **ret, struct err *err);

/* From a LabelSelector object ({matchLabels, matchExpressions}); NULL or JSON null: everything. */
int selector_from_json(const json_t *label_selector, struct selector **ret, struct err *err);

void selector_free(struct selector *s);

bool selector_is_empty(const struct selector *s);

enum selector_op {
    SELECTOR_EQUAL,
    SELECTOR_NOT_EQUAL,
    SELECTOR_IN,
    SELECTOR_NOT_IN,
    SELECTOR_EXISTS,
    SELECTOR_ABSENT
};

struct selector_requirement { /* borrowed from the selector */
    enum selector_op op;
    const char *key;
    const char *const *values; /* sorted; one for the first two, none for the last two */
    size_t count;
};

/* One requirement after the other, in the order of selector_format. False beyond the last. */
bool selector_requirement(const struct selector *s, size_t i, struct selector_requirement *ret);

/* labels: a JSON object of strings, or NULL for none. */
bool selector_matches(const struct selector *s, const json_t *labels);

/* Appends the canonical text: requirements sorted by key, values of a set sorted (and unique, if
 * they were read from text), `k=v`, `k!=v`, `k in (a,b)`, `k notin (a,b)`, `k`, `!k`, joined by
 * commas. 0, -E2BIG or -ENOMEM.
 */
int selector_format(const struct selector *s, struct buf *ret_text);

#endif
