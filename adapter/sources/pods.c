// SPDX-License-Identifier: MIT
#include "adapter/sources/pods.h"

#include "adapter/config_fields.h"
#include "adapter/pod_watch.h"
#include "adapter/sources/endpoint.h"
#include "adapter/sources/scrape.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "http/fetch.h"
#include "kube/selector.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PATH_MAX_BYTES 512
#define PORT_NAME_MAX_BYTES 15

struct settings {
    struct endpoint *endpoint; /* whose host is each pod's */
    struct scrape_wish wish;
    char *namespace, *service, *selector, *port; /* as pod_choice */
};

struct scraped { /* a pod */
    char *uid;
    struct scrape_memory memory;
    bool failed; /* the last time */
};

struct memory {
    struct fetcher *fetcher;
    struct scraped *pods; /* sorted by uid */
    size_t count;
};

static void done(void *settings)
{
    struct settings *s = settings;

    if (!s)
        return;
    endpoint_unref(s->endpoint);
    scrape_wish_done(&s->wish);
    free(s->namespace);
    free(s->service);
    free(s->selector);
    free(s->port);
    free(s);
}

static void forget(struct scraped *pods, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(pods[i].uid);
        scrape_memory_done(&pods[i].memory);
    }
    free(pods);
}

static void memory_done(void *memory)
{
    struct memory *m = memory;

    fetcher_free(m->fetcher);
    forget(m->pods, m->count);
}

/* ---- configuration ---- */

static int no_memory(const struct strict *s)
{
    return err_set(s->err, -ENOMEM, "out of memory");
}

static int read_selector(const struct strict *s, const json_t *mapping, const char *path,
                         struct settings *ret)
{
    struct selector *selector = NULL;
    char at[STRICT_PATH_MAX];
    struct err why = {0};
    int r = strict_copy(s, mapping, path, "selector", POD_SELECTOR_MAX_BYTES, &ret->selector);

    if (r < 0 || !ret->selector)
        return r;
    r = selector_parse(ret->selector, &selector, &why);
    selector_free(selector);
    return r == -EINVAL
               ? strict_refuse(s, strict_path(at, path, "selector"), "%s: %s", at, why.text)
               : r;
}

static int read_choice(const struct strict *s, const json_t *mapping, const char *path,
                       struct settings *ret)
{
    const char *namespace = NULL, *service = NULL;
    int r = config_read_namespace(s, mapping, path, &namespace);

    if (r == 0)
        r = config_read_dns_label(s, mapping, path, "service", &service);
    if (r == 0)
        r = read_selector(s, mapping, path, ret);
    if (r < 0)
        return r;
    if (!service == !ret->selector)
        return strict_refuse(s, path, "%s takes either service or selector", path);
    ret->namespace = strdup(namespace);
    ret->service = service ? strdup(service) : NULL;
    return ret->namespace && (ret->service || !service) ? 0 : no_memory(s);
}

/* A number, or the name of a port: an IANA service name. */
static int read_port(const struct strict *s, const json_t *mapping, const char *path,
                     struct settings *ret)
{
    const json_t *port = json_object_get(mapping, "port");
    char at[STRICT_PATH_MAX];
    int64_t number = 0;
    int r;

    if (!json_is_integer(port)) {
        r = strict_copy(s, mapping, path, "port", PORT_NAME_MAX_BYTES, &ret->port);
        if (r == 0 && ret->port &&
            ret->port[strspn(ret->port, "abcdefghijklmnopqrstuvwxyz0123456789-")])
            return strict_refuse(s, strict_path(at, path, "port"),
                                 "%s takes a number or the name of a port", at);
        return r;
    }
    r = strict_int(s, mapping, path, "port", 1, 65535, &number);
    if (r < 0)
        return r;
    if (asprintf(&ret->port, "%" PRId64, number) >= 0)
        return 0;
    ret->port = NULL;
    return no_memory(s);
}

