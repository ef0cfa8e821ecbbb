// SPDX-License-Identifier: MIT
#include "adapter/serving/files.h"

/* Both, so that a change of either is noted whatever is wrong with the other. */
static int look(struct serving_files *f, struct err *err)
{
    int cert = pem_file_look(&f->cert, err);
    int key = pem_file_look(&f->key, cert < 0 ? NULL : err);

    f->changed |= cert > 0 || key > 0;
    return cert < 0 ? cert : key < 0 ? key : 0;
}

int serving_files_read(struct serving_files *f, struct err *err)
{
    int r = look(f, err);

    f->changed = false;
    return r;
}

bool serving_files_changed(struct serving_files *f, uint64_t now_ns, uint64_t *ret_wait_ns)
{
    if (now_ns < f->due_ns) {
        *ret_wait_ns = f->due_ns - now_ns;
        return false;
    }
    f->due_ns = now_ns + PEM_FILE_LOOK_NS;
    *ret_wait_ns = PEM_FILE_LOOK_NS;
    if (look(f, NULL) < 0 || !f->changed)
        return false;
    f->changed = false;
    return true;
}

void serving_files_done(struct serving_files *f)
{
    pem_file_done(&f->cert);
    pem_file_done(&f->key);
}
