// SPDX-License-Identifier: MIT
/* What an API server says about pods: the first byte chooses between a Pod and an EndpointSlice,
 * and which port is wanted; the rest is JSON. */
#include "adapter/pod_list.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const ports[] = {NULL, "http", "8080", "0"};
    struct pod_list list = {0};

    if (size == 0)
        return 0;
    json_t *object = json_loadb((const char *)data + 1, size - 1, 0, NULL);
    json_t *kept = data[0] & 1 ? pod_list_keep_slice(object) : pod_list_keep_pod(object);
    if (!kept || pod_list_add(&list, kept, ports[(data[0] >> 1) % 4]) < 0)
        abort();
    pod_list_sort(&list);
    for (size_t i = 0; i < list.count; i++)
        if (!list.items[i].name[0] || strpbrk(list.items[i].host, "/@?# ") ||
            (i && strcmp(list.items[i - 1].uid, list.items[i].uid) >= 0))
            abort();
    pod_list_done(&list);
    json_decref(kept);
    json_decref(object);
    return 0;
}
