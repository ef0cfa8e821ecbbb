// SPDX-License-Identifier: MIT
#include "adapter/rules/connection.h"

#include "adapter/config.h"
#include "adapter/rules/rule_set.h"
#include "base/err.h"
#include "base/memfile.h"
#include "base/scoped.h"
#include "kube/access.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define SECTION "prometheus"
#define TIMEOUT "10s" /* of rules' queries, unless something else is said */

static const char *const verbs[] = {"GET", "POST", NULL};

static const struct opt opts[] = {
    {"prometheus-url", OPT_STRING, offsetof(struct connection_options, url), NULL,
     "The Prometheus that rules ask; instead of the file's section prometheus."},
    {"prometheus-ca-file", OPT_STRING, offsetof(struct connection_options, ca_file), NULL,
     "CA certificates (PEM) that its certificate is verified with; the system's if absent."},
    {"prometheus-token-file", OPT_STRING, offsetof(struct connection_options, token_file), NULL,
     "Bearer token for it; read again at each request."},
    {"prometheus-auth-incluster", OPT_BOOL, offsetof(struct connection_options, auth_in_cluster),
     NULL,
     "Show it the token of the pod's account, and verify its certificate with the account's "
     "authorities."},
    {"prometheus-auth-config", OPT_STRING, offsetof(struct connection_options, auth_config), NULL,
     "The same with what a kubeconfig's current context says, whose server does not count."},
    {"prometheus-client-tls-cert-file", OPT_STRING, offsetof(struct connection_options, cert_file),
     NULL, "Client certificate (PEM) for it."},
    {"prometheus-client-tls-key-file", OPT_STRING, offsetof(struct connection_options, key_file),
     NULL, "The client certificate's private key (PEM)."},
    {"prometheus-header", OPT_LIST, offsetof(struct connection_options, headers), NULL,
     "name=value, a header for it; can be repeated."},
    {"prometheus-verb", OPT_CHOICE, offsetof(struct connection_options, verb), "GET",
     "How it is asked. With POST, what is asked for is a form and not part of the address, where "
     "64 KiB are the limit.",
     .choices = verbs},
    {"metrics-relist-interval", OPT_DURATION, offsetof(struct connection_options, relist_ns), "10m",
     "How often rules look which series there are.", .min = 1, .max = 86400},
    {"metrics-max-age", OPT_DURATION, offsetof(struct connection_options, max_age_ns), "0s",
     "A series without samples for longer is not there; 0 means the relist interval.",
     .max = 86400 * 30},
};
const struct opt_group connection_opts = {opts, ARRAY_LEN(opts)};

static int read_mapping(const struct strict *s, const json_t *mapping, struct endpoint **ret)
{
    static const struct strict_member members[] = {ENDPOINT_MEMBERS, ENDPOINT_METHOD, {0}};
    int r = strict_mapping(s, mapping, SECTION, members);

    /* Longer than a source's, because queries of rules are people's own. */
    return r == 0 ? endpoint_read_slow_config(s, mapping, SECTION, TIMEOUT, ret) : r;
}

int connection_read_config(const struct strict *s, const json_t *document, struct endpoint **ret)
{
    const json_t *section = json_object_get(document, SECTION);

    return section ? read_mapping(s, section, ret) : 0;
}

/* ---- an account's credentials ---- */

struct connection_account {
    struct kube_access access;
    struct memfile token; /* that the kubeconfig holds inline */
};

static int read_account(const struct connection_options *o, struct connection_account *ret,
                        struct err *err)
{
    struct kube_access *a = &ret->access;
    int r = o->auth_in_cluster ? kube_access_in_cluster(KUBE_ACCOUNT_FOLDER, a, err)
                               : kube_access_read(o->auth_config, a, err);

    if (r < 0)
        return err_wrap(err, r, "%s",
                        o->auth_in_cluster ? "--prometheus-auth-incluster"
                                           : "--prometheus-auth-config");
    return a->token ? memfile_init(&ret->token, a->token, strlen(a->token), err) : 0;
}

void connection_options_done(struct connection_options *o)
{
    if (!o->account)
        return;
    kube_access_done(&o->account->access);
    memfile_done(&o->account->token);
    free(o->account);
    o->account = NULL;
}

static int find_account(struct connection_options *o, struct err *err)
{
    if (o->account || (!o->auth_in_cluster && !o->auth_config))
        return 0;
    if (o->auth_in_cluster && o->auth_config)
        return err_set(err, -EINVAL,
                       "--prometheus-auth-incluster and --prometheus-auth-config say two things");
    if (strncmp(o->url, "https://", strlen("https://")) != 0)
        return err_set(err, -EINVAL,
                       "--prometheus-auth-%s goes with an https --prometheus-url: no account's "
                       "token leaves over plain HTTP",
                       o->auth_in_cluster ? "incluster" : "config");
    o->account = calloc(1, sizeof(*o->account));
    if (!o->account)
        return err_set(err, -ENOMEM, "out of memory");
    *o->account = (struct connection_account){KUBE_ACCESS_INIT, {.fd = -1}};
    int r = read_account(o, o->account, err);
    if (r < 0)
        connection_options_done(o);
    return r;
}

/* Flags about one thing win over the account. */
static struct connection_options with_account(const struct connection_options *o)
{
    struct connection_options all = *o;
    const struct kube_access *a = &o->account->access;

    if (!o->ca_file)
        all.ca_file = a->ca_file;
    if (!o->cert_file && !o->key_file) {
        all.cert_file = a->cert_file;
        all.key_file = a->key_file;
    }
    if (!o->token_file)
        all.token_file = a->token_file ? a->token_file : a->token ? o->account->token.path : NULL;
    return all;
}

/* ---- flags: written as the section that they stand for ---- */

static json_t *tls_new(const struct connection_options *o)
{
    bool skip = o->account && !o->ca_file && o->account->access.insecure_skip_verify;

    if (!o->ca_file && !o->cert_file && !o->key_file && !skip)
        return NULL;
    return json_pack("{s:s*, s:s*, s:s*, s:o*}", "caFile", o->ca_file, "certFile", o->cert_file,
                     "keyFile", o->key_file, "insecureSkipVerify", skip ? json_true() : NULL);
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
    json_auto_t *section = json_pack("{s:s, s:s, s:o*, s:o*}", "url", o->url, "method",
                                     verbs[o->verb], "tls", tls_new(o), "headers", headers_new(o));

    if (o->token_file && section &&
        json_object_set_new(section, "bearerToken", json_pack("{s:s}", "file", o->token_file)) < 0)
        return NULL;
    return section ? json_dumps(section, 0) : NULL;
}

/* Nothing that a person wrote is ignored in silence. */
static int refuse_without_url(const struct connection_options *o, struct err *err)
{
    if (!o->ca_file && !o->token_file && !o->cert_file && !o->key_file && !o->auth_in_cluster &&
        !o->auth_config && !o->headers.count && !o->verb)
        return 0;
    return err_set(err, -EINVAL,
                   "--prometheus-... flags go with --prometheus-url; beside a section '" SECTION
                   "' in the file they would say nothing");
}

int connection_from_options(struct connection_options *o, struct endpoint **ret, struct err *err)
{
    scoped(free_at) char *text = NULL;
    struct yaml_file *file = NULL;

    if (!o->url)
        return refuse_without_url(o, err);
    int found = find_account(o, err);
    if (found < 0)
        return found;
    const struct connection_options all = o->account ? with_account(o) : *o;
    text = section_text(&all);
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
                "    timeout: 10s              the other fields are those of a source prometheus\n",
                out);
}
