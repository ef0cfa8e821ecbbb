// SPDX-License-Identifier: MIT
#include "http/route.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void route_params_done(char *params[HTTP_PARAMS_MAX])
{
    for (size_t i = 0; i < HTTP_PARAMS_MAX && params[i]; i++) { /* filled in order */
        free(params[i]);
        params[i] = NULL;
    }
}

static int keep(char *params[HTTP_PARAMS_MAX], size_t *n, const char *start, size_t len)
{
    if (*n == HTTP_PARAMS_MAX)
        return -E2BIG;
    params[*n] = strndup(start, len);
    return params[(*n)++] ? 0 : -ENOMEM;
}

/* 1 when path has the pattern's form, 0 when not, -ENOMEM. */
static int matches(const char *pattern, const char *path, char *params[HTTP_PARAMS_MAX])
{
    size_t n = 0;
    int r;

    while (*pattern) {
        if (*pattern != '{') {
            if (*pattern++ != *path++)
                return 0;
            continue;
        }
        const char *end = strchr(pattern, '}');
        if (strncmp(end - 3, "...", 3) == 0)
            return (r = keep(params, &n, path, strlen(path))) < 0 ? r : 1;

        size_t len = strcspn(path, "/");
        if (len == 0)
            return 0;
        r = keep(params, &n, path, len);
        if (r < 0)
            return r;
        path += len;
        pattern = end + 1;
    }
    return *path == '\0' || (path[0] == '/' && path[1] == '\0');
}

/* Most rows differ from a path in its first letter already. */
static bool may_match(const char *pattern, const char *path)
{
    return path[0] != '/' || path[1] == pattern[1] || pattern[1] == '{' || pattern[1] == '\0';
}

static bool method_fits(const struct http_route *row, const char *method)
{
    return !row->method || strcmp(row->method, method) == 0 ||
           (strcmp(row->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

int route_find(const struct http_routes *routes, size_t count, const char *method, const char *path,
               char *params[HTTP_PARAMS_MAX], const struct http_route **ret_route, void **ret_app)
{
    int result = -ENOENT;

    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < routes[i].count; k++) {
            const struct http_route *row = &routes[i].rows[k];
            if (!may_match(row->path, path))
                continue;
            int r = matches(row->path, path, params);
            if (r == 1 && method_fits(row, method)) {
                *ret_route = row;
                *ret_app = routes[i].app;
                return 0;
            }
            route_params_done(params);
            if (r < 0)
                return r;
            if (r == 1) {
                *ret_route = row;
                result = -EPROTOTYPE;
            }
        }
    }
    return result;
}

static bool is_listed(const char *text, const char *method)
{
    const char *at = strstr(text, method);

    return at && strchr(", ", at[strlen(method)]);
}

static void list_method(char *text, size_t size, const char *method)
{
    size_t len = strlen(text);

    if (!is_listed(text, method) && len + strlen(method) + 2 < size)
        (void)snprintf(text + len, size - len, "%s%s", len ? ", " : "", method);
}

static bool has_form(const char *pattern, const char *path)
{
    char *params[HTTP_PARAMS_MAX] = {0};
    bool yes = matches(pattern, path, params) == 1;

    route_params_done(params);
    return yes;
}

void route_allow(const struct http_routes *routes, size_t count, const char *path, char *text,
                 size_t size)
{
    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < routes[i].count; k++) {
            const struct http_route *row = &routes[i].rows[k];
            if (!row->method || !has_form(row->path, path))
                continue;
            list_method(text, size, row->method);
            if (strcmp(row->method, "GET") == 0)
                list_method(text, size, "HEAD");
        }
    }
}

struct http_reply http_routes_serve(const struct http_routes *routes, size_t count,
                                    struct http_request *r)
{
    char *params[HTTP_PARAMS_MAX] = {0};
    const struct http_route *route = NULL;
    void *app = NULL;
    int found = route_find(routes, count, r->method, r->path, params, &route, &app);

    if (found < 0)
        return http_reply_text(found == -ENOENT       ? 404
                               : found == -EPROTOTYPE ? 405
                                                      : 500,
                               "no such route\n");

    for (size_t i = 0; i < HTTP_PARAMS_MAX; i++)
        r->params[i] = params[i];
    struct http_reply reply = route->serve(app, r);
    memset(r->params, 0, sizeof(r->params));
    route_params_done(params);
    return reply;
}

void http_routes_help(const struct http_route *rows, size_t count, FILE *out)
{
    for (size_t i = 0; i < count; i++)
        (void)fprintf(out, "  %-6s %s\n        %s\n", rows[i].method ? rows[i].method : "any",
                      rows[i].path, rows[i].help);
}