/* Of printable ASCII, as endpoint.h wants it. */
static bool is_path(const char *text)
{
    for (const char *c = text; *c; c++)
        if (*c <= ' ' || *c >= 0x7f)
            return false;
    return text[0] == '/';
}

/* With an address whose host is a word that every pod's own replaces. */
static int read_endpoint(const struct strict *s, const json_t *mapping, const char *path,
                         struct settings *ret)
{
    static const char *const schemes[] = {"http", "https", NULL};
    const char *page = "/metrics";
    scoped(free_at) char *url = NULL;
    char at[STRICT_PATH_MAX];
    int scheme = 0;

    int r = strict_choice(s, mapping, path, "scheme", schemes, &scheme);
    if (r == 0)
        r = strict_text(s, mapping, path, "path", PATH_MAX_BYTES, &page);
    if (r < 0)
        return r;
    if (!is_path(page))
        return strict_refuse(s, strict_path(at, path, "path"), "%s takes a path such as /metrics",
                             at);
    if (asprintf(&url, "%s://pod%s", schemes[scheme], page) < 0) {
        url = NULL;
        return no_memory(s);
    }
    return endpoint_read_options(s, mapping, path, url, &ret->endpoint);
}

static int show(const struct strict *s, const struct settings *settings, struct source *ret)
{
    int r = settings->service ? asprintf(&ret->shown_as, "scrape of service %s/%s",
                                         settings->namespace, settings->service)
                              : asprintf(&ret->shown_as, "scrape of pods %s in %s",
                                         settings->selector, settings->namespace);

    if (r >= 0)
        return 0;
    ret->shown_as = NULL;
    return no_memory(s);
}

static int read_config(const struct strict *s, const json_t *mapping, const char *path,
                       struct source *ret)
{
    static const struct strict_member members[] = {
        ENDPOINT_OPTIONS,   SCRAPE_WISH_MEMBERS, {"namespace", true},
        {"service", false}, {"selector", false}, {"port", false},
        {"scheme", false},  {"path", false},     {0}};
    static int (*const steps[])(const struct strict *s, const json_t *mapping, const char *path,
                                struct settings *ret) = {read_choice, read_port, read_endpoint};
    struct settings *settings = ret->settings = calloc(1, sizeof(*settings));

    if (!settings)
        return no_memory(s);
    int r = strict_mapping(s, mapping, path, members);
    for (size_t i = 0; i < ARRAY_LEN(steps) && r == 0; i++)
        r = steps[i](s, mapping, path, settings);
    if (r == 0)
        r = scrape_wish_read_config(s, mapping, path, &settings->wish);
    if (r < 0)
        return r;
    ret->timeout_ns = endpoint_timeout_ns(settings->endpoint);
    return show(s, settings, ret);
}

/* ---- what is kept of pods ---- */

static int uid_of_scraped(const void *key, const void *scraped)
{
    return strcmp(key, ((const struct scraped *)scraped)->uid);
}

/* Keeps what is known of the pods of the list, and forgets the others. -ENOMEM. */
static int remember(struct memory *m, const struct pod_list *list)
{
    struct scraped *pods = calloc(list->count + 1, sizeof(*pods));
    size_t count = 0;

    if (!pods)
        return -ENOMEM;
    for (; count < list->count; count++) {
        const char *uid = list->items[count].uid;
        struct scraped *known =
            m->count ? bsearch(uid, m->pods, m->count, sizeof(*m->pods), uid_of_scraped) : NULL;
        pods[count].uid = strdup(uid);
        if (!pods[count].uid) {
            forget(pods, count);
            return -ENOMEM;
        }
        if (known) {
            pods[count].memory = known->memory;
            pods[count].failed = known->failed;
            known->memory = (struct scrape_memory){0};
        }
    }
    forget(m->pods, m->count);
    m->pods = pods;
    m->count = count;
    return 0;
}

/* ---- one poll ---- */

