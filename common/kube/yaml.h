// SPDX-License-Identifier: MIT
/* yaml: YAML text to JSON values, with the line of every value for error messages.
 *
 * Source of the rules: YAML 1.1 as Kubernetes reads it (sigs.k8s.io/yaml): plain true/false/yes/no/
 * on/off are booleans, null and ~ null, numbers numbers, quoted scalars always strings; several
 * documents; anchors, aliases and merge keys. Refused: repeated keys, tags other than the core
 * ones, keys that are not scalars, NUL characters, .nan and .inf, nesting beyond 100, more than
 * 100,000 values or 4 MiB of text (aliases count each time, so a "billion laughs" file ends there),
 * anything libyaml refuses. One thread per file. */
#ifndef KUBE_YAML_H
#define KUBE_YAML_H

#include <jansson.h>
#include <stddef.h>

struct err;
struct yaml_file;

/* Reads all documents; empty ones are left out. name is for messages ("web.yaml"). New in *ret.
 * -EINVAL with "web.yaml:12: did not find expected key"; a negative errno when the file cannot be
 * read (at most 1 MiB). */
int yaml_read_file(const char *path, struct yaml_file **ret, struct err *err);
int yaml_parse(const char *name, const char *text, size_t len, struct yaml_file **ret,
               struct err *err);
void yaml_file_free(struct yaml_file *f);

size_t yaml_count(const struct yaml_file *f);
json_t *yaml_document(const struct yaml_file *f, size_t i); /* borrowed */
const char *yaml_name(const struct yaml_file *f);

/* The line (from 1) on which a value inside document i begins; path is in the form of jpath.h
 * ("spec.metrics[0].type"), "" is the document itself. A path that is not there gives the line of
 * its nearest parent that is. */
unsigned yaml_line(const struct yaml_file *f, size_t i, const char *path);

#endif
