// SPDX-License-Identifier: MIT
#include "workload/podinfo.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/scoped.h"
#include "workload/secret.h"

#include <jansson.h>
#include <string.h>
#include <unistd.h>

#define DELAY_MAX_S 3600.0
#define PANIC_EXIT_CODE 255
#define HIDDEN "(hidden)"

static struct http_reply reply_json(int status, json_t *body) /* takes body */
{
    char *text = json_dumps(body, JSON_COMPACT);

    json_decref(body);
    return http_reply_take(status, "application/json; charset=utf-8", text,
                           text ? strlen(text) : 0);
}

static struct http_reply serve_status(void *arg, const struct http_request *r)
{
    uint64_t code;

    (void)arg;
    if (parse_u64(r->params[0], 200, 599, &code) < 0)
        return http_reply_printf(400, "a status is a whole number from 200 to 599, not '%.40s'\n",
                                 r->params[0]);
    if (code == 204 || code == 304) /* have no body: RFC 9110, sections 15.3.5 and 15.4.5 */
        return http_reply_static((int)code, NULL, "", 0);
    return reply_json((int)code, json_pack("{s:I}", "status", (json_int_t)code));
}

static struct http_reply serve_delay(void *arg, const struct http_request *r)
{
    double seconds;

    if (parse_double(r->params[0], 0, DELAY_MAX_S, &seconds) < 0)
        return http_reply_printf(400, "a delay is a number of seconds from 0 to %g, not '%.40s'\n",
                                 DELAY_MAX_S, r->params[0]);
    return delays_add(arg, r, (uint64_t)(seconds * (double)NS_PER_S),
                      reply_json(200, json_pack("{s:f}", "delay", seconds)));
}

/* As a crash would: nobody is answered, nothing is drained. */
static struct http_reply serve_panic(void *arg, const struct http_request *r)
{
    (void)arg;
    (void)r;
    log_error("panic, as /panic was asked for");
    _exit(PANIC_EXIT_CODE);
}

/* "NAME=value", the value hidden where it looks like a secret. NULL when it is not UTF-8. */
static json_t *variable(const char *text)
{
    size_t name_len = strcspn(text, "=");
    const char *value = text[name_len] ? text + name_len + 1 : "";
    char *name = strndup(text, name_len);
    json_t *entry = NULL;

    if (name && secret_looks_like_one(name, value))
        entry = json_sprintf("%s=%s", name, HIDDEN);
    else if (name)
        entry = json_string(text);
    free(name);
    return entry;
}

static struct http_reply serve_env(void *arg, const struct http_request *r)
{
    json_t *list = json_array();

    (void)arg;
    (void)r;
    for (char **at = environ; *at; at++)
        (void)json_array_append_new(list, variable(*at)); /* what JSON cannot hold is left out */
    return reply_json(200, list);
}

static struct http_reply serve_headers(void *arg, const struct http_request *r)
{
    json_t *body = json_object();

    (void)arg;
    for (size_t i = 0; i < r->header_count; i++) {
        const struct http_pair *h = &r->headers[i];
        json_t *values = json_object_get(body, h->name);
        if (!values) {
            values = json_array();
            (void)json_object_set_new(body, h->name, values);
        }
        const char *shown = secret_looks_like_one(h->name, h->value) ? HIDDEN : h->value;
        (void)json_array_append_new(values, json_string(shown));
    }
    return reply_json(200, body);
}

static const struct http_route routes[] = {
    {NULL, "/status/{code}", serve_status, "Answers with that status, 200 to 599."},
    {NULL, "/delay/{seconds}", serve_delay,
     "Answers after so many seconds, up to 3600, without burning; 503 when 1000 wait already."},
    {"GET", "/panic", serve_panic, "Ends the process at once with exit code 255."},
    {"GET", "/env", serve_env,
     "The environment as a JSON list of NAME=value; values that look secret are hidden."},
    {NULL, "/headers", serve_headers,
     "The request's headers as JSON, {\"Name\":[\"value\"]}; credentials are hidden."},
};

const struct role_part podinfo_part = {.routes = routes, .route_count = ARRAY_LEN(routes)};

struct http_routes podinfo_routes(struct delays *d)
{
    return (struct http_routes){routes, ARRAY_LEN(routes), d};
}
