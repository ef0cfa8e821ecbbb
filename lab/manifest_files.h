// SPDX-License-Identifier: MIT
/* manifest_files: reads manifests from files and folders, as objects that know their file and line.
 *
 * A folder with a kustomization.yaml is what that names under resources and components, in its
 * namespace; the rest of it is noted as ignored, for the lab does not patch. Of another folder all
 * *.yaml and *.yml are read in the order of their names, except scene.yaml and simulation.yaml.
 * One thread. */
#ifndef LAB_MANIFEST_FILES_H
#define LAB_MANIFEST_FILES_H

#include "kube/yaml.h"

#include <jansson.h>
#include <stddef.h>

struct err;
struct kind;

#define MANIFEST_FILES_MAX 100
#define MANIFESTS_MAX 1000

struct manifest { /* one document of one file; all borrowed from there */
    const struct yaml_file *file;
    size_t document;
    const struct kind *kind;
    json_t *json;
};

struct manifest_ignored {
    struct manifest of; /* without kind */
    const char *field;  /* NULL: all of it */
};

struct manifest_files { /* {0}; big: not for the stack */
    struct yaml_file *files[MANIFEST_FILES_MAX];
    size_t file_count;
    struct manifest rows[MANIFESTS_MAX];
    size_t count;
    struct manifest_ignored ignored[MANIFESTS_MAX];
    size_t ignored_count;
};

/* path is a file or a folder. Every row has a kind that the lab keeps and a valid name. -EINVAL
 * with file and line, the errno of a file that cannot be read, -E2BIG. */
int manifest_files_read(struct manifest_files *m, const char *path, struct err *err);
void manifest_files_done(struct manifest_files *m);

const char *manifest_name(const struct manifest *o);
const char *manifest_namespace(const struct manifest *o);

/* -EINVAL with "web.yaml:12: text"; path is in the form of jpath.h. */
int manifest_refuse(const struct manifest *o, const char *path, struct err *err, const char *format,
                    ...) __attribute__((format(printf, 4, 5)));

#endif
