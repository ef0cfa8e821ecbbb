// SPDX-License-Identifier: MIT
#include "kube/strict.h"

#include "base/clock.h"
#include "base/err.h"
#include "kube/quantity.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_MAX 64
#define CHOICES_MAX 256

char *strict_path(char ret[STRICT_PATH_MAX], const char *path, const char *name)
{
    (void)snprintf(ret, STRICT_PATH_MAX, "%s%s%s", path, *path ? "." : "", name);
    return ret;
}

int strict_refuse(const struct strict *s, const char *path, const char *format, ...)
{
    char sentence[sizeof(s->err->text)];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    return err_set(s->err, -EINVAL, "%s:%u: %s", yaml_name(s->file),
                   yaml_line(s->file, s->document, path), sentence);
}

static const char *show(const json_t *value, char text[SHOWN_MAX])
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        (void)snprintf(text, SHOWN_MAX, "'%.50s'", json_string_value(value));
        break;
    case JSON_INTEGER:
        (void)snprintf(text, SHOWN_MAX, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL:
        (void)snprintf(text, SHOWN_MAX, "%g", json_real_value(value));
        break;
    case JSON_OBJECT:
        return "a mapping";
    case JSON_ARRAY:
        return "a list";
    case JSON_TRUE:
        return "true";
    case JSON_FALSE:
        return "false";
    case JSON_NULL:
        return "nothing";
    }
    return text;
}

static bool is_known(const char *name, const struct strict_member *members)
{
    for (; members->name; members++)
        if (strcmp(members->name, name) == 0)
            return true;
    return false;
}

int strict_mapping(const struct strict *s, const json_t *value, const char *path,
                   const struct strict_member *members)
{
    char shown[SHOWN_MAX], at[STRICT_PATH_MAX];
    const char *name;
    json_t *member;

    if (!json_is_object(value))
        return strict_refuse(s, path, "%s takes a mapping, not %s", *path ? path : "the file",
                             show(value, shown));
    json_object_foreach ((json_t *)(uintptr_t)value, name, member) {
        if (!is_known(name, members))
            return strict_refuse(s, strict_path(at, path, name), "there is no field '%.100s' in %s",
                                 name, *path ? path : "the configuration");
    }
    for (; members->name; members++)
        if (members->required && !json_object_get(value, members->name))
            return strict_refuse(s, path, "%s is missing", strict_path(at, path, members->name));
    return 0;
}

int strict_text(const struct strict *s, const json_t *mapping, const char *path, const char *name,
                size_t max_bytes, const char **ret)
{
    const json_t *value = json_object_get(mapping, name);
    char shown[SHOWN_MAX], at[STRICT_PATH_MAX];

    if (!value)
        return 0;
    strict_path(at, path, name);
    if (!json_is_string(value))
        return strict_refuse(s, at, "%s takes a text, not %s", at, show(value, shown));
    size_t len = json_string_length(value);
    if (len == 0 || len > max_bytes)
        return strict_refuse(s, at, "%s takes a text of 1 to %zu bytes, not one of %zu", at,
                             max_bytes, len);
    *ret = json_string_value(value);
    return 0;
}

int strict_copy(const struct strict *s, const json_t *mapping, const char *path, const char *name,
                size_t max_bytes, char **ret)
{
    const char *text = NULL;
    int r = strict_text(s, mapping, path, name, max_bytes, &text);

    if (r < 0 || !text)
        return r;
    char *copy = strdup(text);
    if (!copy)
        return err_set(s->err, -ENOMEM, "out of memory");
    *ret = copy;
    return 0;
}

/* "a, b or c" */
static const char *list_of(const char *const *names, char ret[CHOICES_MAX])
{
    size_t len = 0;

    ret[0] = '\0';
    for (size_t i = 0; names[i] && len < CHOICES_MAX; i++) {
        const char *before = i == 0 ? "" : names[i + 1] ? ", " : " or ";
        len += (size_t)snprintf(ret + len, CHOICES_MAX - len, "%s%s", before, names[i]);
    }
    return ret;
}

