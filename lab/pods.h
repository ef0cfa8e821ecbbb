// SPDX-License-Identifier: MIT
/* pods: the lab's kubelet. A Pod object in the store is a local process with a loopback address of
 * its own: started, probed, restarted with back-off, stopped gracefully.
 *
 * What a pod is doing stands in its object (phase, conditions, containerStatuses); here are only
 * the handles of the operating system. Control thread. */
#ifndef LAB_PODS_H
#define LAB_PODS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct cpu_group;
struct env;
struct err;
struct pods;

struct pods *pods_new(struct env *env); /* NULL when out of memory */

/* Every process must have ended (pods_stop_all, or the lab is about to end anyway). */
void pods_free(struct pods *p);

/* Makes a Pod object from template (a PodTemplateSpec) under this name, owned by owner (an object,
 * may be NULL), and starts its process. A container that cannot start is an event and is tried
 * again. Negative errno only when there is no Pod object. */
int pods_create(struct pods *p, const char *ns, const char *name, const json_t *template,
                const json_t *owner, struct err *err);

/* SIGTERM now, SIGKILL after terminationGracePeriodSeconds (real seconds); the object has a
 * deletionTimestamp meanwhile and goes when the process has. Unknown names are ignored. */
void pods_delete(struct pods *p, const char *ns, const char *name);

void pods_delete_all(struct pods *p);
void pods_kill_all(struct pods *p); /* SIGKILL, for a shutdown that took too long */
size_t pods_count(const struct pods *p);

/* Calls fn for each pod whose process runs. */
void pods_each_running(struct pods *p,
                       void (*fn)(void *arg, const json_t *pod, struct cpu_group *group),
                       void *arg);

/* From a Pod object: */
bool pod_is_ready(const json_t *pod);    /* condition Ready is True */
bool pod_is_deleting(const json_t *pod); /* it has a deletionTimestamp */

/* Sum of a resource over the containers of a pod's spec, in milli-units: "requests" or "limits" and
 * "cpu" or "memory". -1 when a container does not say. */
long long pod_resource_milli(const json_t *pod_spec, const char *which, const char *resource);

#endif
