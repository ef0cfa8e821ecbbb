// SPDX-License-Identifier: MIT
#include "adapter/auth/attributes.h"

#include "base/scoped.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* apis, group, version, namespaces, ns, resource, name, subresource, rest */
#define SEGMENTS_MAX 9

struct segments {
    char text[SEGMENTS_MAX][ATTRIBUTE_MAX_BYTES];
    size_t count;
};

/* False when a segment is too long for any resource. More than SEGMENTS_MAX are left out. */
static bool split(const char *path, struct segments *ret)
{
    ret->count = 0;
    while (*path && ret->count < SEGMENTS_MAX) {
        path += strspn(path, "/");
        size_t len = strcspn(path, "/");
        if (len >= ATTRIBUTE_MAX_BYTES)
            return false;
        if (len) {
            memcpy(ret->text[ret->count], path, len);
            ret->text[ret->count++][len] = '\0';
        }
        path += len;
    }
    return true;
}

static void copy(char to[ATTRIBUTE_MAX_BYTES], const char *from)
{
    (void)snprintf(to, ATTRIBUTE_MAX_BYTES, "%s", from);
}

static const char *verb_of(const char *method, bool named, bool watch)
{
    static const struct {
        const char *method, *verb;
    } verbs[] = {{"POST", "create"}, {"PUT", "update"}, {"PATCH", "patch"}};

    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (strcmp(verbs[i].method, method) == 0)
            return verbs[i].verb;
    if (strcmp(method, "DELETE") == 0)
        return named ? "delete" : "deletecollection";
    return named ? "get" : watch ? "watch" : "list";
}

static bool wants_watch(const struct http_request *r)
{
    const char *watch = http_query(r, "watch");

    return watch && strcmp(watch, "false") != 0 && strcmp(watch, "0") != 0;
}

/* What stands behind /apis/GROUP/VERSION/: [namespaces/NS/]RESOURCE[/NAME[/SUBRESOURCE]]. */
static void read_resource(const struct segments *s, struct attributes *ret)
{
    static const char *const of_namespaces[] = {"status", "finalize"};
    size_t at = 3;

    if (strcmp(s->text[at], "namespaces") == 0 && s->count > at + 1) {
        bool own = false;
        copy(ret->namespace, s->text[at + 1]);
        for (size_t i = 0; s->count > at + 2 && i < ARRAY_LEN(of_namespaces); i++)
            own |= strcmp(s->text[at + 2], of_namespaces[i]) == 0;
        if (s->count > at + 2 && !own)
            at += 2;
    }
    copy(ret->resource, s->text[at]);
    if (s->count > at + 1)
        copy(ret->name, s->text[at + 1]);
    if (s->count > at + 2)
        copy(ret->subresource, s->text[at + 2]);
}

void attributes_of(const struct http_request *r, struct attributes *ret)
{
    struct segments s;

    *ret = (struct attributes){.path = r->path};
    ret->is_resource = split(r->path, &s) && s.count > 3 && strcmp(s.text[0], "apis") == 0;
    if (!ret->is_resource) {
        for (size_t i = 0; r->method[i] && i < sizeof(ret->verb) - 1; i++)
            ret->verb[i] = (char)tolower((unsigned char)r->method[i]);
        return;
    }
    copy(ret->group, s.text[1]);
    copy(ret->version, s.text[2]);
    read_resource(&s, ret);
    (void)snprintf(ret->verb, sizeof(ret->verb), "%s",
                   verb_of(r->method, *ret->name, wants_watch(r)));
}

/* Absent is what is empty. */
static int set(json_t *object, const char *name, const char *text)
{
    return *text ? json_object_set_new(object, name, json_string(text)) : 0;
}

json_t *attributes_to_json(const struct attributes *a)
{
    json_auto_t *inside = json_object();
    const char *kind = a->is_resource ? "resourceAttributes" : "nonResourceAttributes";
    int r = inside ? set(inside, "verb", a->verb) : -1;

    if (r == 0 && !a->is_resource)
        r = set(inside, "path", a->path);
    if (r == 0)
        r = set(inside, "group", a->group);
    if (r == 0)
        r = set(inside, "version", a->version);
    if (r == 0)
        r = set(inside, "namespace", a->namespace);
    if (r == 0)
        r = set(inside, "resource", a->resource);
    if (r == 0)
        r = set(inside, "name", a->name);
    if (r == 0)
        r = set(inside, "subresource", a->subresource);
    return r == 0 ? json_pack("{s:O}", kind, inside) : NULL;
}

int attributes_write_key(const struct attributes *a, struct buf *out)
{
    const char *const texts[] = {a->verb,      a->is_resource ? "" : a->path,
                                 a->group,     a->version,
                                 a->namespace, a->resource,
                                 a->name,      a->subresource};
    int r = 0;

    for (size_t i = 0; i < ARRAY_LEN(texts) && r == 0; i++)
        r = buf_append(out, texts[i], strlen(texts[i]) + 1);
    return r;
}

char *attributes_forbidden(const struct attributes *a, const char *user, char *text, size_t size)
{
    if (!a->is_resource) {
        (void)snprintf(text, size, "forbidden: User \"%.200s\" cannot %s path \"%.500s\"", user,
                       a->verb, a->path);
        return text;
    }
    (void)snprintf(text, size,
                   "%s.%s%s%s%s is forbidden: User \"%.200s\" cannot %s resource \"%s%s%s\" in API "
                   "group \"%s\"%s%s%s",
                   a->resource, a->group, *a->name ? " \"" : "", a->name, *a->name ? "\"" : "",
                   user, a->verb, a->resource, *a->subresource ? "/" : "", a->subresource, a->group,
                   *a->namespace ? " in the namespace \"" : " at the cluster scope", a->namespace,
                   *a->namespace ? "\"" : "");
    return text;
}
