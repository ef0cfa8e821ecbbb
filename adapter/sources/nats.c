// SPDX-License-Identifier: MIT
#include "adapter/sources/nats.h"

#include "adapter/sources/endpoint.h"
#include "base/err.h"
#include "base/scoped.h"
#include "kube/jpath.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX (8 * MIB)
#define NAME_MAX_BYTES 255
#define HOST_MAX 256
#define SERVERS_MAX 8

struct nats {
    struct endpoint *endpoint;
    char *account, *stream, *consumer;
};

struct memory {
    char servers[SERVERS_MAX][HOST_MAX]; /* host:port of monitors; the first is the url's */
    char names[SERVERS_MAX][HOST_MAX];   /* what they call themselves; "": not known */
    size_t count;
    size_t leader; /* where the next poll begins: where the last one found its value */

    /* Of the poll that is under way. */
    size_t server, tried;
    bool asks_name;        /* /varz, not /jsz */
    char wanted[HOST_MAX]; /* the leader's name, as this server says */
    struct sample sample;  /* what this server says, should it be the leader */
};

static void done(void *settings)
{
    struct nats *n = settings;

    if (!n)
        return;
    endpoint_unref(n->endpoint);
    free(n->account);
    free(n->stream);
    free(n->consumer);
    free(n);
}

static int keep(const struct strict *s, const json_t *mapping, const char *path, const char *name,
                char **ret)
{
    const char *text = "$G";
    int r = strict_text(s, mapping, path, name, NAME_MAX_BYTES, &text);

    if (r < 0)
        return r;
    *ret = strdup(text);
    return *ret ? 0 : err_set(s->err, -ENOMEM, "out of memory");
}

static int read_config(const struct strict *s, const json_t *mapping, const char *path,
                       struct source *ret)
{
    static const struct strict_member members[] = {
        ENDPOINT_MEMBERS, {"account", false}, {"stream", true}, {"consumer", true}, {0}};
    struct nats *n = ret->settings = calloc(1, sizeof(*n));

    if (!n)
        return err_set(s->err, -ENOMEM, "out of memory");
    int r = strict_mapping(s, mapping, path, members);
    if (r == 0)
        r = endpoint_read_config(s, mapping, path, &n->endpoint);
    if (r == 0)
        r = keep(s, mapping, path, "account", &n->account);
    if (r == 0)
        r = keep(s, mapping, path, "stream", &n->stream);
    if (r == 0)
        r = keep(s, mapping, path, "consumer", &n->consumer);
    if (r < 0)
        return r;
    ret->timeout_ns = endpoint_timeout_ns(n->endpoint);
    if (asprintf(&ret->shown_as, "NATS at %s", endpoint_host(n->endpoint)) < 0)
        ret->shown_as = NULL;
    return ret->shown_as ? 0 : err_set(s->err, -ENOMEM, "out of memory");
}

/* ---- requests ---- */

static void begin(const struct nats *n, struct memory *m)
{
    if (m->count == 0)
        (void)snprintf(m->servers[m->count++], HOST_MAX, "%s", endpoint_host(n->endpoint));
    m->server = m->leader;
    m->leader = (m->leader + 1) % m->count; /* should this one not answer at all */
    m->tried = 0;
    m->asks_name = false;
}

static int request(const struct source *s, struct source_poll *p, struct source_request *ret,
                   struct err *err)
{
    const struct nats *n = s->settings;
    const struct label parameters[] = {
        {"acc", n->account}, {"consumers", "true"}, {"config", "true"}};
    struct memory *m = p->memory;

    if (p->step == 0)
        begin(n, m);
    ret->call.headers[0] = "Accept: application/json";
    return m->asks_name
               ? endpoint_request_at(n->endpoint, m->servers[m->server], "/varz", NULL, 0, ret, err)
               : endpoint_request_at(n->endpoint, m->servers[m->server], "/jsz", parameters,
                                     ARRAY_LEN(parameters), ret, err);
}

/* ---- answers ---- */

/* The object in the list whose member has that value. */
static const json_t *find(const json_t *list, const char *member, const char *value)
{
    const json_t *item;
    size_t i;

    json_array_foreach (list, i, item) {
        if (strcmp(jpath_str(item, member, ""), value) == 0)
            return item;
    }
    return NULL;
}

static const json_t *find_consumer(const struct nats *n, const json_t *doc, struct err *err)
{
    const json_t *accounts = json_object_get(doc, "account_details");
    const json_t *account = find(accounts, "name", n->account);

    if (!account)
        account = find(accounts, "id", n->account);
    const json_t *stream = find(json_object_get(account, "stream_detail"), "name", n->stream);
    const json_t *consumer = find(json_object_get(stream, "consumer_detail"), "name", n->consumer);
    if (!account)
        (void)err_set(err, -ENOMSG, "has no account '%s' with streams", n->account);
    else if (!stream)
        (void)err_set(err, -ENOMSG, "has no stream '%s' in account '%s'", n->stream, n->account);
    else if (!consumer)
        (void)err_set(err, -ENOMSG, "has no consumer '%s' of stream '%s'", n->consumer, n->stream);
    return consumer;
}

