// SPDX-License-Identifier: MIT
/* config_fields: the fields that all configured metrics have. They return 0 or -EINVAL with the
 * sentence in s->err; texts are borrowed from entry. One thread. */
#ifndef ADAPTER_CONFIG_FIELDS_H
#define ADAPTER_CONFIG_FIELDS_H

#include "adapter/query.h"
#include "kube/strict.h"

/* name, which must be there: a path segment and an RBAC resource. */
int config_read_name(const struct strict *s, const json_t *entry, const char *path,
                     const char **ret);

/* The name of a namespace or a Service; *ret stays as it is without one. */
int config_read_dns_label(const struct strict *s, const json_t *entry, const char *path,
                          const char *member, const char **ret);

/* namespace; the same. */
int config_read_namespace(const struct strict *s, const json_t *entry, const char *path,
                          const char **ret);

/* interval and maxAge, for the source that query has already. */
int config_read_times(const struct strict *s, const json_t *entry, const char *path,
                      struct query_spec *query, uint64_t *ret_max_age_ns);

#endif
