// SPDX-License-Identifier: MIT
#define PCRE2_CODE_UNIT_WIDTH 8

#include "adapter/rules/pattern.h"

#include "base/err.h"
#include "base/scoped.h"

#include <ctype.h>
#include <errno.h>
#include <pcre2.h>
#include <stdio.h>
#include <string.h>

/* Names of metrics are short: what needs more steps on them is a trap. */
#define STEPS_MAX 100000
#define HEAP_MAX_KIB 1024

struct pattern {
    pcre2_code *code;
    pcre2_match_context *limits;
    unsigned groups;
};

struct match {
    pcre2_match_data *data;
    const char *text;
};

static void match_done(struct match *m)
{
    pcre2_match_data_free(m->data);
}

void pattern_free(struct pattern *p)
{
    if (!p)
        return;
    pcre2_code_free(p->code);
    pcre2_match_context_free(p->limits);
    free(p);
}

static int refuse(const char *text, int code, size_t offset, struct err *err)
{
    PCRE2_UCHAR reason[128] = "";

    (void)pcre2_get_error_message(code, reason, sizeof(reason));
    return err_set(err, -EINVAL, "'%.200s' is no regular expression: %s at character %zu", text,
                   (const char *)reason, offset + 1);
}

int pattern_new(const char *text, struct pattern **ret, struct err *err)
{
    int code = 0;
    PCRE2_SIZE offset = 0;

    if (strlen(text) > PATTERN_MAX_BYTES)
        return err_set(err, -EINVAL, "the regular expression is longer than %d bytes",
                       PATTERN_MAX_BYTES);

    struct pattern *p = calloc(1, sizeof(*p));
    if (!p)
        return err_set(err, -ENOMEM, "out of memory");
    p->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
                            PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C, &code,
                            &offset, NULL);
    if (!p->code) {
        pattern_free(p);
        return refuse(text, code, offset, err);
    }
    p->limits = pcre2_match_context_create(NULL);
    if (!p->limits) {
        pattern_free(p);
        return err_set(err, -ENOMEM, "out of memory");
    }
    (void)pcre2_set_match_limit(p->limits, STEPS_MAX);
    (void)pcre2_set_heap_limit(p->limits, HEAP_MAX_KIB);
    (void)pcre2_pattern_info(p->code, PCRE2_INFO_CAPTURECOUNT, &p->groups);
    *ret = p;
    return 0;
}

unsigned pattern_groups(const struct pattern *p)
{
    return p->groups;
}

static int find(const struct pattern *p, const char *text, struct match *ret)
{
    ret->text = text;
    ret->data = pcre2_match_data_create_from_pattern(p->code, NULL);
    if (!ret->data)
        return -ENOMEM;
    int r = pcre2_match(p->code, (PCRE2_SPTR)text, strlen(text), 0, 0, ret->data, p->limits);
    if (r >= 0)
        return 1;
    /* A text that is not UTF-8 has no match: whoever gives such names is not asked about them. */
    return r == PCRE2_ERROR_MATCHLIMIT || r == PCRE2_ERROR_HEAPLIMIT ? -ELOOP : 0;
}

int pattern_matches(const struct pattern *p, const char *text)
{
    scoped(match_done) struct match m = {0};

    return find(p, text, &m);
}

struct reference { /* a $name, ${name} or $1 in a form */
    char name[64];
    int number; /* -1: by name */
};

static int number_of(const char *name)
{
    int number = 0;

    if (name[0] == '0' && name[1])
        return -1;
    for (const char *c = name; *c; c++) {
        if (!isdigit((unsigned char)*c) || number > 1000)
            return -1;
        number = number * 10 + (*c - '0');
    }
    return number;
}

/* Reads the reference behind a dollar sign at *rest and moves *rest behind it. False when there is
 * none: the dollar sign is then meant as such. */
static bool take_reference(const char **rest, struct reference *ret)
{
    const char *name = *rest + (**rest == '{');
    size_t len = 0;

    while (isalnum((unsigned char)name[len]) || name[len] == '_')
        len++;
    if (len == 0 || len >= sizeof(ret->name) || (**rest == '{' && name[len] != '}'))
        return false;
    memcpy(ret->name, name, len);
    ret->name[len] = '\0';
    ret->number = number_of(ret->name);
    *rest = name + len + (**rest == '{');
    return true;
}

/* The group's number, or -1. Of several with one name (which PCRE2 refuses) there is no choice. */
static int group_number(const struct pattern *p, const struct reference *ref)
{
    int number = ref->number >= 0
                     ? ref->number
                     : pcre2_substring_number_from_name(p->code, (PCRE2_SPTR)ref->name);

    return number >= 0 && (unsigned)number <= p->groups ? number : -1;
}

static int put_group(const struct pattern *p, const struct match *m, const struct reference *ref,
                     struct buf *ret)
{
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(m->data);
    int number = group_number(p, ref);

    if (number < 0 || at[2 * number] == PCRE2_UNSET)
        return 0;
    return buf_append(ret, m->text + at[2 * number], at[2 * number + 1] - at[2 * number]);
}

int pattern_expand(const struct pattern *p, const char *text, const char *form, struct buf *ret)
{
    scoped(match_done) struct match m = {0};
    struct reference ref;
    int r = find(p, text, &m);

    if (r <= 0)
        return r == 0 ? -ENOENT : r;
    for (r = 0; r == 0 && *form;) {
        size_t plain = strcspn(form, "$");
        r = buf_append(ret, form, plain);
        form += plain;
        if (r < 0 || !*form)
            break;
        form++;
        if (*form != '$' && take_reference(&form, &ref)) {
            r = put_group(p, &m, &ref, ret);
        } else {
            r = buf_puts(ret, "$");
            form += *form == '$';
        }
    }
    return r;
}

bool pattern_unknown_group(const struct pattern *p, const char *form, char *name, size_t size)
{
    struct reference ref;

    while ((form = strchr(form, '$'))) {
        form++;
        if (*form == '$') {
            form++;
        } else if (take_reference(&form, &ref) && group_number(p, &ref) < 0) {
            (void)snprintf(name, size, "%s", ref.name);
            return true;
        }
    }
    return false;
}
