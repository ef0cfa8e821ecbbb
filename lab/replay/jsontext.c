// SPDX-License-Identifier: MIT
#include "lab/replay/jsontext.h"

#include "base/err.h"

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 10000 /* as in Go */

static bool is_space(char c)
{
    return (unsigned char)c <= ' ' && (c == ' ' || c == '\t' || c == '\r' || c == '\n');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Goes to the next byte that is no white space, and returns it; NUL at the end. */
static char next(struct json_walk *w)
{
    const char *at = w->at, *end = w->end; /* which the loop need not store */

    while (at < end && is_space(*at))
        at++;
    w->at = at;
    return at < end ? *at : '\0';
}

static bool take(struct json_walk *w, char c)
{
    if (w->at == w->end || *w->at != c)
        return false;
    w->at++;
    return true;
}

/* --- Errors --- */

/* As Go shows a byte; those beyond ASCII it takes for Latin-1. */
static const char *quoted(unsigned char c, char text[16])
{
    static const char named[] = "\aa\bb\ff\nn\rr\tt\vv\\\\''";

    for (const char *n = named; *n; n += 2)
        if ((unsigned char)*n == c) {
            (void)snprintf(text, 16, "'\\%c'", n[1]);
            return text;
        }
    if (c < 0x20 || c == 0x7f)
        (void)snprintf(text, 16, "'\\x%02x'", c);
    else if (c < 0x80)
        (void)snprintf(text, 16, "'%c'", c);
    else if (c <= 0xa0 || c == 0xad)
        (void)snprintf(text, 16, "'\\u%04x'", c);
    else
        (void)snprintf(text, 16, "'%c%c'", 0xc0 | c >> 6, 0x80 | (c & 0x3f));
    return text;
}

static int unexpected(struct json_walk *w, const char *where)
{
    char text[16];

    w->result = err_set(w->err, -EINVAL, "invalid character %s %s",
                        quoted(w->at < w->end ? (unsigned char)*w->at : ' ', text), where);
    return w->result;
}

/* Where white space may stand, the end of the text is an error of its own; elsewhere Go takes it
 * for a blank. */
static int unexpected_here(struct json_walk *w, const char *where)
{
    if (w->at < w->end)
        return unexpected(w, where);
    w->result = err_set(w->err, -EINVAL, "unexpected end of JSON input");
    return w->result;
}

/* --- Values --- */

static int scan_escape(struct json_walk *w)
{
    if (w->at == w->end || !strchr("bfnrt\\/\"u", *w->at) || !*w->at)
        return unexpected(w, "in string escape code");
    if (*w->at++ != 'u')
        return 0;
    for (int i = 0; i < 4; i++, w->at++)
        if (w->at == w->end || !*w->at || !strchr("0123456789abcdefABCDEF", *w->at))
            return unexpected(w, "in \\u hexadecimal character escape");
    return 0;
}

/* Most of the time that a scenario takes to read is spent here, so this looks at eight bytes at
 * once: subtracting from each sets the high bit of the lowest that is too small, and of none below
 * it. */
const char *json_text_skip_plain(const char *at, const char *end)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t eight;

    while (end - at >= 8) {
        memcpy(&eight, at, 8);
        eight = le64toh(eight);
        const uint64_t control = eight - each * 0x20, quote = (eight ^ each * '"') - each,
                       backslash = (eight ^ each * '\\') - each;
        const uint64_t found = (control | quote | backslash) & ~eight & each * 0x80;
        if (found)
            return at + __builtin_ctzll(found) / 8;
        at += 8;
    }
    while (at < end && *at != '"' && *at != '\\' && (unsigned char)*at >= 0x20)
        at++;
    return at;
}

static int scan_string(struct json_walk *w) /* behind its first quote */
{
    int r = 0;

    while (r == 0) {
        w->at = json_text_skip_plain(w->at, w->end);
        if (take(w, '"'))
            return 0;
        if (!take(w, '\\'))
            return unexpected_here(w, "in string literal");
        r = scan_escape(w);
    }
    return r;
}

static int scan_digits(struct json_walk *w, const char *where)
{
    if (w->at == w->end || !is_digit(*w->at))
        return unexpected(w, where);
    while (w->at < w->end && is_digit(*w->at))
        w->at++;
    return 0;
}

static int scan_number(struct json_walk *w)
{
    int r = 0;

    (void)take(w, '-');
    if (!take(w, '0'))
        r = scan_digits(w, "in numeric literal");
    if (r == 0 && take(w, '.'))
        r = scan_digits(w, "after decimal point in numeric literal");
    if (r == 0 && (take(w, 'e') || take(w, 'E'))) {
        if (!take(w, '+'))
            (void)take(w, '-');
        r = scan_digits(w, "in exponent of numeric literal");
    }
    return r;
}

