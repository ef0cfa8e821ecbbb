// SPDX-License-Identifier: MIT
/* pattern: the regular expressions of rules (seriesFilters, name.matches), and name.as.
 *
 * They are written for Go's regexp (RE2), and PCRE2 reads them. Both prefer the leftmost match and,
 * there, what a backtracking search finds first; `$` is the end of the text only and `\C` is
 * refused here as there. PCRE2 takes more: back references, look-around, possessive repeats. What
 * RE2 cannot do, taking more than linear time, ends at a limit here.
 *
 * Read-only once made: any thread. */
#ifndef ADAPTER_RULES_PATTERN_H
#define ADAPTER_RULES_PATTERN_H

#include "base/buf.h"

#include <stdbool.h>

struct err;
struct pattern;

#define PATTERN_MAX_BYTES 1000 /* of the expression, which is also RE2's limit of repeats */

/* New in *ret. -EINVAL with a sentence that quotes the expression, or -ENOMEM. */
int pattern_new(const char *text, struct pattern **ret, struct err *err);
void pattern_free(struct pattern *p); /* NULL does nothing */

unsigned pattern_groups(const struct pattern *p); /* parentheses that capture */

/* 1 when it matches somewhere in text, 0 when it does not; -ELOOP when that takes too long, or
 * -ENOMEM. */
int pattern_matches(const struct pattern *p, const char *text);

/* Appends form with the groups of the leftmost match put in, as Go's Regexp.Expand: $1 ${1} $name
 * ${name}, the longest name counts ($1x is ${1x}), $$ is a dollar, what there is not is empty.
 * -ENOENT when there is no match; else as pattern_matches and buf_append. */
int pattern_expand(const struct pattern *p, const char *text, const char *form, struct buf *ret);

/* The first name in form that is no group of p, written to name, or false. It would be empty in
 * every expansion, which is rarely meant: "$1_total" asks for a group named "1_total". */
bool pattern_unknown_group(const struct pattern *p, const char *form, char *name, size_t size);

#endif
