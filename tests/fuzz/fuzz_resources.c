// SPDX-License-Identifier: MIT
/* What an API server's discovery says, which becomes a part of the catalogue. */
#include "adapter/resources.h"
#include "base/err.h"
#include "base/hash.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_auto_t *answer = json_loadb((const char *)data, size, 0, NULL);
    struct catalogue *c = catalogue_new();
    uint64_t hash = HASH_START;
    struct err err = {0};

    if (!c)
        abort();
    size_t built_in = catalogue_count(c);
    if (resources_read(answer, c, &hash, &err) < 0 && !err.text[0])
        abort();
    if (hash == HASH_START && catalogue_count(c) != built_in)
        abort(); /* something was learnt that nobody would notice */
    struct catalogue *copy = catalogue_copy(c);
    for (size_t i = 0; copy && i < catalogue_count(copy); i++) {
        const struct resource *r = catalogue_at(copy, i);
        if (catalogue_find(copy, r->group, r->plural) == NULL)
            abort();
    }
    catalogue_free(copy);
    catalogue_free(c);
    return 0;
}
