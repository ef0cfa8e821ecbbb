// SPDX-License-Identifier: MIT
#include "adapter/serving/files.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <string.h>

#define PEM_MAX_BYTES (256 * KIB)
#define LOOK_NS (2 * NS_PER_S)

static void forget(struct buf *b)
{
    if (b->data)
        explicit_bzero(b->data, b->size);
    buf_done(b);
}

static int read_both(const struct serving_files *f, struct buf *cert, struct buf *key,
                     struct err *err)
{
    int r = buf_read_file(cert, f->cert_file, err);

    if (r == 0)
        r = buf_read_file(key, f->key_file, err);
    if (r == 0 && (!cert->len || !key->len))
        r = err_set(err, -EINVAL, "'%s' is empty", cert->len ? f->key_file : f->cert_file);
    return r;
}

int serving_files_read(struct serving_files *f, struct err *err)
{
    f->cert.max = f->key.max = PEM_MAX_BYTES;
    return read_both(f, &f->cert, &f->key, err);
}

static bool is_same(const struct buf *a, const struct buf *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

bool serving_files_changed(struct serving_files *f, uint64_t now_ns, uint64_t *ret_wait_ns)
{
    struct buf cert = {.max = PEM_MAX_BYTES}, key = {.max = PEM_MAX_BYTES};
    bool changed = false;

    if (now_ns < f->due_ns) {
        *ret_wait_ns = f->due_ns - now_ns;
        return false;
    }
    f->due_ns = now_ns + LOOK_NS;
    *ret_wait_ns = LOOK_NS;
    if (read_both(f, &cert, &key, NULL) == 0)
        changed = !is_same(&cert, &f->cert) || !is_same(&key, &f->key);
    if (changed) {
        forget(&f->cert);
        forget(&f->key);
        f->cert = cert;
        f->key = key;
    } else {
        forget(&cert);
        forget(&key);
    }
    return changed;
}

void serving_files_done(struct serving_files *f)
{
    forget(&f->cert);
    forget(&f->key);
}
