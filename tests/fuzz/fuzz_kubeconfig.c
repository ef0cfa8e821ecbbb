// SPDX-License-Identifier: MIT
#include "base/err.h"
#include "kube/access.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kube_access a = KUBE_ACCESS_INIT;
    struct err err = {0};

    if (kube_access_parse("fuzz", (const char *)data, size, &a, &err) == 0) {
        if (!a.server || !a.namespace || !a.cert_file != !a.key_file || (a.token && a.token_file))
            abort();
        if ((a.token || a.token_file || a.cert_file) && strncmp(a.server, "https://", 8) != 0)
            abort();
    } else if (a.server || a.token || a.cert.fd >= 0 || strncmp(err.text, "fuzz:", 5) != 0) {
        abort(); /* nothing is left of what was refused, and it says where */
    }
    kube_access_done(&a);
    return 0;
}
