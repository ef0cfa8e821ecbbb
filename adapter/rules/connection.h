// SPDX-License-Identifier: MIT
/* connection: how rules reach their Prometheus: by prometheus-adapter's flags, or by the section
 *
 *     prometheus: {url: "https://prometheus:9090", bearerToken: {file: ...}, timeout: 10s}
 *
 * of the configuration file, which has the fields of every HTTP source (sources/endpoint.h). */
#ifndef ADAPTER_RULES_CONNECTION_H
#define ADAPTER_RULES_CONNECTION_H

#include "adapter/sources/endpoint.h"
#include "base/options.h"

struct adapter_config;

struct connection_options {
    const char *url, *ca_file, *token_file, *cert_file, *key_file;
    struct opt_list headers;        /* "name=value" */
    uint64_t relist_ns, max_age_ns; /* max_age_ns 0: as relist_ns */
};

extern const struct opt_group connection_opts;

/* The section, if there is one: new in *ret, else NULL. */
int connection_read_config(const struct strict *s, const json_t *document, struct endpoint **ret);

/* The one that the flags describe: new in *ret; NULL without a URL. -EINVAL or -ENOMEM. */
int connection_from_options(const struct connection_options *o, struct endpoint **ret,
                            struct err *err);

/* What the flags say, else what the file says: a reference in *ret. NULL only where there is no
 * rule that needs one. Sets max_age_ns. */
int connection_choose(struct connection_options *o, const struct adapter_config *config,
                      const char *config_file, struct endpoint **ret, struct err *err);

void connection_help(FILE *out); /* the section, for --help */

#endif
