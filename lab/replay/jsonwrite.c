// SPDX-License-Identifier: MIT
#include "lab/replay/jsonwrite.h"

#include "lab/replay/jsontext.h"

#include <stdio.h>
#include <string.h>

#define NUMBER_MAX 64 /* jansson writes 17 digits of a real, and its exponent */

struct json_writer json_write_begin(struct buf *out)
{
    return (struct json_writer){.out = out, .first = true};
}

static void put(struct json_writer *w, const char *text, size_t len)
{
    if (w->result == 0)
        w->result = buf_append(w->out, text, len);
}

/* Before each value and each key. */
static void separate(struct json_writer *w)
{
    if (!w->first)
        put(w, ",", 1);
    w->first = false;
}

/* --- Texts --- */

static void put_escape(struct json_writer *w, char c)
{
    static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    char text[8];

    for (const char *n = named; *n; n += 2)
        if (*n == c) {
            put(w, (char[]){'\\', n[1]}, 2);
            return;
        }
    put(w, text, (size_t)snprintf(text, sizeof(text), "\\u%04X", (unsigned)c));
}

static void put_quoted(struct json_writer *w, const char *text, size_t len)
{
    const char *end = text + len;

    put(w, "\"", 1);
    while (text < end) {
        const char *from = text;
        text = json_text_skip_plain(text, end);
        put(w, from, (size_t)(text - from));
        if (text < end)
            put_escape(w, *text++);
    }
    put(w, "\"", 1);
}

/* --- Parts --- */

void json_write_open(struct json_writer *w, char bracket)
{
    separate(w);
    put(w, &bracket, 1);
    w->first = true;
}

void json_write_close(struct json_writer *w, char bracket)
{
    put(w, &bracket, 1);
    w->first = false;
}

void json_write_key(struct json_writer *w, const char *key)
{
    json_write_text(w, key);
    put(w, ":", 1);
    w->first = true;
}

void json_write_text(struct json_writer *w, const char *text)
{
    separate(w);
    put_quoted(w, text, strlen(text));
}

void json_write_integer(struct json_writer *w, json_int_t value)
{
    char text[NUMBER_MAX], *end = text + sizeof(text), *at = end;
    unsigned long long rest = value < 0 ? 0 - (unsigned long long)value : (unsigned long long)value;

    do
        *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    if (value < 0)
        *--at = '-';
    separate(w);
    put(w, at, (size_t)(end - at));
}

void json_write_bool(struct json_writer *w, bool value)
{
    separate(w);
    put(w, value ? "true" : "false", value ? 4 : 5);
}

/* --- Values --- */

static void write_object(struct json_writer *w, const json_t *object)
{
    const char *key;
    json_t *value;

    json_write_open(w, '{');
    json_object_foreach ((json_t *)(uintptr_t)object, key, value) {
        json_write_key(w, key);
        json_write_value(w, value);
    }
    json_write_close(w, '}');
}

static void write_list(struct json_writer *w, const json_t *list)
{
    const json_t *value;
    size_t i;

    json_write_open(w, '[');
    json_array_foreach (list, i, value)
        json_write_value(w, value);
    json_write_close(w, ']');
}

static void write_real(struct json_writer *w, const json_t *value)
{
    char text[NUMBER_MAX];

    separate(w);
    put(w, text, json_dumpb(value, text, sizeof(text), JSON_ENCODE_ANY));
}

void json_write_value(struct json_writer *w, const json_t *value)
{
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_OBJECT:
        write_object(w, value);
        break;
    case JSON_ARRAY:
        write_list(w, value);
        break;
    case JSON_STRING:
        separate(w);
        put_quoted(w, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        json_write_integer(w, json_integer_value(value));
        break;
    case JSON_REAL:
        write_real(w, value);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        json_write_bool(w, json_is_true(value));
        break;
    case JSON_NULL:
        separate(w);
        put(w, "null", 4);
        break;
    }
}
