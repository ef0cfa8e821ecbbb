// SPDX-License-Identifier: MIT
/* images: which of our programs stands for a container image. The lab pulls nothing: an image is a
 * name, and this table says what runs for it. Read-only once filled. */
#ifndef LAB_IMAGES_H
#define LAB_IMAGES_H

#include <stddef.h>

struct err;
struct opt_list;

#define IMAGES_MAX 64
#define IMAGE_ARGS_MAX 8

struct image {
    char name[256];                 /* without registry, tag and digest: "hpa-example" */
    char *program;                  /* absolute path; owned */
    char *args[IMAGE_ARGS_MAX + 1]; /* what the image's own command adds; ends with NULL */
};

struct images {        /* {0}, then images_init; images_done releases */
    char folder[4096]; /* where our programs are: beside swell-lab */
    struct image rows[IMAGES_MAX];
    size_t count;
};

/* The built-in rows (hpa-example, swell-workload, swell-adapter, swell-load), then those of
 * --image=NAME=PROGRAM[ ARGS...], which win. -EINVAL with a sentence. */
int images_init(struct images *images, const struct opt_list *more, struct err *err);
void images_done(struct images *images);

/* By a full reference such as "registry.k8s.io/hpa-example:latest". NULL when unknown. */
const struct image *images_find(const struct images *images, const char *reference);

/* The names in the table, "a, b, c", for an error. Returns text. */
char *images_names(const struct images *images, char *text, size_t size);

#endif
