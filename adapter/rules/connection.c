// SPDX-License-Identifier: MIT
#include "adapter/rules/connection.h"

#include "adapter/config.h"
#include "adapter/rules/rule_set.h"
#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define SECTION "prometheus"
#define TIMEOUT "10s" /* of rules' queries, unless something else is said */

static const struct opt opts[] = {
    {"prometheus-url", OPT_STRING, offsetof(struct connection_options, url), NULL,
     "The Prometheus that rules ask; instead of the file's section prometheus."},
    {"prometheus-ca-file", OPT_STRING, offsetof(struct connection_options, ca_file), NULL,
     "CA certificates (PEM) that its certificate is verified with; the system's if absent."},
    {"prometheus-token-file", OPT_STRING, offsetof(struct connection_options, token_file), NULL,
     "Bearer token for it; read again at each request."},
    {"prometheus-client-tls-cert-file", OPT_STRING, offsetof(struct connection_options, cert_file),
     NULL, "Client certificate (PEM) for it."},
    {"prometheus-client-tls-key-file", OPT_STRING, offsetof(struct connection_options, key_file),
     NULL, "The client certificate's private key (PEM)."},
    {"prometheus-header", OPT_LIST, offsetof(struct connection_options, headers), NULL,
     "name=value, a header for it; can be repeated."},
    {"metrics-relist-interval", OPT_DURATION, offsetof(struct connection_options, relist_ns), "10m",
     "How often rules look which series there are.", .min = 1, .max = 86400},
    {"metrics-max-age", OPT_DURATION, offsetof(struct connection_options, max_age_ns), "0s",
     "A series without samples for longer is not there; 0 means the relist interval.",
     .max = 86400 * 30},
};
const struct opt_group connection_opts = {opts, ARRAY_LEN(opts)};

static int read_mapping(const struct strict *s, const json_t *mapping, struct endpoint **ret)
{
    static const struct strict_member members[] = {ENDPOINT_MEMBERS, {0}};
    int r = strict_mapping(s, mapping, SECTION, members);

    /* Longer than a source's, because queries of rules are people's own. */
    return r == 0 ? endpoint_read_slow_config(s, mapping, SECTION, TIMEOUT, ret) : r;
}

int connection_read_config(const struct strict *s, const json_t *document, struct endpoint **ret)
{
    const json_t *section = json_object_get(document, SECTION);

    return section ? read_mapping(s, section, ret) : 0;
}

/* ---- flags: written as the section that they stand for ---- */

static json_t *tls_new(const struct connection_options *o)
{
    if (!o->ca_file && !o->cert_file && !o->key_file)
        return NULL;
    return json_pack("{s:s*, s:s*, s:s*}", "caFile", o->ca_file, "certFile", o->cert_file,
                     "keyFile", o->key_file);
}

static json_t *headers_new(const struct connection_options *o)
{
    json_t *headers = o->headers.count ? json_object() : NULL;

    for (size_t i = 0; i < o->headers.count; i++) {
        const char *text = o->headers.values[i];
        const char *value = strchrnul(text, '=');
        (void)json_object_setn_new(headers, text, (size_t)(value - text),
                                   json_string(*value ? value + 1 : ""));
    }
    return headers;
}

static char *section_text(const struct connection_options *o)
{
    json_auto_t *section =
        json_pack("{s:s, s:o*, s:o*}", "url", o->url, "tls", tls_new(o), "headers", headers_new(o));

    if (o->token_file && section &&
        json_object_set_new(section, "bearerToken", json_pack("{s:s}", "file", o->token_file)) < 0)
        return NULL;
    return section ? json_dumps(section, 0) : NULL;
}

int connection_from_options(const struct connection_options *o, struct endpoint **ret,
                            struct err *err)
{
    scoped(free_at) char *text = NULL;
    struct yaml_file *file = NULL;

    if (!o->url)
        return 0;
    text = section_text(o);
    if (!text)
        return err_set(err, -ENOMEM, "out of memory");
    int r = yaml_parse("--prometheus-...", text, strlen(text), &file, err); /* JSON is YAML */
    if (r == 0)
        r = read_mapping(&(struct strict){.file = file, .err = err}, yaml_document(file, 0), ret);
    yaml_file_free(file);
    return r;
}

int connection_choose(struct connection_options *o, const struct adapter_config *config,
                      const char *config_file, struct endpoint **ret, struct err *err)
{
    int r = connection_from_options(o, ret, err);

    if (r < 0)
        return r;
    if (!*ret && config->prometheus)
        *ret = endpoint_ref(config->prometheus);
    if (!o->max_age_ns)
        o->max_age_ns = o->relist_ns;
    if (!*ret && !rules_is_empty(&config->rules))
        return err_set(err, -EINVAL,
                       "%s: its rules need a Prometheus: --prometheus-url=URL, or a section "
                       "'" SECTION "' in the file",
                       config_file);
    return 0;
}

void connection_help(FILE *out)
{
    (void)fputs("  prometheus:                 that the rules below ask; or --prometheus-url\n"
                "    url: http://prometheus:9090\n"
                "    timeout: 10s              the other fields are those of a source\n",
                out);
}
