// SPDX-License-Identifier: MIT
/* question: a read of values that another adapter is asked for, and what its answer is worth.
 *
 * The other adapter asks the API server whether *we* may read this. Who asked us was let in for the
 * resource that the path names (auth/attributes.h), so the path that is sent must name the same
 * one: paths that Kubernetes reads in two ways, or that an HTTP library would shorten, are not
 * passed on. Neither is what was passed on before (RFC 9110, section 7.6.3: Via), so that two
 * adapters that ask each other do not go on for ever. Of the request only the path and the
 * selectors are sent: no header, and so no credential of who asks.
 *
 * An answer is passed on as it is, or not at all. Any thread. */
#ifndef ADAPTER_FORWARD_QUESTION_H
#define ADAPTER_FORWARD_QUESTION_H

#include "adapter/config_pass_through.h"
#include "http/server.h"

#define QUESTION_ANSWER_MAX ((size_t)1024 * 1024) /* bytes: some 3,000 pods */

struct question {                                 /* {0} is empty; question_done releases it */
    char *path;                                   /* as it is sent */
    char *metric;                                 /* its name, for people */
    char *group_version;                          /* "external.metrics.k8s.io/v1beta1" */
    const char *kind;                             /* of a good answer */
    char *label_selector, *metric_label_selector; /* "": none */
};

/* Whether another adapter sent it. */
bool question_is_passed_on(const struct http_request *r);

/* A request for values: 0; -EINVAL with why it is not passed on; or -ENOMEM. */
int question_read(const struct http_request *r, struct question *ret, struct err *err);
void question_done(struct question *q);

/* Fills in the request. Errors follow the other adapter's name. */
int question_request(const struct question *q, const struct endpoint *other,
                     struct source_request *ret, struct err *err);

/* The same for a list of metrics: path is that of a group and version. */
int question_list_request(const char *path, const struct endpoint *other,
                          struct source_request *ret, struct err *err);

enum question_answer {
    QUESTION_VALUES,
    QUESTION_UNKNOWN, /* 404: it has no such metric */
    QUESTION_STATUS,  /* another Status, about what was asked for */
    QUESTION_DENIED,  /* 401, 403: about us, so that it says nothing to who asked */
    QUESTION_INVALID, /* no answer to this question */
};

/* The first three are to be passed on; the others leave in why what follows the other adapter's
 * name. */
enum question_answer question_judge(const struct question *q, int status, const struct buf *body,
                                    struct err *why);

#endif