int strict_choice(const struct strict *s, const json_t *mapping, const char *path, const char *name,
                  const char *const *names, int *ret)
{
    const json_t *value = json_object_get(mapping, name);
    const char *text = json_string_value(value);
    char shown[SHOWN_MAX], choices[CHOICES_MAX], at[STRICT_PATH_MAX];

    if (!value)
        return 0;
    for (int i = 0; text && names[i]; i++)
        if (strcmp(names[i], text) == 0) {
            *ret = i;
            return 0;
        }
    strict_path(at, path, name);
    return strict_refuse(s, at, "%s takes %s, not %s", at, list_of(names, choices),
                         show(value, shown));
}

int strict_bool(const struct strict *s, const json_t *mapping, const char *path, const char *name,
                bool *ret)
{
    const json_t *value = json_object_get(mapping, name);
    char at[STRICT_PATH_MAX];

    if (value && !json_is_boolean(value))
        return strict_refuse(s, strict_path(at, path, name), "%s takes true or false", at);
    if (value)
        *ret = json_is_true(value);
    return 0;
}

int strict_duration(const struct strict *s, const json_t *mapping, const char *path,
                    const char *name, uint64_t min_ns, uint64_t max_ns, uint64_t *ret_ns)
{
    const json_t *value = json_object_get(mapping, name);
    char shown[SHOWN_MAX], at[STRICT_PATH_MAX], from[CLOCK_TEXT_MAX], to[CLOCK_TEXT_MAX];
    uint64_t ns;

    if (!value)
        return 0;
    if (json_is_string(value) && clock_parse_duration(json_string_value(value), &ns) == 0 &&
        ns >= min_ns && ns <= max_ns) {
        *ret_ns = ns;
        return 0;
    }
    strict_path(at, path, name);
    return strict_refuse(s, at, "%s takes a duration from %s to %s, not %s", at,
                         clock_duration(min_ns, from), clock_duration(max_ns, to),
                         show(value, shown));
}

int strict_int(const struct strict *s, const json_t *mapping, const char *path, const char *name,
               int64_t min, int64_t max, int64_t *ret)
{
    const json_t *value = json_object_get(mapping, name);
    const int64_t number = json_integer_value(value);
    char shown[SHOWN_MAX], at[STRICT_PATH_MAX];

    if (!value)
        return 0;
    if (json_is_integer(value) && number >= min && number <= max) {
        *ret = number;
        return 0;
    }
    strict_path(at, path, name);
    return strict_refuse(s, at, "%s takes a whole number from %" PRId64 " to %" PRId64 ", not %s",
                         at, min, max, show(value, shown));
}

int strict_number(const struct strict *s, const json_t *mapping, const char *path, const char *name,
                  double min, double max, double *ret)
{
    const json_t *value = json_object_get(mapping, name);
    const double number = json_number_value(value);
    char shown[SHOWN_MAX], at[STRICT_PATH_MAX];

    if (!value)
        return 0;
    if (json_is_number(value) && number >= min && number <= max) {
        *ret = number;
        return 0;
    }
    strict_path(at, path, name);
    return strict_refuse(s, at, "%s takes a number from %.15g to %.15g, not %s", at, min, max,
                         show(value, shown));
}

int strict_quantity(const struct strict *s, const json_t *mapping, const char *path,
                    const char *name, int64_t min_milli, int64_t max_milli, int64_t *ret_milli)
{
    const json_t *value = json_object_get(mapping, name);
    char shown[SHOWN_MAX], at[STRICT_PATH_MAX], from[QUANTITY_TEXT_MAX], to[QUANTITY_TEXT_MAX];
    int64_t milli;

    if (!value)
        return 0;
    if (quantity_from_json(value, &milli) == 0 && milli >= min_milli && milli <= max_milli) {
        *ret_milli = milli;
        return 0;
    }
    strict_path(at, path, name);
    return strict_refuse(s, at, "%s takes a quantity from %s to %s, not %s", at,
                         quantity_format(min_milli, from), quantity_format(max_milli, to),
                         show(value, shown));
}
