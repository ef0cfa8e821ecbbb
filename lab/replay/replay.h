// SPDX-License-Identifier: MIT
/* replay: plays a scenario to lab/hpa, with the input and output that kube-controller-manager has
 * around its algorithm: which requests it sends, in which order, what it makes of the answers, and
 * what it writes. Source: horizontal.go of Kubernetes v1.36. One thread. */
#ifndef LAB_REPLAY_REPLAY_H
#define LAB_REPLAY_REPLAY_H

#include "lab/replay/scenario.h"

struct buf;

struct replay;

/* The scenario must outlive it. New in *ret, or -ENOMEM. */
int replay_new(const struct scenario *s, struct replay **ret);
void replay_free(struct replay *r);

/* Plays the next step: evaluates the HPA, then the others. Appends to line what the step did, an
 * object as docs/evaluate.md says, with the decision record if wanted. -ENOENT behind the last
 * step; -ENOMEM, or -E2BIG, with part of it in line. */
int replay_step(struct replay *r, bool record, struct buf *line);

#endif
