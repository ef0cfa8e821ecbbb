// SPDX-License-Identifier: MIT
/* YAML: what is read keeps the limits, is JSON, and has a line for every value; what is refused has
 * a message with a line. */
#include "kube/yaml.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/scoped.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct walk {
    const struct yaml_file *file;
    size_t document;
    size_t values;
    unsigned last_line;
    struct buf path;
};

static void visit(struct walk *w, const json_t *value, unsigned depth);

static void visit_at(struct walk *w, const char *step, const json_t *value, unsigned depth)
{
    size_t len = w->path.len;

    if (buf_puts(&w->path, step) < 0)
        return;
    visit(w, value, depth);
    w->path.len = len;
    w->path.data[len] = '\0';
}

static void visit_member(struct walk *w, const char *key, const json_t *value, unsigned depth)
{
    scoped(free_at) char *step = NULL;

    if (asprintf(&step, "[\"%s\"]", key) < 0)
        abort();
    visit_at(w, step, value, depth);
}

static void visit(struct walk *w, const json_t *value, unsigned depth)
{
    unsigned line = yaml_line(w->file, w->document, w->path.data ? w->path.data : "");
    size_t i;
    const char *key;
    json_t *inside;
    char step[32];

    if (line < 1 || line > w->last_line || depth > 100 || ++w->values > 100000)
        abort();
    json_array_foreach (value, i, inside) {
        (void)snprintf(step, sizeof(step), "[%zu]", i);
        visit_at(w, step, inside, depth + 1);
    }
    json_object_foreach ((json_t *)(uintptr_t)value, key, inside)
        visit_member(w, key, inside, depth + 1);
}

static void check_file(const struct yaml_file *f, unsigned last_line)
{
    struct walk w = {.file = f, .last_line = last_line, .path = {.max = 256}};

    for (; w.document < yaml_count(f); w.document++) {
        json_t *document = yaml_document(f, w.document);
        scoped(free_at) char *text = json_dumps(document, JSON_ENCODE_ANY);
        if (!text)
            abort();
        visit(&w, document, 0);
    }
    buf_done(&w.path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct yaml_file *f = NULL;
    struct err err = {0};
    unsigned last_line = 2; /* libyaml ends the last line itself */

    for (size_t i = 0; i < size; i++)
        last_line += data[i] == '\n' || data[i] == '\r' || data[i] == 0x85 || data[i] == 0xA8 ||
                     data[i] == 0xA9; /* NEL, LS and PS end lines too */

    if (yaml_parse("f", (const char *)data, size, &f, &err) < 0) {
        if (strncmp(err.text, "f:", 2) != 0)
            abort();
        return 0;
    }
    check_file(f, last_line);
    yaml_file_free(f);
    return 0;
}
