// SPDX-License-Identifier: MIT
/* container: what a container of a Pod object runs here: argv, environment, volumes as folders.
 *
 * As in Kubernetes: command replaces the image's program, args its arguments, $(VAR) is expanded
 * from env, fieldRef reads metadata.name, metadata.namespace and status.podIP, each Service of the
 * namespace gives NAME_SERVICE_HOST and NAME_SERVICE_PORT. Not as there: no mount namespaces, so
 * every mention of a mountPath in argv or env becomes the folder that stands for the volume.
 * Control thread. */
#ifndef LAB_CONTAINER_H
#define LAB_CONTAINER_H

#include <jansson.h>

struct env;
struct err;

struct container { /* {0}; container_done releases */
    char *program; /* absolute path */
    char **argv;   /* ends with NULL */
    char **envp;   /* the same */
    char *folder;  /* the pod's own, and its working directory */
    char *log;     /* where stdout and stderr go */
};

/* Prepares containers[0] of a Pod: writes ConfigMap volumes into files. -EINVAL with a sentence
 * (unknown image, missing ConfigMap), or -errno when a file cannot be written. */
int container_prepare(struct container *c, const struct env *env, const json_t *pod,
                      struct err *err);
void container_done(struct container *c);

#endif
