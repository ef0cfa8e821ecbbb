// SPDX-License-Identifier: MIT
/* strict: reads a mapping of our own configuration. Unknown members are refused, every member has a
 * type and a range, and every refusal names file, line, member and what is wrong with it:
 * "adapter.yaml:7: externalMetrics[0].interval takes a duration from 100ms to 1h0m0s, not 'soon'".
 *
 * Paths are in the form of kube/jpath.h. Functions return 0 or -EINVAL with the sentence in s->err.
 * One thread. */
#ifndef KUBE_STRICT_H
#define KUBE_STRICT_H

#include "kube/yaml.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct strict { /* where the mapping stands */
    const struct yaml_file *file;
    size_t document;
    struct err *err;
};

struct strict_member {
    const char *name;
    bool required;
};

#define STRICT_PATH_MAX 512 /* a longer path is cut: messages then name a parent's line */

/* Writes "path.name", or name when path is "". Returns ret. */
char *strict_path(char ret[STRICT_PATH_MAX], const char *path, const char *name);

/* Sets "file:line: sentence" and returns -EINVAL. */
int strict_refuse(const struct strict *s, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* value must be a mapping without other members than these (the last has no name), and with those
 * that are required. */
int strict_mapping(const struct strict *s, const json_t *value, const char *path,
                   const struct strict_member *members);

/* A member of a mapping; absent ones leave *ret as it is. A text is borrowed and has
 * 1..max_bytes bytes; a choice is the place of a text among names, which end with NULL; a duration
 * is written as base/clock.h reads it; a whole number and a number are JSON numbers; a quantity is
 * Kubernetes' ("500m"), in thousandths. */
int strict_text(const struct strict *s, const json_t *mapping, const char *path, const char *name,
                size_t max_bytes, const char **ret);
int strict_choice(const struct strict *s, const json_t *mapping, const char *path, const char *name,
                  const char *const *names, int *ret);
int strict_bool(const struct strict *s, const json_t *mapping, const char *path, const char *name,
                bool *ret);
int strict_duration(const struct strict *s, const json_t *mapping, const char *path,
                    const char *name, uint64_t min_ns, uint64_t max_ns, uint64_t *ret_ns);
int strict_int(const struct strict *s, const json_t *mapping, const char *path, const char *name,
               int64_t min, int64_t max, int64_t *ret);
int strict_number(const struct strict *s, const json_t *mapping, const char *path, const char *name,
                  double min, double max, double *ret);
int strict_quantity(const struct strict *s, const json_t *mapping, const char *path,
                    const char *name, int64_t min_milli, int64_t max_milli, int64_t *ret_milli);

/* A text as above, but new: the caller frees *ret. Also -ENOMEM. */
int strict_copy(const struct strict *s, const json_t *mapping, const char *path, const char *name,
                size_t max_bytes, char **ret);

#endif
