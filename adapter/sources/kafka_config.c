// SPDX-License-Identifier: MIT
#include "adapter/sources/kafka_config.h"

#include "base/err.h"
#include "base/parse.h"
#include "base/scoped.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SERVERS_MAX_BYTES 2048
#define NAME_MAX_BYTES 249 /* Kafka's limit for topics */
#define TEXT_MAX_BYTES 1024
#define THRESHOLD_MAX 1000000000
#define KAFKA_TIMEOUT_DEFAULT_NS UINT64_C(5000000000) /* a first answer takes several requests */

void kafka_config_free(void *config)
{
    struct kafka_config *c = config;

    if (!c)
        return;
    char *const texts[] = {c->servers, c->group, c->topic, c->username};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        free(texts[i]);
    secret_done(&c->password);
    tls_files_done(&c->tls);
    free(c);
}

/* ---- reading ---- */

/* "1,2,5-8" */
static bool parse_ranges(char *text, struct kafka_config *c)
{
    char *rest = NULL;

    for (char *part = strtok_r(text, ",", &rest); part; part = strtok_r(NULL, ",", &rest)) {
        char *dash = strchr(part, '-');
        uint64_t first, last;
        if (dash)
            *dash = '\0';
        if (c->range_count == KAFKA_RANGES_MAX || parse_u64(part, 0, INT32_MAX, &first) < 0 ||
            parse_u64(dash ? dash + 1 : part, first, INT32_MAX, &last) < 0)
            return false;
        c->ranges[c->range_count].first = (int32_t)first;
        c->ranges[c->range_count++].last = (int32_t)last;
    }
    return c->range_count > 0;
}

static int read_partitions(const struct strict *s, const json_t *mapping, const char *path,
                           struct kafka_config *c)
{
    scoped(free_at) char *text = NULL;
    char at[STRICT_PATH_MAX];
    int r = strict_copy(s, mapping, path, "partitionLimitation", TEXT_MAX_BYTES, &text);

    strict_path(at, path, "partitionLimitation");
    if (r == 0 && text && !c->topic)
        return strict_refuse(s, at, "%s needs a topic", at);
    if (r == 0 && text && !parse_ranges(text, c))
        return strict_refuse(s, at, "%s takes numbers and ranges such as \"1,2,5-8\"", at);
    return r;
}

static int read_group(const struct strict *s, const json_t *mapping, const char *path,
                      struct kafka_config *c)
{
    char at[STRICT_PATH_MAX];
    int r = strict_copy(s, mapping, path, "bootstrapServers", SERVERS_MAX_BYTES, &c->servers);

    if (r == 0 && strstr(c->servers, "://"))
        return strict_refuse(s, strict_path(at, path, "bootstrapServers"),
                             "%s takes brokers such as kafka-0:9092,kafka-1:9092", at);
    if (r == 0)
        r = strict_copy(s, mapping, path, "consumerGroup", NAME_MAX_BYTES, &c->group);
    if (r == 0)
        r = strict_copy(s, mapping, path, "topic", NAME_MAX_BYTES, &c->topic);
    return r == 0 ? read_partitions(s, mapping, path, c) : r;
}

static int check_rules(const struct strict *s, const char *path, const struct kafka_config *c)
{
    const struct kafka_lag_rules *r = &c->rules;

    if (r->allow_idle && r->limit_to_those_with_lag)
        return strict_refuse(
            s, path, "%s: allowIdleConsumers and limitToPartitionsWithLag exclude each other",
            path);
    if (r->even && r->limit_to_those_with_lag)
        return strict_refuse(s, path,
                             "%s: ensureEvenDistributionOfPartitions and limitToPartitionsWithLag "
                             "exclude each other",
                             path);
    if ((r->even || r->limit_to_those_with_lag) && !c->topic)
        return strict_refuse(s, path,
                             "%s: ensureEvenDistributionOfPartitions and limitToPartitionsWithLag "
                             "need a topic",
                             path);
    return 0;
}

