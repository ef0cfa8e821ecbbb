// SPDX-License-Identifier: MIT
#include "kube/event.h"

#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <string.h>

static const struct {
    const char *name;
    enum kube_event_type type;
} types[] = {{"ADDED", KUBE_EVENT_PUT},
             {"MODIFIED", KUBE_EVENT_PUT},
             {"DELETED", KUBE_EVENT_DELETED},
             {"BOOKMARK", KUBE_EVENT_BOOKMARK},
             {"ERROR", KUBE_EVENT_ERROR}};

const char *kube_resource_version(const json_t *object)
{
    const char *text =
        json_string_value(json_object_get(json_object_get(object, "metadata"), "resourceVersion"));

    return text ? text : "";
}

static int find_type(const char *name, enum kube_event_type *ret)
{
    for (size_t i = 0; name && i < ARRAY_LEN(types); i++) {
        if (strcmp(types[i].name, name) == 0) {
            *ret = types[i].type;
            return 0;
        }
    }
    return -ENOENT;
}

int kube_event_parse(const char *line, size_t len, struct kube_event *ret, struct err *err)
{
    json_error_t why;
    json_auto_t *event = json_loadb(line, len, 0, &why);
    json_t *object = json_object_get(event, "object");
    struct kube_event e = {0};

    if (!event)
        return err_set(err, -EBADMSG, "an event is not JSON: %s", why.text);
    if (find_type(json_string_value(json_object_get(event, "type")), &e.type) < 0)
        return err_set(err, -EBADMSG, "an event is of no known type");
    if (!json_is_object(object))
        return err_set(err, -EBADMSG, "an event has no object");

    if (e.type == KUBE_EVENT_ERROR)
        e.code = (int)json_integer_value(json_object_get(object, "code"));
    e.resource_version = e.type == KUBE_EVENT_ERROR ? "" : kube_resource_version(object);
    if (e.type != KUBE_EVENT_ERROR && !*e.resource_version)
        return err_set(err, -EBADMSG, "an event's object has no resourceVersion");
    e.object = json_incref(object);
    *ret = e;
    return 0;
}

void kube_event_done(struct kube_event *e)
{
    json_decref(e->object);
    *e = (struct kube_event){0};
}

int kube_event_next(struct buf *bytes, struct kube_event *ret, struct err *err)
{
    for (;;) {
        const char *end = bytes->len ? memchr(bytes->data, '\n', bytes->len) : NULL;
        if (!end)
            return -EAGAIN;

        size_t len = (size_t)(end - bytes->data);
        int r = len ? kube_event_parse(bytes->data, len, ret, err) : -EAGAIN;
        buf_consume(bytes, len + 1);
        if (len)
            return r;
    }
}
