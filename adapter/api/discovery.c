// SPDX-License-Identifier: MIT
#include "adapter/api/discovery.h"

#include "adapter/api/accept.h"
#include "adapter/api/discovery_documents.h"
#include "adapter/forward/question.h"
#include "base/scoped.h"
#include "kube/status.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define AGGREGATED(v) "application/json;g=apidiscovery.k8s.io;v=" v ";as=APIGroupDiscoveryList"

struct discovery {
    pthread_mutex_t lock; /* guards both pointers */
    struct documents *all;
    struct documents *ours; /* without what another adapter has; maybe the same */
};

struct discovery *discovery_new(void)
{
    struct discovery *d = calloc(1, sizeof(*d));

    if (d)
        pthread_mutex_init(&d->lock, NULL);
    return d;
}

void discovery_free(struct discovery *d)
{
    if (!d)
        return;
    documents_unref(d->all);
    documents_unref(d->ours);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

static struct documents *make_ours(const struct discovery_input *input, struct documents *all)
{
    struct metric_conflicts none[PASS_GROUPS];
    struct discovery_input ours = *input;

    if (!input->others[PASS_EXTERNAL] && !input->others[PASS_CUSTOM])
        return documents_ref(all);
    memset(ours.others, 0, sizeof(ours.others));
    return documents_new(&ours, none);
}

int discovery_set(struct discovery *d, const struct discovery_input *input,
                  struct metric_conflicts ret_conflicts[PASS_GROUPS])
{
    struct documents *all = documents_new(input, ret_conflicts);
    struct documents *ours = all ? make_ours(input, all) : NULL;

    if (!ours) {
        documents_unref(all);
        return -ENOMEM;
    }
    pthread_mutex_lock(&d->lock);
    struct documents *const old[] = {d->all, d->ours};
    d->all = all;
    d->ours = ours;
    pthread_mutex_unlock(&d->lock);
    documents_unref(old[0]);
    documents_unref(old[1]);
    return 0;
}

static struct documents *newest_for(struct discovery *d, const struct http_request *r)
{
    bool from_adapter = question_is_passed_on(r);

    pthread_mutex_lock(&d->lock);
    struct documents *documents = documents_ref(from_adapter ? d->ours : d->all);
    pthread_mutex_unlock(&d->lock);
    return documents;
}

/* Whether the client has this document: If-None-Match names its tag among others, or is a *. */
static bool is_known(const struct http_request *r, const char *etag)
{
    const char *tags = http_header(r, "If-None-Match");

    return tags && (strstr(tags, etag) || strcmp(tags, "*") == 0);
}

static struct http_reply reply_with(const struct document *document, const char *content_type,
                                    const struct http_request *r)
{
    /* The server copies headers when it has the reply, in this thread; the document may be gone. */
    static _Thread_local char etag[sizeof(document->etag)];
    struct http_reply reply;

    if (!document->text)
        return status_replyf(404, "nothing is served at %.200s", r->path);
    memcpy(etag, document->etag, sizeof(etag));
    if (is_known(r, etag)) {
        reply = http_reply_static(304, content_type, "", 0);
    } else {
        char *copy = malloc(document->len + 1);
        if (!copy)
            return status_reply(500, "out of memory");
        memcpy(copy, document->text, document->len + 1);
        reply = http_reply_take(200, content_type, copy, document->len);
    }
    reply.headers[0] = (struct http_pair){"ETag", etag};
    reply.headers[1] = (struct http_pair){"Vary", "Accept"};
    return reply;
}

static struct http_reply not_made(void)
{
    return status_reply(503, "the list of metrics is not made yet");
}

static struct http_reply serve(struct discovery *d, const struct http_request *r,
                               enum document_id id, const char *content_type)
{
    struct documents *documents = newest_for(d, r);

    if (!documents)
        return not_made();
    struct http_reply reply = reply_with(&documents->of[id], content_type, r);
    documents_unref(documents);
    return reply;
}

static struct http_reply serve_aggregated_beta(struct discovery *d, const struct http_request *r)
{
    struct documents *documents = newest_for(d, r);
    struct document beta;

    if (!documents)
        return not_made();
    int made = documents_aggregated_beta(documents, &beta);
    documents_unref(documents);
    if (made < 0)
        return json_reply(500, NULL);
    struct http_reply reply = reply_with(&beta, AGGREGATED("v2beta1"), r);
    free(beta.text);
    return reply;
}

static struct http_reply serve_groups(void *app, const struct http_request *r)
{
    static const struct accept_form forms[] = {
        {0},
        {"APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2"},
        {"APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2beta1"}};
    size_t form;

    if (!accept_choose(r, forms, ARRAY_LEN(forms), &form))
        return accept_refusal();
    switch (form) {
    case 0:
        return serve(app, r, DOCUMENT_GROUPS, "application/json");
    case 1:
        return serve(app, r, DOCUMENT_AGGREGATED, AGGREGATED("v2"));
    default:
        return serve_aggregated_beta(app, r);
    }
}

#define SERVE(name, id)                                                                            \
    static struct http_reply name(void *app, const struct http_request *r)                         \
    {                                                                                              \
        return accept_json(r) ? serve(app, r, id, "application/json") : accept_refusal();          \
    }
SERVE(serve_external, DOCUMENT_EXTERNAL)
SERVE(serve_external_v1beta1, DOCUMENT_EXTERNAL_V1BETA1)
SERVE(serve_custom, DOCUMENT_CUSTOM)
SERVE(serve_custom_v1beta1, DOCUMENT_CUSTOM_V1BETA1)
SERVE(serve_custom_v1beta2, DOCUMENT_CUSTOM_V1BETA2)
SERVE(serve_resource, DOCUMENT_RESOURCE)
SERVE(serve_resource_v1beta1, DOCUMENT_RESOURCE_V1BETA1)

#define METRICS_HELP "APIResourceList: the metrics. Never waits for a source."

const struct http_route discovery_routes[] = {
    {"GET", "/apis", serve_groups,
     "APIGroupList: the API groups served here; or APIGroupDiscoveryList, the metrics of all of "
     "them, when Accept asks for it. All of these have an ETag."},
    {"GET", "/apis/" EXTERNAL_GROUP, serve_external, "APIGroup: its versions."},
    {"GET", "/apis/" EXTERNAL_GROUP "/v1beta1", serve_external_v1beta1, METRICS_HELP},
    {"GET", "/apis/" CUSTOM_GROUP, serve_custom, "APIGroup: its versions."},
    {"GET", "/apis/" CUSTOM_GROUP "/v1beta1", serve_custom_v1beta1, METRICS_HELP},
    {"GET", "/apis/" CUSTOM_GROUP "/v1beta2", serve_custom_v1beta2, METRICS_HELP},
    {"GET", "/apis/" RESOURCE_GROUP, serve_resource,
     "APIGroup: its versions. 404 without resource metrics."},
    {"GET", "/apis/" RESOURCE_GROUP "/v1beta1", serve_resource_v1beta1,
     "APIResourceList: nodes and pods."},
};
const size_t discovery_route_count = ARRAY_LEN(discovery_routes);