struct visit { /* to a pod */
    struct round *round;
    const struct pod *pod;
    struct scraped *scraped;
    struct sample sample;
    bool has_value; /* else sample.fault says why, or it has none yet */
};

struct round {
    const struct source *source;
    struct fetcher *fetcher;
    struct visit *visits;
    size_t count, running, failed, not_yet;
    uint64_t deadline_ns;
    struct err first; /* why the first of those that failed did */
};

static void note_failure(struct visit *v, const char *fault, const struct err *why)
{
    struct round *round = v->round;

    v->sample.fault = fault;
    v->scraped->failed = true;
    if (round->failed++ == 0)
        (void)err_set(&round->first, -EIO, "%s %s", v->pod->name, why->text);
}

/* The series of a pod become one value. */
static int add_up(struct samples *series, struct visit *v, struct err *err)
{
    static const struct combining sum = {.how = COMBINE_SUM};
    struct samples *total = NULL;

    if (samples_count(series) == 0)
        return 0;
    int r = samples_combine(series, &sum, &total, err);
    if (r == 0) {
        v->sample.value_milli = samples_at(total, 0)->value_milli;
        v->has_value = true;
    }
    samples_unref(total);
    return r;
}

static int read_page(struct visit *v, int status, const struct buf *body, struct err *err)
{
    const struct settings *settings = v->round->source->settings;
    struct samples *series = samples_new();
    int r = series ? endpoint_check_status(status, err)
                   : err_set(err, -ENOMEM, "cannot be read: out of memory");

    if (r == 0)
        r = scrape_read(&settings->wish, &v->scraped->memory, body, clock_mono_ns(), series, err);
    if (r == 0)
        r = add_up(series, v, err);
    samples_unref(series);
    return r;
}

static void on_page(void *arg, int result, int status, const struct buf *body,
                    const struct err *report)
{
    struct visit *v = arg;
    struct err why = {0};

    v->round->running--;
    if (result < 0) {
        (void)source_explain_transport(v->round->source, result, report, &why);
        note_failure(v, "missing: the pod does not answer", &why);
        return;
    }
    result = read_page(v, status, body, &why);
    if (result == SOURCE_NOT_YET)
        v->round->not_yet++;
    else if (result < 0)
        note_failure(v, "missing: the pod's answer is none that counts", &why);
    v->scraped->failed = result < 0;
}

static void start(struct visit *v)
{
    const struct settings *settings = v->round->source->settings;
    scoped(source_request_done) struct source_request request = {0};
    uint64_t now_ns = clock_mono_ns();
    struct err why = {0};
    int64_t id;

    if (!v->pod->host[0]) {
        (void)err_set(&why, -ENOENT, "has no such port, or it is not said which of several");
        note_failure(v, "missing: the pod has no such port", &why);
        return;
    }
    request.call.headers[0] = SCRAPE_ACCEPT;
    request.call.timeout_ns = v->round->deadline_ns > now_ns ? v->round->deadline_ns - now_ns : 1;
    id = endpoint_request_at(settings->endpoint, v->pod->host, NULL, NULL, 0, &request, &why);
    if (id == 0)
        id = fetcher_start(v->round->fetcher, &request.call, PODS_BODY_MAX, on_page, v);
    if (id > 0) {
        v->round->running++;
        return;
    }
    if (!why.text[0])
        (void)err_set(&why, (int)id,
                      "cannot be asked: out of memory, or its bearer token fits no "
                      "header");
    note_failure(v, "missing: the pod cannot be asked", &why);
}

static void wait_for_fewer(struct round *round, size_t running)
{
    while (round->running > running)
        fetcher_wait(round->fetcher, NULL, 0, round->source->timeout_ns);
}

