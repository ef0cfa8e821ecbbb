// SPDX-License-Identifier: MIT
#include "adapter/serving/pem_file.h"

#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define PEM_MAX_BYTES (256 * KIB)

static void wipe(struct buf *b)
{
    if (b->data)
        explicit_bzero(b->data, b->size);
    buf_done(b);
}

static bool is_same(const struct buf *a, const struct buf *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

int pem_file_look(struct pem_file *f, struct err *err)
{
    scoped(wipe) struct buf now = {.max = PEM_MAX_BYTES};
    int r = buf_read_file(&now, f->path, err);

    if (r < 0)
        return r;
    if (!now.len)
        return err_set(err, -EINVAL, "'%s' is empty", f->path);
    if (is_same(&now, &f->pem))
        return 0;
    const struct buf before = f->pem;
    f->pem = now;
    now = before;
    return 1;
}

void pem_file_done(struct pem_file *f)
{
    wipe(&f->pem);
}
