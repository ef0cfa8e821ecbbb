// SPDX-License-Identifier: MIT
#include "lab/hpa/words.h"

#include "base/clock.h"
#include "kube/quantity.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BYTES_PER_MIB 1048576.0

struct words words_begin(char *text)
{
    text[0] = '\0';
    return (struct words){.text = text};
}

void words_say(struct words *w, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int n = vsnprintf(w->text + w->len, HPA_SENTENCE_MAX - w->len, format, args);
    va_end(args);
    if (n > 0)
        w->len += (size_t)n;
    if (w->len >= HPA_SENTENCE_MAX)
        w->len = HPA_SENTENCE_MAX - 1;
}

/* How many bytes the UTF-8 character at c has; 0 when it is broken. */
static size_t character_length(const char *c)
{
    const unsigned char lead = (unsigned char)*c;
    size_t length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

    for (size_t i = 1; i < length; i++)
        if (((unsigned char)c[i] & 0xc0) != 0x80)
            return 0;
    return lead < 0xf5 ? length : 0;
}

char *words_end(struct words *w)
{
    for (char *c = w->text; *c;) {
        size_t length = character_length(c);
        if (length == 0)
            *c = '?';
        c += length ? length : 1;
    }
    return w->text;
}

const char *words_number(double value, char text[WORD_MAX])
{
    (void)snprintf(text, WORD_MAX, "%.*f", fabs(value) < 0.1 ? 4 : 2, value);
    char *point = strchr(text, '.');
    for (char *end = text + strlen(text) - 1; point && end >= point && (*end == '0' || *end == '.');
         end--)
        *end = '\0';
    return text;
}

const char *words_count(int64_t n, const char *noun, char text[WORD_MAX])
{
    (void)snprintf(text, WORD_MAX, "%lld %s%s", (long long)n, noun, n == 1 ? "" : "s");
    return text;
}

/* Two units at most: a second more or less in an hour is nobody's business. */
const char *words_duration(uint64_t ns, char text[WORD_MAX])
{
    static const char *const nouns[] = {"hour", "minute", "second"};
    const uint64_t s = (ns + NS_PER_S / 2) / NS_PER_S;
    const uint64_t parts[] = {s / 3600, s / 60 % 60, s % 60};
    const size_t first = parts[0] ? 0 : parts[1] ? 1 : 2;
    char rest[WORD_MAX];

    (void)words_count((int64_t)parts[first], nouns[first], text);
    if (first < 2 && parts[first + 1]) {
        const size_t len = strlen(text);
        (void)words_count((int64_t)parts[first + 1], nouns[first + 1], rest);
        (void)snprintf(text + len, WORD_MAX - len, " %.40s", rest);
    }
    return text;
}

static bool is_resource(const struct hpa_metric *m)
{
    return m->source == HPA_RESOURCE || m->source == HPA_CONTAINER_RESOURCE;
}

void words_say_metric(struct words *w, const struct hpa_metric *m)
{
    const bool cpu = is_resource(m) && m->resource == HPA_CPU;

    words_say(w, "%.80s", cpu ? "CPU" : m->name ? m->name : "a metric without a name");
    if (m->source == HPA_CONTAINER_RESOURCE && m->container)
        words_say(w, " of container %.63s", m->container);
    if (m->source == HPA_OBJECT && m->object.kind && m->object.name)
        words_say(w, " of %.40s %.60s", m->object.kind, m->object.name);
}

const char *words_amount(const struct hpa_metric *m, double value, char text[WORD_MAX])
{
    char number[WORD_MAX];

    if (m->form == HPA_UTILIZATION)
        (void)snprintf(text, WORD_MAX, "%.50s %%", words_number(value, number));
    else if (is_resource(m) && m->resource == HPA_MEMORY)
        (void)snprintf(text, WORD_MAX, "%.1f MiB", value / 1000 / BYTES_PER_MIB);
    else if (is_resource(m) && m->resource == HPA_CPU)
        (void)snprintf(text, WORD_MAX, "%.0fm", value);
    else
        (void)words_number(value / 1000, text);
    return text;
}
