// SPDX-License-Identifier: MIT
#include "workload/form.h"

#include "base/buf.h"
#include "base/err.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* In place; what is decoded is never longer. */
static int decode(char *text, struct err *err)
{
    char *to = text;

    for (const char *at = text; *at; at++) {
        if (*at != '%') {
            *to++ = *at == '+' ? ' ' : *at;
            continue;
        }
        int high = hex(at[1]), low = high < 0 ? -1 : hex(at[2]);
        if (low < 0)
            return err_set(err, -EINVAL, "invalid URL escape \"%.3s\"", at);
        if (high == 0 && low == 0)
            return err_set(err, -EINVAL, "the form contains a NUL byte");
        *to++ = (char)(high * 16 + low);
        at += 2;
    }
    *to = '\0';
    return 0;
}

static int add_field(struct form *f, char *name, struct err *err)
{
    char *equals = strchr(name, '=');
    char *value = equals ? equals + 1 : name + strlen(name);

    if (f->count == FORM_FIELDS_MAX)
        return err_set(err, -E2BIG, "a form has at most %d fields", FORM_FIELDS_MAX);
    if (equals)
        *equals = '\0';
    int r = decode(name, err);
    if (r == 0 && equals)
        r = decode(value, err);
    if (r == 0)
        f->fields[f->count++] = (struct http_pair){name, equals ? value : ""};
    return r;
}

static int read_fields(struct form *f, struct err *err)
{
    char *rest = NULL;

    for (char *field = strtok_r(f->text, "&", &rest); field; field = strtok_r(NULL, "&", &rest)) {
        int r = add_field(f, field, err);
        if (r < 0)
            return r;
    }
    return 0;
}

int form_parse(const char *body, size_t len, struct form *ret, struct err *err)
{
    struct form f = {0};

    *ret = f;
    if (memchr(body, '\0', len))
        return err_set(err, -EINVAL, "the form contains a NUL byte");
    if (memchr(body, ';', len))
        return err_set(err, -EINVAL, "invalid semicolon separator in query");
    f.text = strndup(body, len);
    if (!f.text)
        return err_set(err, -ENOMEM, "out of memory");

    int r = read_fields(&f, err);
    if (r < 0)
        form_done(&f);
    *ret = f;
    return r;
}

void form_done(struct form *f)
{
    free(f->text);
    *f = (struct form){0};
}

bool form_is_one(const struct http_request *r)
{
    static const char form[] = "application/x-www-form-urlencoded";
    const char *type = http_header(r, "Content-Type");

    return type && strncasecmp(type, form, strlen(form)) == 0 &&
           strchr("; \t", type[strlen(form)]) != NULL;
}

int form_encode(struct buf *out, const char *text)
{
    int r = 0;

    for (const char *c = text; *c && r == 0; c++) {
        if (isalnum((unsigned char)*c) || strchr("-._*", *c))
            r = buf_append(out, c, 1);
        else
            r = buf_printf(out, "%%%02X", (unsigned)(unsigned char)*c);
    }
    return r;
}
