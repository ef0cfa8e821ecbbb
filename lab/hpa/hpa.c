// SPDX-License-Identifier: MIT
#include "lab/hpa/hpa.h"

#include <errno.h>
#include <stdlib.h>

struct hpa {
    struct hpa_settings settings;
};

int hpa_spec_parse(const json_t *object, struct hpa_spec **ret, struct hpa_spec_error *ret_error)
{
    (void)object;
    (void)ret;
    return err_set(&ret_error->err, -ENOTSUP, "spec: not supported yet");
}

void hpa_spec_free(struct hpa_spec *spec)
{
    free(spec);
}

int hpa_new(const struct hpa_settings *settings, struct hpa **ret)
{
    struct hpa *h = calloc(1, sizeof(*h));

    if (!h)
        return -ENOMEM;

    h->settings = settings ? *settings : HPA_SETTINGS_DEFAULT;
    *ret = h;
    return 0;
}

void hpa_free(struct hpa *hpa)
{
    free(hpa);
}
