// SPDX-License-Identifier: MIT
/* kafka_config: the settings of a kafka source, and a client made of them. */
#ifndef ADAPTER_SOURCES_KAFKA_CONFIG_H
#define ADAPTER_SOURCES_KAFKA_CONFIG_H

#include "adapter/source.h"
#include "adapter/sources/kafka_lag.h"
#include "adapter/sources/secret.h"
#include "adapter/sources/tls_files.h"

#include <librdkafka/rdkafka.h>

#define KAFKA_RANGES_MAX 64

struct kafka_config {
    char *servers, *group;
    char *topic; /* NULL: all of the group */
    struct {
        int32_t first, last;
    } ranges[KAFKA_RANGES_MAX]; /* partitions; none: all */
    size_t range_count;
    struct kafka_lag_rules rules;

    const char *mechanism; /* of SASL, a literal; NULL: none */
    char *username;
    struct secret password;
    bool has_tls;
    struct tls_files tls;
};

/* For the kind's row. */
int kafka_config_read(const struct strict *s, const json_t *mapping, const char *path,
                      struct source *ret);
void kafka_config_free(void *config);
void kafka_config_help(FILE *out);

bool kafka_config_wants(const struct kafka_config *c, int32_t partition);

/* A new client; it connects when it is used. password: NULL without SASL. */
int kafka_config_connect(const struct kafka_config *c, const char *password, rd_kafka_t **ret,
                         struct err *err);

#endif
