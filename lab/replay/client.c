// SPDX-License-Identifier: MIT
#include "lab/replay/client.h"

#include "base/scoped.h"
#include "http/urltext.h"
#include "kube/jpath.h"

#include <string.h>

#define HOST "http://localhost" /* of a client that was told none */

static bool is_put(const struct request *r)
{
    return strncmp(r->key, "PUT ", 4) == 0;
}

/* --- A connection that fails --- */

static const char *word_failure(struct client *c, const struct request *r, const char *why)
{
    /* The discovery client alone has a timeout. */
    const char *timeout = strcmp(r->key, "/apis") == 0 ? "?timeout=32s" : "";
    const char *path = is_put(r) ? r->key + 4 : r->key;

    return texts_format(&c->decoder.texts, "%s \"" HOST "%s%s\": %s", is_put(r) ? "Put" : "Get",
                        path, timeout, why);
}

/* --- An error code --- */

static const char *word_code(struct client *c, int code)
{
    static const struct {
        int code;
        const char *text;
    } texts[] = {
        {400, "the server rejected our request for an unknown reason"},
        {401, "the server has asked for the client to provide credentials"},
        {403, "unknown"},
        {404, "the server could not find the requested resource"},
        {405, "the server does not allow this method on the requested resource"},
        {406, "the server was unable to respond with a content type that the client supports"},
        {409, "the server reported a conflict"},
        {415, "unknown"},
        {422, "the server rejected our request due to an error in our request"},
        {429, "the server has received too many requests and has asked us to try again later"},
        {503, "the server is currently unable to handle the request"},
        {504, "the server was unable to return a response in the time allotted, but may still be "
              "processing the request"},
    };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (texts[i].code == code)
            return texts[i].text;
    if (code >= 500)
        return "an error on the server (\"unknown\") has prevented the request from succeeding";
    return texts_format(&c->decoder.texts,
                        "the server responded with the status code %d but did not return more "
                        "information",
                        code);
}

static const char *word_generic(struct client *c, const struct request *r, int code)
{
    const char *text = word_code(c, code);

    if (!r->resource)
        return text;
    return texts_format(&c->decoder.texts, "%s (%s %s%s%s)", text, is_put(r) ? "put" : "get",
                        r->resource, r->name && *r->name ? " " : "", r->name ? r->name : "");
}

/* A Status says itself that it is a conflict: by its reason, or by its code when it has a reason
 * that is not one of Kubernetes'. */
static bool is_conflict(const json_t *status)
{
    static const char *const reasons[] = {
        "Unauthorized",
        "Forbidden",
        "NotFound",
        "AlreadyExists",
        "Gone",
        "Invalid",
        "ServerTimeout",
        "StorageReadError",
        "Timeout",
        "BadRequest",
        "MethodNotAllowed",
        "NotAcceptable",
        "TooManyRequests",
        "InternalError",
        "Expired",
        "RequestEntityTooLarge",
        "UnsupportedMediaType",
        "ServiceUnavailable",
    };
    const char *reason = jpath_str(status, "reason", "");

    for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
        if (strcmp(reasons[i], reason) == 0)
            return false;
    return strcmp(reason, "Conflict") == 0 || jpath_int(status, "code", 0) == 409;
}

static struct reply refused(struct client *c, const struct request *r, struct answer *a)
{
    struct decoded status;

    /* Discovery does not look at the body. */
    if (r->resource && decode_failure(&c->decoder, a, &status))
        return (struct reply){
            .error = texts_format(&c->decoder.texts, "%s", jpath_str(status.object, "message", "")),
            .conflict = is_conflict(status.object)};
    return (struct reply){.error = word_generic(c, r, a->code), .conflict = a->code == 409};
}

/* --- Keys --- */

int client_add_segment(struct client *c, const char *text)
{
    int r = buf_puts(&c->key, "/");

    return r < 0 ? r : urltext_path(&c->key, text);
}

int client_begin_key(struct client *c, const char *verb, const char *group, const char *version,
                     const char *namespace)
{
    const char *const parts[] = {verb,         *group ? "/apis/" : "/api", group, "/", version,
                                 "/namespaces"};
    int r = 0;

    buf_clear(&c->key);
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(parts); i++)
        r = buf_puts(&c->key, parts[i]);
    return r < 0 ? r : client_add_segment(c, namespace);
}

/* --- Sending --- */

static struct reply without_answer(struct client *c, const struct request *r)
{
    if (is_put(r))
        return (struct reply){0};
    return (struct reply){.error = texts_format(&c->decoder.texts, "%s", word_code(c, 404))};
}

struct reply client_send(struct client *c, const struct request *r)
{
    struct answer *a = book_take(c->book, r->key);

    if (!a)
        return without_answer(c, r);
    if (a->error)
        return (struct reply){.error = word_failure(c, r, a->error)};
    if (a->code != 101 && (a->code < 200 || a->code > 206))
        return refused(c, r, a);
    return (struct reply){.answer = is_put(r) && !a->body.at ? NULL : a};
}

const char *client_refuse(struct client *c, const char *what, const char *text)
{
    const bool slash = strchr(text, '/'), percent = strchr(text, '%');

    if (strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
        return texts_format(&c->decoder.texts, "invalid %s \"%s\": [may not be '%s']", what, text,
                            text);
    if (!slash && !percent)
        return NULL;
    return texts_format(&c->decoder.texts, "invalid %s \"%s\": [%s%s%s]", what, text,
                        slash ? "may not contain '/'" : "", slash && percent ? " " : "",
                        percent ? "may not contain '%'" : "");
}