static int read_rules(const struct strict *s, const json_t *mapping, const char *path,
                      struct kafka_config *c)
{
    struct kafka_lag_rules *rules = &c->rules;
    const struct {
        const char *name;
        bool *value;
    } flags[] = {{"allowIdleConsumers", &rules->allow_idle},
                 {"scaleToZeroOnInvalidOffset", &rules->zero_on_invalid_offset},
                 {"excludePersistentLag", &rules->exclude_persistent},
                 {"limitToPartitionsWithLag", &rules->limit_to_those_with_lag},
                 {"ensureEvenDistributionOfPartitions", &rules->even}};
    const char *policy = "latest";
    char at[STRICT_PATH_MAX];

    rules->threshold = 10;
    int r = strict_int(s, mapping, path, "lagThreshold", 1, THRESHOLD_MAX, &rules->threshold);
    if (r == 0)
        r = strict_text(s, mapping, path, "offsetResetPolicy", 16, &policy);
    rules->earliest = strcmp(policy, "earliest") == 0;
    if (r == 0 && !rules->earliest && strcmp(policy, "latest") != 0)
        return strict_refuse(s, strict_path(at, path, "offsetResetPolicy"),
                             "%s takes latest or earliest, not '%s'", at, policy);
    for (size_t i = 0; i < ARRAY_LEN(flags) && r == 0; i++)
        r = strict_bool(s, mapping, path, flags[i].name, flags[i].value);
    return r == 0 ? check_rules(s, path, c) : r;
}

static int read_sasl(const struct strict *s, const json_t *mapping, const char *path,
                     struct kafka_config *c)
{
    static const struct strict_member members[] = {
        {"mechanism", true}, {"username", true}, {"password", true}, {0}};
    static const char *const mechanisms[] = {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", NULL};
    const json_t *sasl = json_object_get(mapping, "sasl");
    char at[STRICT_PATH_MAX], password[STRICT_PATH_MAX];
    int mechanism = 0;

    if (!sasl)
        return 0;
    int r = strict_mapping(s, sasl, strict_path(at, path, "sasl"), members);
    if (r == 0)
        r = strict_choice(s, sasl, at, "mechanism", mechanisms, &mechanism);
    if (r == 0)
        r = strict_copy(s, sasl, at, "username", TEXT_MAX_BYTES, &c->username);
    c->mechanism = mechanisms[mechanism];
    return r == 0 ? secret_read_config(s, json_object_get(sasl, "password"),
                                       strict_path(password, at, "password"), &c->password)
                  : r;
}

static int read_tls(const struct strict *s, const json_t *mapping, const char *path,
                    struct kafka_config *c)
{
    c->has_tls = json_object_get(mapping, "tls");
    return tls_files_read_config(s, mapping, path, &c->tls);
}

int kafka_config_read(const struct strict *s, const json_t *mapping, const char *path,
                      struct source *ret)
{
    static const struct strict_member members[] = {{"bootstrapServers", true},
                                                   {"consumerGroup", true},
                                                   {"topic", false},
                                                   {"partitionLimitation", false},
                                                   {"lagThreshold", false},
                                                   {"offsetResetPolicy", false},
                                                   {"allowIdleConsumers", false},
                                                   {"scaleToZeroOnInvalidOffset", false},
                                                   {"excludePersistentLag", false},
                                                   {"limitToPartitionsWithLag", false},
                                                   {"ensureEvenDistributionOfPartitions", false},
                                                   {"sasl", false},
                                                   {"tls", false},
                                                   {"timeout", false},
                                                   {0}};
    static int (*const steps[])(const struct strict *, const json_t *, const char *,
                                struct kafka_config *) = {read_group, read_rules, read_sasl,
                                                          read_tls};
    struct kafka_config *c = ret->settings = calloc(1, sizeof(*c));
    int r =
        c ? strict_mapping(s, mapping, path, members) : err_set(s->err, -ENOMEM, "out of memory");

