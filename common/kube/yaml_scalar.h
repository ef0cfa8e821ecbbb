// SPDX-License-Identifier: MIT
/* yaml_scalar: which JSON value a YAML scalar is. The part of yaml.h that knows YAML's words and
 * numbers.
 *
 * Source: YAML 1.1 as sigs.k8s.io/yaml resolves it: the words y, yes, on, true, n, no, off, false
 * (lower, Capital, UPPER) and null, ~ and nothing; integers with 0x, 0o, 0b, a leading 0 (octal)
 * and _ between digits; decimal fractions. Dates stay text. A whole float is an integer, as Go
 * writes it to JSON. Integers beyond int64 become reals. Any thread. */
#ifndef KUBE_YAML_SCALAR_H
#define KUBE_YAML_SCALAR_H

#include <jansson.h>
#include <stdbool.h>

/* tag: the long form ("tag:yaml.org,2002:int"), "!" (text) or NULL. plain: without quotes. New in
 * *ret; -EINVAL when text is not of the tag's type; -ENOTSUP for a tag that is not a core one;
 * -ERANGE for what JSON cannot hold (.nan, .inf); -ENOMEM. */
int yaml_scalar(const char *text, const char *tag, bool plain, json_t **ret);

#endif
