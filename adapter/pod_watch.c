// SPDX-License-Identifier: MIT
#include "adapter/pod_watch.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/scoped.h"
#include "http/urltext.h"

#include <errno.h>

struct visit {
    const char *port;
    struct pod_list *list;
};

static int on_object(void *arg, const json_t *kept)
{
    struct visit *v = arg;

    return pod_list_add(v->list, kept, v->port);
}

/* Of a Service's slices the label says whose they are. */
static int put_slices_path(struct buf *path, const struct pod_choice *choice)
{
    scoped(buf_done) struct buf label = {.max = OBJECT_PATH_MAX};
    int r = buf_printf(&label, "kubernetes.io/service-name=%s", choice->service);

    if (r == 0)
        r = buf_printf(path, "/apis/discovery.k8s.io/v1/namespaces/%s/endpointslices",
                       choice->namespace);
    return r == 0 ? urltext_query(path, "labelSelector", label.data) : r;
}

static int put_pods_path(struct buf *path, const struct pod_choice *choice)
{
    int r = buf_printf(path, "/api/v1/namespaces/%s/pods", choice->namespace);

    return r == 0 ? urltext_query(path, "labelSelector", choice->selector) : r;
}

static int find(void *arg, const struct pod_choice *choice, uint64_t deadline_ns,
                struct pod_list *ret, struct err *err)
{
    scoped(buf_done) struct buf path = {.max = OBJECT_PATH_MAX};
    struct visit visit = {choice->port, ret};
    int r = choice->service ? put_slices_path(&path, choice) : put_pods_path(&path, choice);

    if (r < 0)
        return err_set(err, -ENOMEM, "out of memory");
    const struct object_set set = {path.data,
                                   choice->service ? pod_list_keep_slice : pod_list_keep_pod};
    r = object_watches_visit(arg, &set, deadline_ns, on_object, &visit, err);
    pod_list_sort(ret);
    return r == -ENOMEM ? err_set(err, r, "out of memory") : r;
}

struct pod_finder pod_watch_finder(struct object_watches *w)
{
    return (struct pod_finder){find, w};
}
