// SPDX-License-Identifier: MIT
/* The adapter's configuration, and the discovery documents that are made of it. */
#include "adapter/api/external.h"
#include "adapter/config.h"
#include "base/err.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct adapter_config *config)
{
    struct queries *queries = queries_new();
    struct feeds feeds;
    struct metrics_api api = {.feeds = &feeds, .discovery = discovery_new()};

    if (!queries || !api.discovery || feeds_init(&feeds, config, queries) < 0 ||
        metrics_api_publish(&api, NULL) < 0)
        abort();
    for (size_t i = 0; i < config->count; i++)
        if (config->metrics[i].max_age_ns <
            config->metrics[i].query.interval_ns + config->metrics[i].query.source->timeout_ns)
            abort();
    discovery_free(api.discovery);
    feeds_done(&feeds);
    queries_free(queries);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct adapter_config config = {0};
    struct err err = {0};

    if (config_parse("fuzz", (const char *)data, size, &config, &err) == 0)
        use(&config);
    else if (strncmp(err.text, "fuzz:", 5) != 0) /* every refusal says where */
        abort();
    config_done(&config);
    return 0;
}
