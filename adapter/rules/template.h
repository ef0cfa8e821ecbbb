// SPDX-License-Identifier: MIT
/* template: the part of Go's text/template that rules are written in, with << and >> around it.
 *
 *     sum(rate(<<.Series>>{<<.LabelMatchers>>}[2m])) by (<<.GroupBy>>)
 *     <<range $i, $l := .GroupBySlice>><<if $i>>,<<end>><<$l>><<end>>
 *
 * There are: fields (.Series, $.Series, .LabelValuesByName.pod), texts and whole numbers, true and
 * false, variables, pipelines, parentheses, if, with and range with else and else if, break and
 * continue, comments, "- " and " -" that trim blanks, and the functions and or not eq ne lt le gt
 * ge len index slice print printf println. There are no: define, template, block, call, html, js,
 * urlquery, nil, fractions, methods.
 *
 * Other than in Go, a field that is not there is found while parsing, an absent member of a map is
 * an empty text, and a comma that would stand alone because the text of .LabelMatchers before it
 * is empty is left out.
 *
 * Read-only once parsed: any thread. Source: pkg.go.dev/text/template. */
#ifndef ADAPTER_RULES_TEMPLATE_H
#define ADAPTER_RULES_TEMPLATE_H

#include "adapter/rules/template_value.h"

struct template;

#define TEMPLATE_MAX_BYTES ((size_t)16 * 1024)

/* New in *ret. fields: what `.` has, ends with NULL, borrowed as long as the template lives.
 * -EINVAL with what is wrong and where ("in <<.Foo>>: ..."), or -ENOMEM. */
int template_parse(const char *text, const char *const *fields, struct template **ret,
                   struct err *err);
void template_free(struct template *t); /* NULL does nothing */

/* Appends what comes out with these values, one per field. -EINVAL when the template does what its
 * values do not allow (index 3 of a list of 1), -E2BIG, or -ENOMEM. */
int template_run(const struct template *t, const struct value *values, struct buf *ret,
                 struct err *err);

#endif
