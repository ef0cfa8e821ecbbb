// SPDX-License-Identifier: MIT
#include "lab/hpa/spec_parts.h"

#include "base/parse.h"
#include "base/scoped.h"
#include "kube/quantity.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_MAX_S 3600
#define PERIOD_MAX_S 1800

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

static int parse_select(const struct place *at, enum hpa_select *ret)
{
    static const char *const words[] = {
        [HPA_SELECT_MAX] = "Max", [HPA_SELECT_MIN] = "Min", [HPA_SELECT_DISABLED] = "Disabled"};
    const char *text;
    int r;

    *ret = HPA_SELECT_MAX;
    if (!spec_get(at, "selectPolicy"))
        return 0;
    r = spec_text(at, "selectPolicy", &text);
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(words); i++)
        if (strcmp(text, words[i]) == 0) {
            *ret = (enum hpa_select)i;
            return 0;
        }
    return r < 0 ? r
                 : spec_bad(at, "selectPolicy", -EINVAL, "must be Max, Min or Disabled, is '%.80s'",
                            text);
}

static int parse_policy(const struct place *at, struct hpa_policy *ret)
{
    /* absent is 0 here, and refused as such */
    const struct range value = {.min = 1, .max = INT32_MAX};
    const struct range period = {.min = 1, .max = PERIOD_MAX_S};
    const char *type;
    int r = spec_text(at, "type", &type);

    if (r < 0)
        return r;
    ret->type = strcmp(type, "Percent") == 0 ? HPA_POLICY_PERCENT : HPA_POLICY_PODS;
    if (ret->type == HPA_POLICY_PODS && strcmp(type, "Pods") != 0)
        return spec_bad(at, "type", -EINVAL, "must be Pods or Percent, is '%.80s'", type);
    r = spec_int(at, "value", value, &ret->value);
    if (r == 0)
        r = spec_int(at, "periodSeconds", period, &ret->period_s);
    if (r == 0 && ret->value == 0)
        r = spec_bad(at, "value", -EINVAL, "is required");
    if (r == 0 && ret->period_s == 0)
        r = spec_bad(at, "periodSeconds", -EINVAL, "is required");
    return r;
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

/* A list that is given replaces the default one whole; only an empty one is refused. */
static int parse_policies(const struct place *at, struct hpa_rules *ret)
{
    struct place policy;
    size_t count;
    int r = spec_list(at, "policies", &count);

    if (r < 0)
        return r;
    if (count == 0)
        return spec_bad(at, "policies", -EINVAL, "must have at least one policy");
    ret->policies = calloc(count, sizeof(*ret->policies));
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

/* JSON text of a number or string, without quotes. */
static int quantity_text(const json_t *value, char *text, size_t size)
{
    if (json_is_string(value))
        return snprintf(text, size, "%s", json_string_value(value)) < (int)size ? 0 : -EINVAL;
    if (json_is_integer(value)) {
        (void)snprintf(text, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return 0;
    }
    if (!json_is_real(value))
        return -EINVAL;

    for (int precision = 15; precision <= 17; precision++) {
        (void)snprintf(text, size, "%.*g", precision, json_real_value(value));
        if (strtod(text, NULL) == json_real_value(value))
            break;
    }
    return 0;
}

/* Power of ten of a suffix or exponent; false for binary suffixes and absurd exponents. */
static bool decimal_exponent(const char *suffix, int *ret)
{
    static const char letters[] = "numkMGTPE";
    static const int powers[] = {-9, -6, -3, 3, 6, 9, 12, 15, 18};
    const char *letter = *suffix ? strchr(letters, *suffix) : NULL;

    *ret = 0;
    if (!*suffix)
        return true;
    if (letter && !suffix[1]) {
        *ret = powers[letter - letters];
        return true;
    }
    if (*suffix != 'e' && *suffix != 'E')
        return false;
    int64_t power;
    if (parse_i64(suffix + 1, -300, 300, &power) < 0)
        return false;
    *ret = (int)power;
    return true;
}

/* Powers of ten as Go's math.Pow10 has them: negative ones are nearest doubles too. */
static double power_of_ten(int exponent)
{
    char text[16];

    (void)snprintf(text, sizeof(text), "1e%d", exponent);
    return strtod(text, NULL);
}

int spec_quantity_double(const json_t *value, double *ret)
{
    char text[64], digits[64];
    size_t n = 0;
    int64_t milli;
    int exponent, fraction = 0;

    if (quantity_from_json(value, &milli) < 0 || quantity_text(value, text, sizeof(text)) < 0)
        return -EINVAL;

    const char *c = text + (*text == '+' || *text == '-');
    for (bool point = false; (*c >= '0' && *c <= '9') || *c == '.'; c++) {
        if (*c == '.') {
            point = true;
        } else {
            digits[n++] = *c;
            fraction += point;
        }
    }
    digits[n] = '\0';
    if (!decimal_exponent(c, &exponent)) { /* nobody writes those here */
        *ret = (double)milli / 1000;
        return 0;
    }
    exponent -= fraction;
    double mantissa = strtod(digits, NULL);
    *ret = (*text == '-' ? -1 : 1) * (exponent ? mantissa * power_of_ten(exponent) : mantissa);
    return 0;
}

static int parse_tolerance(const struct place *at, double *ret)
{
    const json_t *value = spec_get(at, "tolerance");

    *ret = NAN;
    if (!value)
        return 0;
    if (spec_quantity_double(value, ret) < 0)
        return spec_bad(at, "tolerance", -EINVAL, "must be a quantity such as 0.05");
    if (*ret < 0)
        return spec_bad(at, "tolerance", -EINVAL, "must not be negative");
    return 0;
}

static int parse_rules(const struct place *at, const struct hpa_policy *policies,
                       size_t policy_count, struct hpa_rules *ret)
{
    const struct range window = {.min = 0, .max = WINDOW_MAX_S};
    int r = spec_int(at, "stabilizationWindowSeconds", window, &ret->window_s);

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
