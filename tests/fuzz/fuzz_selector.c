// SPDX-License-Identifier: MIT
/* Selectors: the canonical text must parse, to itself, and match the same labels. */
#include "kube/selector.h"

#include "base/err.h"
#include "base/scoped.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Writes s, reads that, and writes it again. Returns what was read. */
static struct selector *read_back(const struct selector *s, struct buf *first, struct buf *second)
{
    struct selector *parsed = NULL;

    if (selector_format(s, first) < 0 ||
        selector_parse(first->data ? first->data : "", &parsed, NULL) < 0 ||
        selector_format(parsed, second) < 0)
        abort();
    return parsed;
}

static bool same_text(const struct buf *a, const struct buf *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

/* A LabelSelector keeps a value that stands in it twice, and a parsed text does not, as in
 * Kubernetes: the text is settled once it was read. */
static void check_canonical(const struct selector *s)
{
    scoped(buf_done) struct buf text = {.max = 16 * MIB}, settled = {.max = 16 * MIB},
                                again = {.max = 16 * MIB};
    json_auto_t *labels = json_pack("{s:s,s:s,s:s}", "a", "b", "app", "web", "x.io/y", "");
    struct selector *parsed = read_back(s, &text, &settled);

    if (selector_is_empty(s) != selector_is_empty(parsed) ||
        selector_matches(s, labels) != selector_matches(parsed, labels) ||
        selector_matches(s, NULL) != selector_matches(parsed, NULL))
        abort();

    buf_clear(&settled);
    struct selector *twice = read_back(parsed, &settled, &again);
    if (!same_text(&settled, &again))
        abort();
    selector_free(twice);
    selector_free(parsed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scoped(free_at) char *text = strndup((const char *)data, size);
    json_auto_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    struct selector *s;
    struct err err = {0};

    if (selector_parse(text, &s, &err) == 0) {
        check_canonical(s);
        selector_free(s);
    } else if (!err.text[0])
        abort();
    if (value && selector_from_json(value, &s, NULL) == 0) {
        check_canonical(s);
        selector_free(s);
    }
    return 0;
}
