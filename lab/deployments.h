// SPDX-License-Identifier: MIT
/* deployments: keeps as many pods as each Deployment asks for, and writes its status.
 *
 * Thin: there is no ReplicaSet and no rollout yet; pods carry the pod-template-hash label and the
 * Deployment's status counts them. Control thread. */
#ifndef LAB_DEPLOYMENTS_H
#define LAB_DEPLOYMENTS_H

struct env;
struct pods;

/* One pass over all Deployments and their pods. Call it when something changed. */
void deployments_sync(const struct env *env, struct pods *pods);

#endif
