// SPDX-License-Identifier: MIT
#include "lab/hpa/spec_parts.h"

#include "base/scoped.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct hpa_policy up_policies[] = {
    {.type = HPA_POLICY_PODS, .value = 4, .period_s = 15},
    {.type = HPA_POLICY_PERCENT, .value = 100, .period_s = 15},
};
static const struct hpa_policy down_policies[] = {
    {.type = HPA_POLICY_PERCENT, .value = 100, .period_s = 15},
};

void spec_rules_done(struct hpa_rules *rules)
{
    free(rules->policies);
}

/* A word that the controller does not know is Max to it. */
static int parse_select(const struct place *at, enum hpa_select *ret)
{
    const char *text;
    int r = spec_text(at, "selectPolicy", &text);

    if (r < 0)
        return r;
    *ret = strcmp(text, "Min") == 0        ? HPA_SELECT_MIN
           : strcmp(text, "Disabled") == 0 ? HPA_SELECT_DISABLED
                                           : HPA_SELECT_MAX;
    return 0;
}

static int parse_policy(const struct place *at, struct hpa_policy *ret)
{
    const char *type;
    int r = spec_text(at, "type", &type);

    if (r < 0)
        return r;
    ret->type = strcmp(type, "Pods") == 0      ? HPA_POLICY_PODS
                : strcmp(type, "Percent") == 0 ? HPA_POLICY_PERCENT
                                               : HPA_POLICY_UNKNOWN;
    r = spec_int(at, "value", &ret->value);
    return r < 0 ? r : spec_int(at, "periodSeconds", &ret->period_s);
}

static int default_policies(const struct place *at, const struct hpa_policy *policies, size_t count,
                            struct hpa_rules *ret)
{
    ret->policies = calloc(count, sizeof(*policies));
    if (!ret->policies)
        return spec_no_memory(at);
    memcpy(ret->policies, policies, count * sizeof(*policies));
    ret->policy_count = count;
    return 0;
}

/* A list that is given replaces the default one whole. */
static int parse_policies(const struct place *at, struct hpa_rules *ret)
{
    struct place policy;
    size_t count;
    int r = spec_list(at, "policies", &count);

    if (r < 0)
        return r;
    ret->policies = calloc(count + 1, sizeof(*ret->policies));
    if (!ret->policies)
        return spec_no_memory(at);
    ret->policy_count = count;

    for (size_t i = 0; r == 0 && i < count; i++) {
        r = spec_element(at, "policies", i, &policy);
        if (r == 0)
            r = parse_policy(&policy, &ret->policies[i]);
    }
    return r;
}

static int parse_tolerance(const struct place *at, double *ret)
{
    struct amount a = {0};
    int r = spec_amount(at, "tolerance", &a);

    *ret = spec_get(at, "tolerance") ? amount_double(&a) : NAN;
    return r;
}

static int parse_rules(const struct place *at, const struct hpa_policy *policies,
                       size_t policy_count, struct hpa_rules *ret)
{
    int r = spec_int(at, "stabilizationWindowSeconds", &ret->window_s);

    if (r == 0)
        r = parse_select(at, &ret->select);
    if (r == 0)
        r = parse_tolerance(at, &ret->tolerance);
    if (r == 0)
        r = spec_get(at, "policies") ? parse_policies(at, ret)
                                     : default_policies(at, policies, policy_count, ret);
    return r;
}

int spec_behavior_parse(const struct place *at, struct hpa_rules *ret_up,
                        struct hpa_rules *ret_down)
{
    struct place up, down;
    int r = spec_enter(at, "scaleUp", &up);

    if (r == 0)
        r = spec_enter(at, "scaleDown", &down);
    if (r == 0)
        r = parse_rules(&up, up_policies, ARRAY_LEN(up_policies), ret_up);
    if (r == 0)
        r = parse_rules(&down, down_policies, ARRAY_LEN(down_policies), ret_down);
    ret_down->default_window = !spec_get(&down, "stabilizationWindowSeconds");
    return r;
}