static int scan_literal(struct json_walk *w, const char *literal)
{
    for (const char *c = literal; *c; c++)
        if (!take(w, *c)) {
            char where[48];
            (void)snprintf(where, sizeof(where), "in literal %s (expecting '%c')", literal, *c);
            return unexpected(w, where);
        }
    return 0;
}

static void scan_value(struct json_walk *w)
{
    struct json_text key;

    switch (json_walk_type(w)) {
    case '{':
        (void)json_walk_object(w);
        while (json_walk_member(w, &key))
            scan_value(w);
        break;
    case '[':
        (void)json_walk_list(w);
        while (json_walk_element(w))
            scan_value(w);
        break;
    case '"':
        w->at++;
        (void)scan_string(w);
        break;
    case '0':
        (void)scan_number(w);
        break;
    case 't':
        (void)scan_literal(w, *w->at == 't' ? "true" : "false");
        break;
    case 'n':
        (void)scan_literal(w, "null");
        break;
    default:
        (void)unexpected_here(w, "looking for beginning of value");
    }
}

/* --- Walking --- */

struct json_walk json_walk_begin(struct json_text text, struct err *err)
{
    return (struct json_walk){.at = text.at, .end = text.at + text.len, .err = err};
}

char json_walk_type(struct json_walk *w)
{
    const char c = next(w);

    if (is_digit(c) || c == '-')
        return '0';
    return c == 'f' ? 't' : c;
}

static bool enter(struct json_walk *w, char bracket)
{
    if (w->result < 0 || json_walk_type(w) != bracket)
        return false;
    if (++w->depth > DEPTH_MAX) {
        w->result = err_set(w->err, -EINVAL, "exceeded max depth");
        return false;
    }
    w->at++;
    w->first = true;
    return true;
}

bool json_walk_object(struct json_walk *w)
{
    return enter(w, '{');
}

bool json_walk_list(struct json_walk *w)
{
    return enter(w, '[');
}

/* Whether another one follows in what ends with the bracket. */
static bool go_on(struct json_walk *w, char bracket, const char *where)
{
    if (w->result < 0)
        return false;
    const char c = next(w);
    if (c == bracket) {
        w->at++;
        w->depth--;
        w->first = false;
        return false;
    }
    if (!w->first && c != ',') {
        (void)unexpected_here(w, where);
        return false;
    }
    w->at += !w->first;
    w->first = false;
    return true;
}

bool json_walk_member(struct json_walk *w, struct json_text *ret_key)
{
    if (!go_on(w, '}', "after object key:value pair"))
        return false;
    if (!json_walk_string(w, ret_key)) {
        if (w->result == 0)
            (void)unexpected_here(w, "looking for beginning of object key string");
        return false;
    }
    if (next(w) != ':') {
        (void)unexpected_here(w, "after object key");
        return false;
    }
    w->at++;
    return true;
}

bool json_walk_element(struct json_walk *w)
{
    return go_on(w, ']', "after array element");
}

bool json_walk_string(struct json_walk *w, struct json_text *ret)
{
    if (w->result < 0 || next(w) != '"')
        return false;
    const char *start = w->at++;
    if (scan_string(w) < 0)
        return false;
    *ret = (struct json_text){.at = start, .len = (size_t)(w->at - start)};
    return true;
}

struct json_text json_walk_value(struct json_walk *w)
{
    if (w->result < 0)
        return (struct json_text){0};
    (void)next(w);
    const char *start = w->at;
    scan_value(w);
    if (w->result < 0)
        return (struct json_text){0};
    return (struct json_text){.at = start, .len = (size_t)(w->at - start)};
}

bool json_walk_again(struct json_walk *w, struct json_text text)
{
    if (w->result < 0)
        return false;
    (void)next(w);
    if (text.len == 0 || !strchr("]}", text.at[text.len - 1]) ||
        (size_t)(w->end - w->at) < text.len || memcmp(w->at, text.at, text.len) != 0)
        return false;
    w->at += text.len;
    return true;
}

int json_walk_end(struct json_walk *w)
{
    if (w->result == 0) {
        (void)next(w);
        if (w->at < w->end)
            (void)unexpected(w, "after top-level value");
    }
    return w->result;
}

int json_text_check(struct json_text text, struct err *err)
{
    struct json_walk w = json_walk_begin(text, err);

    (void)json_walk_value(&w);
    return json_walk_end(&w);
}

bool json_text_is_plain(struct json_text text)
{
    bool plain = true;

    for (size_t i = 0; i < text.len; i++) /* to the end: several bytes at once that way */
        plain &= text.at[i] != '\\' && (unsigned char)text.at[i] < 0x80;
    return plain;
}

json_t *json_text_load(struct json_text text, struct err *err)
{
    json_error_t error;
    json_t *value = json_loadb(text.at, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);

    if (!value)
        (void)err_set(err, -EINVAL, "%s", error.text);
    return value;
}
