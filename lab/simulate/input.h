// SPDX-License-Identifier: MIT
/* input: what a simulation's folder holds: simulation.yaml and the manifests beside it, read and
 * checked as the lab does (lab/manifests.h). One thread. */
#ifndef LAB_SIMULATE_INPUT_H
#define LAB_SIMULATE_INPUT_H

#include <jansson.h>

struct err;
struct yaml_file;

struct input {                  /* {0}; input_read, input_done */
    const char *folder;         /* borrowed */
    struct yaml_file *file;     /* simulation.yaml, for the lines in messages */
    const json_t *plan;         /* its document; borrowed from file */
    json_t *hpas, *deployments; /* arrays */
};

/* -EINVAL with file and line, or the errno of a file that cannot be read. On failure *ret is still
 * to be released. */
int input_read(const char *folder, struct input *ret, struct err *err);
void input_done(struct input *in);

#endif
