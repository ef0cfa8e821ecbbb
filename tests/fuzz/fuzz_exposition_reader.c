// SPDX-License-Identifier: MIT
/* A /metrics page of somebody else. */
#include "metrics/exposition_reader.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int use(void *arg, const struct exposition_sample *s)
{
    size_t *bytes = arg;

    if (!s->name[0] || s->label_count > EXPOSITION_LABELS_MAX)
        abort();
    *bytes += strlen(s->name);
    for (size_t i = 0; i < s->label_count; i++)
        *bytes += strlen(s->labels[i].name) + strlen(s->labels[i].value);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t bytes = 0;

    (void)exposition_read((const char *)data, size, use, &bytes, NULL);
    if (bytes > size)
        abort();
    return 0;
}
