// SPDX-License-Identifier: MIT
/* Forms: a refusal has a sentence; what was read, written anew, must read as the same. */
#include "workload/form.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/scoped.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void encode(const struct form *f, struct buf *out)
{
    for (size_t i = 0; i < f->count; i++)
        if (form_encode(out, f->fields[i].name) < 0 || buf_puts(out, "=") < 0 ||
            form_encode(out, f->fields[i].value) < 0 || buf_puts(out, "&") < 0)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scoped(form_done) struct form f = {0}, again = {0};
    scoped(buf_done) struct buf text = {.max = 16 * MIB};
    struct err err = {0};

    if (form_parse((const char *)data, size, &f, &err) < 0) {
        if (!err.text[0] || f.count)
            abort();
        return 0;
    }
    encode(&f, &text);
    if (form_parse(text.data ? text.data : "", text.len, &again, NULL) < 0 ||
        again.count != f.count)
        abort();
    for (size_t i = 0; i < f.count; i++)
        if (strcmp(f.fields[i].name, again.fields[i].name) != 0 ||
            strcmp(f.fields[i].value, again.fields[i].value) != 0)
            abort();
    return 0;
}
