// SPDX-License-Identifier: MIT
#include "adapter/config_pass_through.h"

#include "base/clock.h"
#include "base/err.h"

#include <string.h>

#define SECTION "passThrough"
#define TIMEOUT "5s"
#define TIMEOUT_MAX_NS (30 * NS_PER_S) /* API servers give up after a minute */
#define INTERVAL_DEFAULT_NS (60 * NS_PER_S)
#define INTERVAL_MIN_NS NS_PER_S
#define INTERVAL_MAX_NS (3600 * NS_PER_S)
#define MAX_AGE_DEFAULT_NS (600 * NS_PER_S)
#define MAX_AGE_MAX_NS (86400 * NS_PER_S)

const char *const pass_group_names[PASS_GROUPS] = {"external", "custom"};

/* An origin alone, so that nothing but what was asked for stands in the request. */
static int check_url(const struct strict *s, const char *path, const char *url)
{
    char at[STRICT_PATH_MAX];

    if (strncmp(url, "https://", 8) == 0 && !url[8 + strcspn(url + 8, "/?#@")])
        return 0;
    return strict_refuse(s, strict_path(at, path, "url"),
                         "%s takes https://HOST or https://HOST:PORT and no more", at);
}

static int check_credentials(const struct strict *s, const json_t *mapping, const char *path)
{
    const json_t *tls = json_object_get(mapping, "tls");
    bool has_token = json_object_get(mapping, "bearerToken") != NULL;

    if (!has_token && !json_object_get(tls, "certFile"))
        return strict_refuse(s, path,
                             "%s needs bearerToken, or tls.certFile and keyFile: the other adapter "
                             "wants to know who asks",
                             path);
    if (has_token && json_is_true(json_object_get(tls, "insecureSkipVerify")))
        return strict_refuse(s, path,
                             "%s.bearerToken would go to whoever answers there: give tls.caFile "
                             "instead of insecureSkipVerify, or a client certificate",
                             path);
    return 0;
}

static int check_times(const struct strict *s, const char *path, const struct pass_through *p)
{
    char at[STRICT_PATH_MAX];

    if (endpoint_timeout_ns(p->other) > TIMEOUT_MAX_NS)
        return strict_refuse(s, strict_path(at, path, "timeout"), "%s takes at most 30s", at);
    if (p->max_age_ns < p->interval_ns + endpoint_timeout_ns(p->other))
        return strict_refuse(s, strict_path(at, path, "discoveryMaxAge"),
                             "%s is less than discoveryInterval and timeout together: a good list "
                             "would expire",
                             at);
    return 0;
}

static int read_one(const struct strict *s, const json_t *mapping, const char *path,
                    struct pass_through *ret)
{
    static const struct strict_member members[] = {{"url", true},
                                                   {"bearerToken", false},
                                                   {"tls", false},
                                                   {"timeout", false},
                                                   {"discoveryInterval", false},
                                                   {"discoveryMaxAge", false},
                                                   {0}};
    int r = strict_mapping(s, mapping, path, members);

    ret->interval_ns = INTERVAL_DEFAULT_NS;
    ret->max_age_ns = MAX_AGE_DEFAULT_NS;
    if (r == 0)
        r = strict_duration(s, mapping, path, "discoveryInterval", INTERVAL_MIN_NS, INTERVAL_MAX_NS,
                            &ret->interval_ns);
    if (r == 0)
        r = strict_duration(s, mapping, path, "discoveryMaxAge", INTERVAL_MIN_NS, MAX_AGE_MAX_NS,
                            &ret->max_age_ns);
    if (r == 0)
        r = endpoint_read_slow_config(s, mapping, path, TIMEOUT, &ret->other);
    if (r == 0)
        r = check_url(s, path, json_string_value(json_object_get(mapping, "url")));
    if (r == 0)
        r = check_credentials(s, mapping, path);
    return r == 0 ? check_times(s, path, ret) : r;
}

int pass_throughs_read(const struct strict *s, const json_t *document, struct pass_throughs *ret)
{
    static const struct strict_member members[] = {{"external", false}, {"custom", false}, {0}};
    const json_t *section = json_object_get(document, SECTION);
    char path[STRICT_PATH_MAX];

    if (!section)
        return 0;
    int r = strict_mapping(s, section, SECTION, members);
    if (r == 0 && json_object_size(section) == 0)
        return strict_refuse(s, SECTION, SECTION " takes external, custom or both");
    for (size_t i = 0; r == 0 && i < PASS_GROUPS; i++) {
        const json_t *mapping = json_object_get(section, pass_group_names[i]);
        if (mapping)
            r = read_one(s, mapping, strict_path(path, SECTION, pass_group_names[i]), &ret->of[i]);
    }
    return r;
}

void pass_throughs_done(struct pass_throughs *p)
{
    for (size_t i = 0; i < PASS_GROUPS; i++)
        endpoint_unref(p->of[i].other);
    *p = (struct pass_throughs){0};
}

bool pass_throughs_any(const struct pass_throughs *p)
{
    return p->of[PASS_EXTERNAL].other || p->of[PASS_CUSTOM].other;
}

void pass_throughs_print(const struct pass_throughs *p, FILE *out)
{
    char timeout[CLOCK_TEXT_MAX], interval[CLOCK_TEXT_MAX];

    for (size_t i = 0; i < PASS_GROUPS; i++)
        if (p->of[i].other)
            (void)fprintf(out,
                          "%s metrics that are none of these: asked of %s within %s; its list "
                          "every %s\n",
                          pass_group_names[i], endpoint_shown_as(p->of[i].other),
                          clock_duration(endpoint_timeout_ns(p->of[i].other), timeout),
                          clock_duration(p->of[i].interval_ns, interval));
}

void pass_throughs_help(FILE *out)
{
    (void)fputs("  passThrough:                who is asked for metrics that are none of these\n"
                "    external:                 and custom, the same\n"
                "      url: https://keda-operator-metrics-apiserver.keda.svc\n"
                "      bearerToken: {file: /var/run/secrets/kubernetes.io/serviceaccount/token}\n"
                "                              or a client certificate in tls\n"
                "      tls: {caFile: /etc/keda/ca.crt}\n"
                "      timeout: 5s             10ms to 30s; default 5s\n"
                "      discoveryInterval: 60s  how often its list of metrics is read; 1s to 1h\n"
                "      discoveryMaxAge: 10m    for how long its last list counts; at most 24h\n",
                out);
}
