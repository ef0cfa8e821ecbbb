// SPDX-License-Identifier: MIT
/* Events that come in pieces: the first byte says how long a piece is. */
#include "base/scoped.h"
#include "kube/event.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_all(struct buf *bytes)
{
    struct kube_event e = {0};
    int r;

    while ((r = kube_event_next(bytes, &e, NULL)) != -EAGAIN) {
        if (r == 0 && (!e.object || !e.resource_version))
            abort();
        kube_event_done(&e);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scoped(buf_done) struct buf bytes = {.max = MIB};
    size_t piece = size ? (size_t)data[0] + 1 : 1;

    for (size_t at = 1; at < size; at += piece) {
        size_t len = size - at < piece ? size - at : piece;
        if (buf_append(&bytes, data + at, len) < 0)
            break;
        take_all(&bytes);
    }
    return 0;
}