/* Those that answered the last time come first, so that pods which hang keep nobody waiting. */
static void visit_all(struct round *round)
{
    for (int failed = 0; failed <= 1; failed++)
        for (size_t i = 0; i < round->count; i++) {
            struct visit *v = &round->visits[i];
            if (v->round || v->scraped->failed != failed)
                continue;
            v->round = round;
            wait_for_fewer(round, PODS_SIDE_BY_SIDE - 1);
            start(v);
        }
    wait_for_fewer(round, 0);
}

static int add_samples(const struct round *round, const char *namespace, struct samples *ret)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < round->count; i++) {
        const struct visit *v = &round->visits[i];
        const struct label labels[] = {{"namespace", namespace}, {"pod", v->pod->name}};
        struct sample sample = v->sample;
        sample.labels = labels;
        sample.label_count = ARRAY_LEN(labels);
        if (v->has_value || sample.fault)
            r = samples_add(ret, &sample);
    }
    return r;
}

/* What the pods said, as source_kind.ask returns it. */
static int conclude(const struct round *round, struct samples *ret, struct err *err)
{
    const struct settings *settings = round->source->settings;

    if (round->count && round->failed == round->count)
        return err_set(err, -EIO, "has no value: none of its %zu pods can be read (%s)",
                       round->count, round->first.text);
    if (round->not_yet && round->not_yet + round->failed == round->count)
        return SOURCE_NOT_YET;
    int r = add_samples(round, settings->namespace, ret);
    return r == 0 ? 0 : err_set(err, r, "cannot be read: out of memory");
}

static int ask_pods(const struct source *s, struct source_poll *p, const struct pod_list *list,
                    struct samples *ret, struct err *err)
{
    struct memory *m = p->memory;
    struct round round = {.source = s, .count = list->count};

    if (!m->fetcher)
        m->fetcher = fetcher_new();
    scoped(free_at) struct visit *visits = calloc(list->count + 1, sizeof(*visits));
    if (!m->fetcher || !visits || remember(m, list) < 0)
        return err_set(err, -ENOMEM, "cannot be asked: out of memory");
    for (size_t i = 0; i < list->count; i++)
        visits[i] = (struct visit){.pod = &list->items[i], .scraped = &m->pods[i]};
    round.fetcher = m->fetcher;
    round.visits = visits;
    round.deadline_ns = p->started_ns + s->timeout_ns;
    visit_all(&round);
    return conclude(&round, ret, err);
}

static int ask(const struct source *s, struct source_poll *p, struct samples *ret, struct err *err)
{
    const struct settings *settings = s->settings;
    const struct pod_choice choice = {settings->namespace, settings->service, settings->selector,
                                      settings->port};
    scoped(pod_list_done) struct pod_list list = {0};
    struct err why = {"there is no API server to ask which pods there are (--lister-kubeconfig)"};
    int r = -EAGAIN;

    if (p->pods.find)
        r = p->pods.find(p->pods.arg, &choice, p->started_ns + s->timeout_ns, &list, &why);
    if (r < 0)
        return err_set(err, r, "has no list of pods: %s", why.text);
    if (list.count > PODS_MAX)
        return err_set(err, -E2BIG, "has %zu pods, and no more than %d are asked", list.count,
                       PODS_MAX);
    return ask_pods(s, p, &list, ret, err);
}

static void help(FILE *out)
{
    (void)fputs(
        "      pods:                   the /metrics page of each pod; a value for each, with\n"
        "                              the labels namespace and pod\n"
        "        namespace: shop\n"
        "        service: web          the pods behind it that are ready\n"
        "        selector: app=web     instead of service: those with these labels\n"
        "        port: metrics         a name or a number; default: the only one\n"
        "        scheme: http          or https; default http\n"
        "        path: /metrics\n" SCRAPE_WISH_HELP,
        out);
}

const struct source_kind pods_kind = {
    .name = "pods",
    .read_config = read_config,
    .done = done,
    .ask = ask,
    .finds_pods = true,
    .body_max = PODS_BODY_MAX,
    .memory_size = sizeof(struct memory),
    .memory_done = memory_done,
    .help = help,
};
