// SPDX-License-Identifier: MIT
#include "kube/yaml_scalar.h"

#include "base/scoped.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum kind { KIND_TEXT, KIND_NULL, KIND_TRUE, KIND_FALSE, KIND_INT, KIND_REAL, KIND_NO_JSON };

struct scalar {
    enum kind kind;
    json_int_t integer;
    double real;
};

static enum kind word_kind(const char *text)
{
    static const struct {
        enum kind kind;
        const char *words[10];
    } rows[] = {
        {KIND_NULL, {"", "~", "null", "Null", "NULL"}},
        {KIND_TRUE, {"true", "True", "TRUE", "yes", "Yes", "YES", "y", "Y"}},
        {KIND_TRUE, {"on", "On", "ON"}},
        {KIND_FALSE, {"false", "False", "FALSE", "no", "No", "NO", "n", "N"}},
        {KIND_FALSE, {"off", "Off", "OFF"}},
        {KIND_NO_JSON, {".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF"}},
        {KIND_NO_JSON, {"+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF"}},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (const char *const *word = rows[i].words; *word; word++)
            if (strcmp(text, *word) == 0)
                return rows[i].kind;
    return KIND_TEXT;
}

/* 0x1F, 0b101, 0o17, 017; *text moves behind the prefix. */
static unsigned take_base(const char **text)
{
    const char *c = *text;

    if (c[0] != '0' || c[1] == '\0')
        return 10;

    char letter = c[1] | 0x20;
    unsigned base = letter == 'x' ? 16 : letter == 'b' ? 2 : 8;
    *text += letter == 'x' || letter == 'b' || letter == 'o' ? 2 : 1;
    return base;
}

static unsigned digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 99;
}

static bool read_integer(const char *text, json_int_t *ret)
{
    bool negative = *text == '-';
    uint64_t value = 0;

    text += *text == '-' || *text == '+';
    unsigned base = take_base(&text);
    if (!*text)
        return false;
    for (; *text; text++)
        if (digit_of(*text) >= base || __builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, digit_of(*text), &value))
            return false;
    if (value > (uint64_t)INT64_MAX + negative)
        return false;

    *ret = (json_int_t)(negative ? 0 - value : value);
    return true;
}

/* [-+]? ( .5 | 5 | 5. | 5.5 ) ( e-3 )? */
static bool is_decimal(const char *text)
{
    text += *text == '-' || *text == '+';
    size_t whole = strspn(text, "0123456789"), fraction = 0;
    text += whole;
    if (*text == '.') {
        fraction = strspn(text + 1, "0123456789");
        text += 1 + fraction;
    }
    if (whole + fraction == 0)
        return false;
    if ((*text | 0x20) == 'e') {
        text++;
        text += *text == '-' || *text == '+';
        size_t exponent = strspn(text, "0123456789");
        if (exponent == 0)
            return false;
        text += exponent;
    }
    return *text == '\0';
}

/* Text without '_' is a number or not. */
static void read_number(const char *text, struct scalar *s)
{
    if (read_integer(text, &s->integer)) {
        s->kind = KIND_INT;
        return;
    }
    if (!is_decimal(text))
        return;

    double value = strtod(text, NULL);
    if (!isfinite(value)) /* 1e999 stays text */
        return;
    s->kind = KIND_REAL;
    s->real = value;
    if (value == trunc(value) && fabs(value) < 0x1p63) {
        s->kind = KIND_INT;
        s->integer = (json_int_t)value;
    }
}

static int resolve(const char *text, struct scalar *s)
{
    s->kind = word_kind(text);
    if (s->kind != KIND_TEXT || !*text || !strchr("0123456789+-.", *text))
        return 0;

    scoped(free_at) char *digits = strdup(text);
    char *to = digits;
    if (!digits)
        return -ENOMEM;
    for (const char *from = text; *from; from++)
        if (*from != '_' || *text == '.')
            *to++ = *from;
    *to = '\0';
    read_number(digits, s);
    return 0;
}

static json_t *value_of(const struct scalar *s, const char *text)
{
    switch (s->kind) {
    case KIND_NULL:
        return json_null();
    case KIND_TRUE:
    case KIND_FALSE:
        return json_boolean(s->kind == KIND_TRUE);
    case KIND_INT:
        return json_integer(s->integer);
    case KIND_REAL:
        return json_real(s->real);
    case KIND_TEXT:
    case KIND_NO_JSON:
        break;
    }
    return json_string(text);
}

/* The core tags, behind their common prefix; "str" is settled before. */
static int check_tag(const char *tag, enum kind kind)
{
    if (strcmp(tag, "null") == 0)
        return kind == KIND_NULL ? 0 : -EINVAL;
    if (strcmp(tag, "bool") == 0)
        return kind == KIND_TRUE || kind == KIND_FALSE ? 0 : -EINVAL;
    if (strcmp(tag, "int") == 0)
        return kind == KIND_INT ? 0 : -EINVAL;
    if (strcmp(tag, "float") == 0)
        return kind == KIND_INT || kind == KIND_REAL || kind == KIND_NO_JSON ? 0 : -EINVAL;
    return -ENOTSUP;
}

int yaml_scalar(const char *text, const char *tag, bool plain, json_t **ret)
{
    static const char prefix[] = "tag:yaml.org,2002:";
    struct scalar s = {.kind = KIND_TEXT};
    const char *core = NULL;
    int r = 0;

    if (tag && strcmp(tag, "!") == 0)
        core = "str";
    else if (tag && strncmp(tag, prefix, sizeof(prefix) - 1) != 0)
        return -ENOTSUP;
    else if (tag)
        core = tag + sizeof(prefix) - 1;

    if (core ? strcmp(core, "str") != 0 : plain)
        r = resolve(text, &s);
    if (r == 0 && core && strcmp(core, "str") != 0)
        r = check_tag(core, s.kind);
    if (r < 0)
        return r;
    if (s.kind == KIND_NO_JSON)
        return -ERANGE;

    *ret = value_of(&s, text);
    return *ret ? 0 : -ENOMEM;
}
