// SPDX-License-Identifier: MIT
#include "kube/access.h"

#include "base/base64.h"
#include "base/err.h"
#include "base/scoped.h"
#include "kube/yaml.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEM_MAX_BYTES (256 * KIB)
#define FILE_MAX_BYTES MIB

struct source { /* the file that is being read */
    const char *name;
    struct err *err;
};

static int refuse(const struct source *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int refuse(const struct source *s, const char *format, ...)
{
    char sentence[400];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    return err_set(s->err, -EINVAL, "%.100s: %s", s->name, sentence);
}

static const char *text_of(const json_t *mapping, const char *name)
{
    const char *text = json_string_value(json_object_get(mapping, name));

    return text && *text ? text : NULL;
}

/* {clusters: [{name: x, cluster: {...}}]}: the inner mapping, or NULL. Borrowed. */
static const json_t *named(const json_t *doc, const char *list, const char *kind, const char *name)
{
    const json_t *entries = json_object_get(doc, list);

    for (size_t i = 0; name && i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        const char *its_name = text_of(entry, "name");
        if (its_name && strcmp(its_name, name) == 0)
            return json_object_get(entry, kind);
    }
    return NULL;
}

static int copy(char **ret, const char *text)
{
    *ret = strdup(text);
    return *ret ? 0 : -ENOMEM;
}

/* A name relative to the kubeconfig's folder. */
static int resolve(const struct source *s, const char *name, char **ret)
{
    const char *slash = strrchr(s->name, '/');
    int folder_len = slash ? (int)(slash - s->name) + 1 : 0;

    if (name[0] == '/')
        folder_len = 0;
    return asprintf(ret, "%.*s%s", folder_len, s->name, name) < 0 ? -ENOMEM : 0;
}

static int decode(const struct source *s, const char *member, const char *text,
                  struct memfile *file)
{
    scoped(buf_done) struct buf bytes = {.max = PEM_MAX_BYTES};
    int r = base64_decode(&bytes, text, strlen(text));

    if (r == 0)
        r = memfile_init(file, bytes.data ? bytes.data : "", bytes.len, s->err);
    else
        r = refuse(s, "%s is not base64, or too long", member);
    if (bytes.data)
        explicit_bzero(bytes.data, bytes.len);
    return r;
}

/* A file that is given by name, or inline as NAME-data. */
static int read_file_member(const struct source *s, const json_t *mapping, const char *member,
                            struct memfile *file, char **ret)
{
    char data_member[64];

    (void)snprintf(data_member, sizeof(data_member), "%s-data", member);
    const char *data = text_of(mapping, data_member), *name = text_of(mapping, member);
    if (!data)
        return name ? resolve(s, name, ret) : 0;

    int r = decode(s, data_member, data, file);
    return r == 0 ? copy(ret, file->path) : r;
}

static int refuse_members(const struct source *s, const json_t *mapping, const char *const *names,
                          const char *why)
{
    for (; *names; names++) {
        const json_t *value = json_object_get(mapping, *names);
        if (value && !json_is_null(value))
            return refuse(s, "%s %s", *names, why);
    }
    return 0;
}

static int read_server(const struct source *s, const char *server, struct kube_access *a)
{
    if (!server)
        return refuse(s, "the current context's cluster names no server");
    if (strncmp(server, "https://", 8) != 0 && strncmp(server, "http://", 7) != 0)
        return refuse(s, "server is not an address that begins with https:// or http://");
    if (copy(&a->server, server) < 0)
        return -ENOMEM;
    for (size_t len = strlen(server); len && server[len - 1] == '/'; len--)
        a->server[len - 1] = '\0';
    return 0;
}

static int read_cluster(const struct source *s, const json_t *cluster, struct kube_access *a)
{
    static const char *const unsupported[] = {"proxy-url", "tls-server-name", NULL};

    a->insecure_skip_verify = json_is_true(json_object_get(cluster, "insecure-skip-tls-verify"));
    int r = refuse_members(s, cluster, unsupported, "is not supported");
    if (r == 0)
        r = read_server(s, text_of(cluster, "server"), a);
    if (r == 0)
        r = read_file_member(s, cluster, "certificate-authority", &a->ca, &a->ca_file);
    if (r == 0 && a->insecure_skip_verify && a->ca_file)
        r = refuse(s, "insecure-skip-tls-verify and certificate-authority exclude each other");
    return r;
}

static int read_token(const struct source *s, const json_t *user, struct kube_access *a)
{
    const char *token = text_of(user, "token"), *file = text_of(user, "tokenFile");

    if (file)
        return resolve(s, file, &a->token_file);
    return token ? copy(&a->token, token) : 0;
}

static int read_user(const struct source *s, const json_t *user, struct kube_access *a)
{
    static const char *const plugins[] = {"exec", "auth-provider", NULL};
    static const char *const others[] = {"as", "as-uid", "as-groups", "as-user-extra", NULL};
    static const char *const basic[] = {"username", "password", NULL};
    int r = refuse_members(s, user, plugins,
                           "would run a program to log in, which is not supported: use a "
                           "certificate, a token or a tokenFile");

    if (r == 0)
        r = refuse_members(s, user, others, "(impersonation) is not supported");
    if (r == 0)
        r = refuse_members(s, user, basic, "(basic authentication) is not supported");
    if (r == 0)
        r = read_file_member(s, user, "client-certificate", &a->cert, &a->cert_file);
    if (r == 0)
        r = read_file_member(s, user, "client-key", &a->key, &a->key_file);
    if (r == 0)
        r = read_token(s, user, a);
    if (r == 0 && !a->cert_file != !a->key_file)
        r = refuse(s, "client-certificate and client-key need each other");
    return r;
}

static int refuse_plain(const struct source *s, const struct kube_access *a)
{
    bool secret = a->token || a->token_file || a->cert_file;

    if (secret && strncmp(a->server, "https://", 8) != 0)
        return refuse(s, "the server is spoken to in plain HTTP, so no credential may be sent");
    return 0;
}

static int read_document(const struct source *s, const json_t *doc, struct kube_access *a)
{
    const char *name = text_of(doc, "current-context");
    const json_t *context = named(doc, "contexts", "context", name);
    const char *cluster_name = text_of(context, "cluster"), *user_name = text_of(context, "user");
    const json_t *cluster = named(doc, "clusters", "cluster", cluster_name);
    const json_t *user = named(doc, "users", "user", user_name);
    const char *namespace = text_of(context, "namespace");

    if (!name)
        return refuse(s, "there is no current-context");
    if (!context)
        return refuse(s, "there is no context '%.100s', which current-context names", name);
    if (!cluster)
        return refuse(s, "there is no cluster '%.100s', which context '%.100s' names",
                      cluster_name ? cluster_name : "", name);
    if (user_name && !user)
        return refuse(s, "there is no user '%.100s', which context '%.100s' names", user_name,
                      name);

    int r = read_cluster(s, cluster, a);
    if (r == 0)
        r = read_user(s, user, a);
    if (r == 0)
        r = refuse_plain(s, a);
    return r == 0 ? copy(&a->namespace, namespace ? namespace : "default") : r;
}

/* Never half of it. */
static int finish(int r, struct kube_access *a, struct err *err)
{
    if (r == -ENOMEM)
        (void)err_set(err, r, "out of memory");
    if (r < 0)
        kube_access_done(a);
    return r;
}

int kube_access_parse(const char *kubeconfig, const char *text, size_t len, struct kube_access *ret,
                      struct err *err)
{
    const struct source s = {kubeconfig, err};
    struct yaml_file *file = NULL;
    int r = yaml_parse(kubeconfig, text, len, &file, err);

    if (r < 0)
        return r;
    if (yaml_count(file) == 1)
        r = read_document(&s, yaml_document(file, 0), ret);
    else
        r = refuse(&s, "a kubeconfig is one document, not %zu", yaml_count(file));
    yaml_file_free(file);
    return finish(r, ret, err);
}

int kube_access_read(const char *kubeconfig, struct kube_access *ret, struct err *err)
{
    scoped(buf_done) struct buf text = {.max = FILE_MAX_BYTES};
    int r = buf_read_file(&text, kubeconfig, err);

    if (r == 0)
        r = kube_access_parse(kubeconfig, text.data ? text.data : "", text.len, ret, err);
    if (text.data)
        explicit_bzero(text.data, text.len);
    return r;
}

static int read_namespace(const char *folder, struct kube_access *a)
{
    scoped(buf_done) struct buf text = {.max = 253};
    char path[4096];

    (void)snprintf(path, sizeof(path), "%s/namespace", folder);
    bool there = buf_read_file(&text, path, NULL) == 0 && text.len;
    if (there)
        text.data[strcspn(text.data, " \r\n")] = '\0';
    return copy(&a->namespace, there ? text.data : "default");
}

int kube_access_in_cluster(const char *folder, struct kube_access *ret, struct err *err)
{
    const char *host = getenv("KUBERNETES_SERVICE_HOST"), *port = getenv("KUBERNETES_SERVICE_PORT");

    if (!host || !*host || !port || !*port)
        return err_set(err, -ENOENT,
                       "this is no pod (KUBERNETES_SERVICE_HOST is not set), and no kubeconfig is "
                       "given");

    bool ipv6 = strchr(host, ':');
    int r = asprintf(&ret->server, "https://%s%s%s:%s", ipv6 ? "[" : "", host, ipv6 ? "]" : "",
                     port) < 0
                ? -ENOMEM
                : 0;
    if (r == 0)
        r = asprintf(&ret->token_file, "%s/token", folder) < 0 ? -ENOMEM : 0;
    if (r == 0)
        r = asprintf(&ret->ca_file, "%s/ca.crt", folder) < 0 ? -ENOMEM : 0;
    if (r == 0)
        r = read_namespace(folder, ret);
    return finish(r, ret, err);
}

int kube_access_find(const char *kubeconfig, struct kube_access *ret, struct err *err)
{
    if (kubeconfig && *kubeconfig)
        return kube_access_read(kubeconfig, ret, err);
    return kube_access_in_cluster(KUBE_ACCOUNT_FOLDER, ret, err);
}

void kube_access_done(struct kube_access *a)
{
    if (a->token)
        explicit_bzero(a->token, strlen(a->token));
    free(a->server);
    free(a->namespace);
    free(a->ca_file);
    free(a->cert_file);
    free(a->key_file);
    free(a->token);
    free(a->token_file);
    memfile_done(&a->ca);
    memfile_done(&a->cert);
    memfile_done(&a->key);
    *a = (struct kube_access)KUBE_ACCESS_INIT;
}
