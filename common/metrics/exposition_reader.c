// SPDX-License-Identifier: MIT
#include "metrics/exposition_reader.h"

#include "base/err.h"
#include "base/parse.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <string.h>

#define FAMILY_MAX 256
#define NUMBER_MAX 64

enum family_type { FAMILY_OTHER, FAMILY_COUNTER, FAMILY_HISTOGRAM, FAMILY_SUMMARY };

struct reader {
    const char *at, *end; /* of the line */
    char family[FAMILY_MAX];
    enum family_type type;
    char texts[EXPOSITION_TEXTS_MAX]; /* of the sample: names and values, each with its NUL */
    size_t used;
    struct exposition_label labels[EXPOSITION_LABELS_MAX];
    struct exposition_sample sample;
};

static void skip_blanks(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t'))
        r->at++;
}

static bool take(struct reader *r, char c)
{
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

static bool put(struct reader *r, char c)
{
    if (r->used == sizeof(r->texts))
        return false;
    r->texts[r->used++] = c;
    return true;
}

static bool is_name_byte(char c, bool first)
{
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';

    return letter || (!first && c >= '0' && c <= '9');
}

/* NULL when there is none. */
static const char *take_name(struct reader *r)
{
    const char *name = r->texts + r->used, *start = r->at;

    while (r->at < r->end && is_name_byte(*r->at, r->at == start))
        if (!put(r, *r->at++))
            return NULL;
    return r->at > start && put(r, '\0') ? name : NULL;
}

/* "text" with \\, \" and \n inside. */
static const char *take_value(struct reader *r)
{
    const char *value = r->texts + r->used;

    if (!take(r, '"'))
        return NULL;
    while (r->at < r->end && *r->at != '"') {
        char c = *r->at++;
        if (c == '\\') {
            if (r->at == r->end)
                return NULL;
            c = *r->at++;
            c = c == 'n' ? '\n' : c;
        }
        if (c == '\0' || !put(r, c))
            return NULL;
    }
    return take(r, '"') && put(r, '\0') ? value : NULL;
}

static bool take_label(struct reader *r)
{
    if (r->sample.label_count == EXPOSITION_LABELS_MAX)
        return false;
    struct exposition_label *label = &r->labels[r->sample.label_count++];

    label->name = take_name(r);
    skip_blanks(r);
    if (!label->name || !take(r, '='))
        return false;
    skip_blanks(r);
    label->value = take_value(r);
    return label->value;
}

static bool take_labels(struct reader *r)
{
    if (!take(r, '{'))
        return true;
    skip_blanks(r);
    while (!take(r, '}')) {
        if (!take_label(r))
            return false;
        skip_blanks(r);
        if (!take(r, ',') && (r->at == r->end || *r->at != '}'))
            return false;
        skip_blanks(r);
    }
    return true;
}

static bool take_series(struct reader *r)
{
    r->used = 0;
    r->sample = (struct exposition_sample){.labels = r->labels};
    skip_blanks(r);
    r->sample.name = take_name(r);
    skip_blanks(r);
    return r->sample.name && take_labels(r);
}

/* As Go reads a float, but for hexadecimal ones. */
static bool take_number(struct reader *r, double *ret)
{
    char text[NUMBER_MAX];
    size_t len = 0;

    skip_blanks(r);
    while (r->at < r->end && *r->at != ' ' && *r->at != '\t' && len + 1 < sizeof(text))
        text[len++] = *r->at++;
    text[len] = '\0';
    const char *word = text + (text[0] == '+' || text[0] == '-');
    if (strcasecmp(word, "nan") == 0)
        *ret = NAN;
    else if (strcasecmp(word, "inf") == 0 || strcasecmp(word, "infinity") == 0)
        *ret = text[0] == '-' ? -INFINITY : INFINITY;
    else
        return parse_double(text, -DBL_MAX, DBL_MAX, ret) == 0;
    return true;
}

/* ---- types ---- */

static bool take_word(struct reader *r, const char *word)
{
    size_t len = strlen(word);

    skip_blanks(r);
    if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len) != 0)
        return false;
    r->at += len;
    return true;
}

/* "# TYPE name counter"; every other comment is left alone. */
static void read_comment(struct reader *r)
{
    if (!take_word(r, "#") || !take_word(r, "TYPE"))
        return;
    skip_blanks(r);
    r->used = 0;
    const char *name = take_name(r);
    if (!name || strlen(name) >= sizeof(r->family))
        return;
    (void)strcpy(r->family, name);
    r->type = take_word(r, "counter")     ? FAMILY_COUNTER
              : take_word(r, "histogram") ? FAMILY_HISTOGRAM
              : take_word(r, "summary")   ? FAMILY_SUMMARY
                                          : FAMILY_OTHER;
}

static bool ends_with(const char *name, const char *suffix)
{
    size_t len = strlen(name), suffix_len = strlen(suffix);

    return len > suffix_len && strcmp(name + len - suffix_len, suffix) == 0;
}

/* A name without a TYPE of its own that ends in _total is a counter by convention. */
static bool only_grows(const struct reader *r, const char *name)
{
    size_t len = strlen(r->family);

    if (len == 0 || strncmp(name, r->family, len) != 0)
        return ends_with(name, "_total");
    const char *rest = name + len;
    bool counts = strcmp(rest, "_count") == 0 || strcmp(rest, "_sum") == 0;
    switch (r->type) {
    case FAMILY_COUNTER:
        return strcmp(rest, "") == 0 || strcmp(rest, "_total") == 0;
    case FAMILY_HISTOGRAM:
        return counts || strcmp(rest, "_bucket") == 0;
    case FAMILY_SUMMARY:
        return counts;
    case FAMILY_OTHER:
        break;
    }
    return *rest && ends_with(name, "_total");
}

/* ---- lines ---- */

/* What follows the value, a time and an exemplar, is nobody's business here. */
static int read_line(struct reader *r, exposition_sample_fn *fn, void *arg)
{
    skip_blanks(r);
    if (r->at == r->end)
        return 0;
    if (*r->at == '#') {
        read_comment(r);
        return 0;
    }
    if (!take_series(r) || !take_number(r, &r->sample.value))
        return -EINVAL;
    r->sample.only_grows = only_grows(r, r->sample.name);
    return fn(arg, &r->sample);
}

int exposition_read(const char *text, size_t len, exposition_sample_fn *fn, void *arg,
                    struct err *err)
{
    struct reader r = {.at = text};
    const char *end = text + len;
    unsigned line = 0;

    for (const char *next = text; next < end; next++) {
        const char *stop = memchr(next, '\n', (size_t)(end - next));
        r.at = next;
        next = stop ? stop : end;
        r.end = next > r.at && next[-1] == '\r' ? next - 1 : next;
        line++;
        int result = read_line(&r, fn, arg);
        if (result == -EINVAL)
            return err_set(err, result, "line %u is no sample", line);
        if (result < 0)
            return result;
    }
    return 0;
}

int exposition_read_series(const char *text, exposition_sample_fn *fn, void *arg)
{
    struct reader r = {.at = text, .end = text + strlen(text)};

    if (!take_series(&r))
        return -EINVAL;
    skip_blanks(&r);
    return r.at == r.end ? fn(arg, &r.sample) : -EINVAL;
}
