// SPDX-License-Identifier: MIT
#include "lab/scrape/scrape.h"

#include "lab/scrape/family.h"
#include "lab/store.h"

static const struct family *const families[] = {&series_of_hpas, &series_of_deployments,
                                                &series_of_pods, &series_of_usage};

static void clear(struct metrics *metrics, const struct family *f)
{
    for (size_t i = 0; i < f->count; i++)
        metrics_clear(metrics, &f->descs[i]);
}

static void collect(void *arg)
{
    const struct scrape *s = arg;

    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        const struct family *f = families[i];
        json_auto_t *objects = store_list(s->store, f->kind, NULL, NULL);
        const json_t *object;
        size_t k;

        clear(s->metrics, f);
        json_array_foreach (objects, k, object)
            f->fill(s->metrics, object);
    }
}

void scrape_init(struct scrape *s, struct metrics *metrics, struct store *store)
{
    *s = (struct scrape){metrics, store};
    metrics_on_collect(metrics, collect, s);
}

void scrape_help(FILE *out)
{
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
        for (size_t k = 0; k < families[i]->count; k++)
            metrics_help((const struct metric_desc *[]){&families[i]->descs[k]}, 1, out);
}
