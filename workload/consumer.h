// SPDX-License-Identifier: MIT
/* consumer: the wire manners that resource-consumer and its controller share: exact paths, POST
 * only, parameters from form and query, answers to the byte.
 *
 * Source: Kubernetes' e2e test images resource-consumer and agnhost resource-consumer-controller.
 * Any thread. */
#ifndef WORKLOAD_CONSUMER_H
#define WORKLOAD_CONSUMER_H

#include "http/server.h"
#include "workload/form.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct consumer_call { /* one request, borrowed for the time of a function */
    const struct http_request *request;
    const struct form *form;
};

struct consumer_function {
    const char *path; /* "/ConsumeCPU" */
    struct http_reply (*serve)(void *app, const struct consumer_call *call);
};

/* Answers a request by the function whose path it has, or as the original refuses: no POST, a
 * broken form, no such function (with its path, if unknown_says_path). */
struct http_reply consumer_serve(const struct consumer_function *functions, size_t count, void *app,
                                 const struct http_request *r, bool unknown_says_path);

/* The first value of a parameter, the form before the query; NULL when it is missing or empty. */
const char *consumer_param(const struct consumer_call *call, const char *name);

/* 400, each with the original's words: a parameter is missing; a parameter is no number. */
struct http_reply consumer_not_given(void);
struct http_reply consumer_incorrect(void);

/* Any other refusal, in the same form. A newline is added. */
struct http_reply consumer_refuse(int status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

struct consumer_int {
    const char *name;
    int64_t value;
};

/* Reads parameters that are integers as Go's strconv.Atoi takes them. False, and the refusal, when
 * one is missing or no such number. */
bool consumer_ints(const struct consumer_call *call, struct consumer_int *ints, size_t count,
                   struct http_reply *ret_refusal);

/* durationSec as nanoseconds; 0 when it is not positive, and at most 100 years. */
uint64_t consumer_duration_ns(int64_t duration_s);

#endif
