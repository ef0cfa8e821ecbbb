// SPDX-License-Identifier: MIT
/* connection: how rules reach their Prometheus: by prometheus-adapter's flags, or by the section
 *
 *     prometheus: {url: "https://prometheus:9090", bearerToken: {file: ...}, timeout: 10s}
 *
 * of the configuration file, which has the fields of a source prometheus but its query. */
#ifndef ADAPTER_RULES_CONNECTION_H
#define ADAPTER_RULES_CONNECTION_H

#include "adapter/sources/endpoint.h"
#include "base/options.h"

struct adapter_config;
struct connection_account;

struct connection_options { /* {0} before options_parse; connection_options_done releases it */
    const char *url, *ca_file, *token_file, *cert_file, *key_file;
    bool auth_in_cluster;
    const char *auth_config;        /* a kubeconfig whose credentials and authorities are used */
    int verb;                       /* 0: GET, 1: POST */
    struct opt_list headers;        /* "name=value" */
    uint64_t relist_ns, max_age_ns; /* max_age_ns 0: as relist_ns */
    struct connection_account *account; /* by auth_in_cluster or auth_config; NULL: none */
};

extern const struct opt_group connection_opts;

/* The section, if there is one: new in *ret, else NULL. */
int connection_read_config(const struct strict *s, const json_t *document, struct endpoint **ret);

/* The one that the flags describe: new in *ret, good until connection_options_done; NULL without a
 * URL. Reads the account that they name, once. A negative errno with a sentence. */
int connection_from_options(struct connection_options *o, struct endpoint **ret, struct err *err);

void connection_options_done(struct connection_options *o);

/* What the flags say, else what the file says: a reference in *ret. NULL only where there is no
 * rule that needs one. Sets max_age_ns. */
int connection_choose(struct connection_options *o, const struct adapter_config *config,
                      const char *config_file, struct endpoint **ret, struct err *err);

void connection_help(FILE *out); /* the section, for --help */

#endif
