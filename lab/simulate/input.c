// SPDX-License-Identifier: MIT
#include "lab/simulate/input.h"

#include "base/err.h"
#include "kube/yaml.h"
#include "lab/env.h"
#include "lab/manifests.h"
#include "lab/store.h"

#include <errno.h>
#include <stdio.h>

static int read_plan(struct input *in, struct err *err)
{
    char path[4096];

    (void)snprintf(path, sizeof(path), "%s/simulation.yaml", in->folder);
    int r = yaml_read_file(path, &in->file, err);
    if (r < 0)
        return r;
    if (yaml_count(in->file) != 1)
        return err_set(err, -EINVAL, "%s: a simulation is one document, not %zu", path,
                       yaml_count(in->file));
    in->plan = yaml_document(in->file, 0);
    return 0;
}

static int read_manifests(struct input *in, struct err *err)
{
    struct env env = {.clock = labclock_start(1)};
    int r;

    env.store = store_new(&env.clock);
    if (!env.store)
        return err_set(err, -ENOMEM, "out of memory");
    r = manifests_load(&env, in->folder, err);
    if (r == 0) {
        in->hpas = store_list(env.store, KIND_HPA, NULL, NULL);
        in->deployments = store_list(env.store, KIND_DEPLOYMENT, NULL, NULL);
        if (!in->hpas || !in->deployments)
            r = err_set(err, -ENOMEM, "out of memory");
    }
    store_free(env.store);
    return r;
}

int input_read(const char *folder, struct input *ret, struct err *err)
{
    *ret = (struct input){.folder = folder};
    int r = read_plan(ret, err);

    return r < 0 ? r : read_manifests(ret, err);
}

void input_done(struct input *in)
{
    yaml_file_free(in->file);
    json_decref(in->hpas);
    json_decref(in->deployments);
    *in = (struct input){0};
}
