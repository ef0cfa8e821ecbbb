// SPDX-License-Identifier: MIT
#include "adapter/config_fields.h"

#include "base/clock.h"
#include "base/scoped.h"

#include <string.h>

#define NAME_MAX_BYTES 253
#define DNS_LABEL_MAX_BYTES 63
#define INTERVAL_DEFAULT_NS (5 * NS_PER_S)
#define INTERVAL_MAX_NS (3600 * NS_PER_S)
#define MAX_AGE_DEFAULT_NS (60 * NS_PER_S)
#define MAX_AGE_MIN_NS (100 * NS_PER_MS)
#define MAX_AGE_MAX_NS (86400 * NS_PER_S)

#define LOWER_AND_DIGITS "abcdefghijklmnopqrstuvwxyz0123456789"

/* The HPA's client puts the name into the path in lower case, so another case is never asked for.
 * The words are parts of Kubernetes' own paths and would be authorised as something else. */
static int check_name(const struct strict *s, const char *path, const char *name)
{
    static const char *const taken[] = {"status", "finalize", "watch", "proxy"};
    char at[STRICT_PATH_MAX];

    strict_path(at, path, "name");
    if (!strchr(LOWER_AND_DIGITS, name[0]) || name[strspn(name, LOWER_AND_DIGITS "._:-")])
        return strict_refuse(s, at,
                             "%s takes lower-case letters, digits and . _ : - after a letter or "
                             "digit, not '%.100s'",
                             at, name);
    for (size_t i = 0; i < ARRAY_LEN(taken); i++)
        if (strcmp(taken[i], name) == 0)
            return strict_refuse(s, at, "%s cannot be '%s': the word is part of Kubernetes' paths",
                                 at, name);
    return 0;
}

static bool is_dns_label(const char *text)
{
    size_t len = strlen(text);

    return len == strspn(text, LOWER_AND_DIGITS "-") && text[0] != '-' && text[len - 1] != '-';
}

int config_read_name(const struct strict *s, const json_t *entry, const char *path,
                     const char **ret)
{
    int r = strict_text(s, entry, path, "name", NAME_MAX_BYTES, ret);

    return r == 0 ? check_name(s, path, *ret) : r;
}

int config_read_dns_label(const struct strict *s, const json_t *entry, const char *path,
                          const char *member, const char **ret)
{
    char at[STRICT_PATH_MAX];
    int r = strict_text(s, entry, path, member, DNS_LABEL_MAX_BYTES, ret);

    if (r < 0 || !*ret || is_dns_label(*ret))
        return r;
    return strict_refuse(s, strict_path(at, path, member),
                         "%s takes lower-case letters, digits and -, not '%s'", at, *ret);
}

int config_read_namespace(const struct strict *s, const json_t *entry, const char *path,
                          const char **ret)
{
    return config_read_dns_label(s, entry, path, "namespace", ret);
}

int config_read_times(const struct strict *s, const json_t *entry, const char *path,
                      struct query_spec *query, uint64_t *ret_max_age_ns)
{
    char at[STRICT_PATH_MAX], age[CLOCK_TEXT_MAX], least[CLOCK_TEXT_MAX];

    query->interval_ns = INTERVAL_DEFAULT_NS;
    *ret_max_age_ns = MAX_AGE_DEFAULT_NS;
    int r = strict_duration(s, entry, path, "interval", QUERY_INTERVAL_MIN_NS, INTERVAL_MAX_NS,
                            &query->interval_ns);
    if (r == 0)
        r = strict_duration(s, entry, path, "maxAge", MAX_AGE_MIN_NS, MAX_AGE_MAX_NS,
                            ret_max_age_ns);
    if (r < 0)
        return r;

    uint64_t least_ns = query->interval_ns + query->source->timeout_ns;
    strict_path(at, path, "maxAge");
    if (*ret_max_age_ns < least_ns)
        return strict_refuse(s, at,
                             "%s is %s but one interval and one timeout are %s: a healthy source "
                             "would expire",
                             at, clock_duration(*ret_max_age_ns, age),
                             clock_duration(least_ns, least));
    return 0;
}