static int accept_sample(struct memory *m, struct samples *ret, struct err *err)
{
    m->leader = m->server;
    int r = samples_add(ret, &m->sample);
    return r == 0 ? 0 : err_set(err, r, "cannot be read: out of memory");
}

/* Another server, or the error that err holds when all were asked. */
static int ask_next(struct memory *m, int code, struct err *err)
{
    if (++m->tried >= m->count)
        return code < 0 ? code
                        : err_set(err, -ENOMSG, "has no server among %zu that leads the consumer",
                                  m->count);
    m->server = (m->server + 1) % m->count;
    m->asks_name = false;
    return SOURCE_ASK_AGAIN;
}

static int read_numbers(const json_t *consumer, struct sample *sample)
{
    const json_t *pending = json_object_get(consumer, "num_pending");
    const json_t *unacknowledged = json_object_get(consumer, "num_ack_pending");

    if (!json_is_number(pending) || !json_is_number(unacknowledged))
        return -EINVAL;
    *sample = (struct sample){0};
    sample_set_number(sample, json_number_value(pending) + json_number_value(unacknowledged));
    return 0;
}

static int read_jsz(const struct nats *n, struct memory *m, const json_t *doc, struct samples *ret,
                    struct err *err)
{
    bool cluster = jpath_double(doc, "meta_cluster.cluster_size", 1) > 1;
    const json_t *consumer = find_consumer(n, doc, err);

    m->wanted[0] = '\0';
    if (consumer && read_numbers(consumer, &m->sample) < 0)
        return err_set(err, -ENOMSG, "answers what is no state of a consumer");
    if (consumer)
        (void)snprintf(m->wanted, HOST_MAX, "%s", jpath_str(consumer, "cluster.leader", ""));
    if (!cluster || (consumer && m->wanted[0] && strcmp(m->wanted, m->names[m->server]) == 0))
        return consumer ? accept_sample(m, ret, err) : -ENOMSG;
    if (m->names[m->server][0])
        return ask_next(m, consumer ? 0 : -ENOMSG, err);
    m->asks_name = true;
    return SOURCE_ASK_AGAIN;
}

static bool is_known(const struct memory *m, const char *host)
{
    for (size_t i = 0; i < m->count; i++)
        if (strcmp(m->servers[i], host) == 0)
            return true;
    return false;
}

/* urls are "host:port" or "scheme://host:port" of other listeners: the host counts, with the port
 * of our url. */
static void learn_servers(const struct nats *n, struct memory *m, const json_t *urls)
{
    const char *port = strrchr(endpoint_host(n->endpoint), ':');
    char host[HOST_MAX];
    const json_t *url;
    size_t i;

    json_array_foreach (urls, i, url) {
        const char *text = json_is_string(url) ? json_string_value(url) : "";
        const char *scheme = strstr(text, "://"), *start = scheme ? scheme + 3 : text;
        size_t len = *start == '[' ? strcspn(start, "]") + 1 : strcspn(start, ":/");
        if (len < 2 || m->count == SERVERS_MAX)
            continue;
        int size = snprintf(host, sizeof(host), "%.*s%s", (int)len, start, port ? port : "");
        if (size < (int)sizeof(host) && !host[strcspn(host, " \t\r\n@?#/")] && !is_known(m, host))
            (void)strcpy(m->servers[m->count++], host);
    }
}

static int read_varz(const struct nats *n, struct memory *m, const json_t *doc, struct samples *ret,
                     struct err *err)
{
    (void)snprintf(m->names[m->server], HOST_MAX, "%s", jpath_str(doc, "server_name", "?"));
    learn_servers(n, m, jpath(doc, "cluster.urls"));
    learn_servers(n, m, jpath(doc, "connect_urls"));
    if (m->wanted[0] && strcmp(m->wanted, m->names[m->server]) == 0)
        return accept_sample(m, ret, err);
    return ask_next(m, 0, err);
}

static int read_answer(const struct source *s, struct source_poll *p, int status,
                       const struct buf *body, struct samples *ret, struct err *err)
{
    const struct nats *n = s->settings;
    json_auto_t *doc = NULL;
    int r = endpoint_read_answer(status, body, &doc, err);

    if (r < 0)
        return r;
    struct memory *m = p->memory;
    return m->asks_name ? read_varz(n, m, doc, ret, err) : read_jsz(n, m, doc, ret, err);
}

static void help(FILE *out)
{
    (void)fputs("      nats:                   a JetStream consumer, by the monitoring endpoint\n"
                "        url: http://nats:8222\n"
                "        account: $G           name or id; default $G\n"
                "        stream: ORDERS\n"
                "        consumer: workers\n",
                out);
}

const struct source_kind nats_kind = {
    .name = "nats",
    .read_config = read_config,
    .done = done,
    .request = request,
    .read_answer = read_answer,
    .body_max = BODY_MAX,
    .memory_size = sizeof(struct memory),
    .help = help,
};