    ret->timeout_ns = KAFKA_TIMEOUT_DEFAULT_NS;
    for (size_t i = 0; i < ARRAY_LEN(steps) && r == 0; i++)
        r = steps[i](s, mapping, path, c);
    if (r == 0)
        r = source_read_timeout(s, mapping, path, ret);
    if (r < 0)
        return r;
    if (asprintf(&ret->shown_as, "Kafka at %s", c->servers) < 0)
        ret->shown_as = NULL;
    return ret->shown_as ? 0 : err_set(s->err, -ENOMEM, "out of memory");
}

bool kafka_config_wants(const struct kafka_config *c, int32_t partition)
{
    for (size_t i = 0; i < c->range_count; i++)
        if (partition >= c->ranges[i].first && partition <= c->ranges[i].last)
            return true;
    return c->range_count == 0;
}

/* ---- the client ---- */

static bool set(rd_kafka_conf_t *conf, const char *name, const char *value, char *why, size_t size)
{
    return !value || rd_kafka_conf_set(conf, name, value, why, size) == RD_KAFKA_CONF_OK;
}

static const char *protocol(const struct kafka_config *c)
{
    if (c->mechanism)
        return c->has_tls ? "sasl_ssl" : "sasl_plaintext";
    return c->has_tls ? "ssl" : "plaintext";
}

/* It never joins the group: it only asks what that has committed. */
int kafka_config_connect(const struct kafka_config *c, const char *password, rd_kafka_t **ret,
                         struct err *err)
{
    char why[256] = "";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    bool good = set(conf, "bootstrap.servers", c->servers, why, sizeof(why)) &&
                set(conf, "group.id", c->group, why, sizeof(why)) &&
                set(conf, "client.id", "swell-adapter", why, sizeof(why)) &&
                set(conf, "enable.auto.commit", "false", why, sizeof(why)) &&
                set(conf, "allow.auto.create.topics", "false", why, sizeof(why)) &&
                set(conf, "log_level", "0", why, sizeof(why)) &&
                set(conf, "security.protocol", protocol(c), why, sizeof(why)) &&
                set(conf, "sasl.mechanism", c->mechanism, why, sizeof(why)) &&
                set(conf, "sasl.username", c->username, why, sizeof(why)) &&
                set(conf, "sasl.password", password, why, sizeof(why)) &&
                set(conf, "ssl.ca.location", c->tls.ca, why, sizeof(why)) &&
                set(conf, "ssl.certificate.location", c->tls.cert, why, sizeof(why)) &&
                set(conf, "ssl.key.location", c->tls.key, why, sizeof(why)) &&
                set(conf, "enable.ssl.certificate.verification",
                    c->tls.insecure_skip_verify ? "false" : NULL, why, sizeof(why));
    rd_kafka_t *client = good ? rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why)) : NULL;

    if (client) { /* owns conf now */
        *ret = client;
        return 0;
    }
    rd_kafka_conf_destroy(conf);
    return err_set(err, -EINVAL, "cannot be asked: %s", why);
}

void kafka_config_help(FILE *out)
{
    (void)fputs("      kafka:                  how far a consumer group is behind\n"
                "        bootstrapServers: kafka-0:9092,kafka-1:9092\n"
                "        consumerGroup: workers\n"
                "        topic: orders         absent: all of which the group has offsets\n"
                "        partitionLimitation: 1,2,5-8\n"
                "        lagThreshold: 10      lag per consumer, for the limits below; default 10\n"
                "        offsetResetPolicy: latest     or earliest: what a partition without an\n"
                "                              offset counts (1, or all that is in it)\n"
                "        scaleToZeroOnInvalidOffset: false     true: such a partition counts 0\n"
                "        excludePersistentLag: false   true: not what nobody works on\n"
                "        allowIdleConsumers: false     true: no limit by the number of partitions\n"
                "        limitToPartitionsWithLag: false\n"
                "        ensureEvenDistributionOfPartitions: false\n"
                "        sasl: {mechanism: SCRAM-SHA-512, username: u, password: {file: p}}\n"
                "        tls: {caFile: ca.pem, certFile: c.pem, keyFile: k.pem,\n"
                "              insecureSkipVerify: true}       tls: {} uses the system's CAs\n"
                "        timeout: 5s           of all requests of a poll; default 5s\n",
                out);
}
