// SPDX-License-Identifier: MIT
#include "lab/manifest_files.h"

#include "base/err.h"
#include "kube/jpath.h"
#include "lab/ignored.h"
#include "lab/kinds.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDERS_DEEP 16 /* also ends kustomizations that name each other */

int manifest_refuse(const struct manifest *o, const char *path, struct err *err, const char *format,
                    ...)
{
    char text[400];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return err_set(err, -EINVAL, "%s:%u: %s", yaml_name(o->file),
                   yaml_line(o->file, o->document, path), text);
}

const char *manifest_name(const struct manifest *o)
{
    return jpath_str(o->json, "metadata.name", "");
}

const char *manifest_namespace(const struct manifest *o)
{
    return jpath_str(o->json, "metadata.namespace", "default");
}

/* RFC 1123, as the API server wants names: also what our folders and groups are called by. */
static bool is_dns_name(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len <= 253 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") == len &&
           isalnum((unsigned char)name[0]) && isalnum((unsigned char)name[len - 1]) &&
           !strstr(name, "..");
}

static int check_namespace(const struct manifest *o, const char *path, const char *ns,
                           struct err *err)
{
    if (is_dns_name(ns) && strlen(ns) <= 63 && !strchr(ns, '.'))
        return 0;
    return manifest_refuse(
        o, path, err, "the namespace '%.60s' is not made of lower case letters, digits and '-'",
        ns);
}

static int check_names(const struct manifest *o, struct err *err)
{
    const char *name = manifest_name(o);

    if (!*name)
        return manifest_refuse(o, "metadata", err, "metadata.name is required");
    if (!is_dns_name(name))
        return manifest_refuse(
            o, "metadata.name", err,
            "the name '%.60s' is not made of lower case letters, digits, '-' and '.'", name);
    return check_namespace(o, "metadata.namespace", manifest_namespace(o), err);
}

static int ignore(struct manifest_files *m, const struct manifest *o, const char *field,
                  struct err *err)
{
    if (m->ignored_count == MANIFESTS_MAX)
        return err_set(err, -E2BIG, "more than %d things to ignore", MANIFESTS_MAX);
    m->ignored[m->ignored_count++] = (struct manifest_ignored){*o, field};
    return 0;
}

static int add_document(struct manifest_files *m, const struct yaml_file *file, size_t i,
                        struct err *err)
{
    json_t *json = yaml_document(file, i);
    struct manifest o = {.file = file, .document = i, .json = json};
    const char *api_version = jpath_str(json, "apiVersion", "");
    const char *kind = jpath_str(json, "kind", "");

    if (!*api_version || !*kind)
        return manifest_refuse(&o, "", err, "apiVersion and kind are required");
    if (ignored_kind(api_version, kind))
        return ignore(m, &o, NULL, err);
    o.kind = kind_find(api_version, kind);
    if (!o.kind || !o.kind->from_manifest)
        return manifest_refuse(&o, "kind", err,
                               "the lab does not know kind %s of %s; it knows Deployment, Service, "
                               "HorizontalPodAutoscaler (autoscaling/v2), ConfigMap and APIService",
                               kind, api_version);
    int r = check_names(&o, err);
    if (r < 0)
        return r;
    if (m->count == MANIFESTS_MAX)
        return err_set(err, -E2BIG, "more than %d objects", MANIFESTS_MAX);
    m->rows[m->count++] = o;
    return 0;
}

static int open_file(struct manifest_files *m, const char *path, const struct yaml_file **ret,
                     struct err *err)
{
    if (m->file_count == MANIFEST_FILES_MAX)
        return err_set(err, -E2BIG, "more than %d files", MANIFEST_FILES_MAX);
    int r = yaml_read_file(path, &m->files[m->file_count], err);
    if (r == 0)
        *ret = m->files[m->file_count++];
    return r;
}

static int read_file(struct manifest_files *m, const char *path, struct err *err)
{
    const struct yaml_file *file = NULL;
    int r = open_file(m, path, &file, err);

    for (size_t i = 0; r == 0 && i < yaml_count(file); i++)
        r = add_document(m, file, i, err);
    return r;
}

static int is_manifest(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');

    return dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0) &&
           strncmp(entry->d_name, "scene.", 6) != 0 &&
           strncmp(entry->d_name, "simulation.", 11) != 0 &&
           strncmp(entry->d_name, "kustomization.", 14) != 0;
}

static int read_all_in(struct manifest_files *m, const char *folder, struct err *err)
{
    struct dirent **entries = NULL;
    char file[4096];
    int r = 0, count = scandir(folder, &entries, is_manifest, alphasort);

    if (count < 0)
        return err_errno(err, errno, "cannot read '%s'", folder);
    for (int i = 0; i < count; i++) {
        (void)snprintf(file, sizeof(file), "%s/%s", folder, entries[i]->d_name);
        if (r == 0)
            r = read_file(m, file, err);
        free(entries[i]);
    }
    free(entries);
    return r;
}

static int read_path(struct manifest_files *m, const char *path, int depth, struct err *err);

/* The files and folders of a list in a kustomization. */
static int read_entries(struct manifest_files *m, const struct manifest *o, const char *folder,
                        const char *list, int depth, struct err *err)
{
    const json_t *entry;
    char path[4096], where[64];
    size_t i;
    int r = 0;

    json_array_foreach (json_object_get(o->json, list), i, entry) {
        (void)snprintf(where, sizeof(where), "%s[%zu]", list, i);
        if (!json_is_string(entry))
            return manifest_refuse(o, where, err, "%s must be a file or a folder", where);
        (void)snprintf(path, sizeof(path), "%s/%s", folder, json_string_value(entry));
        r = read_path(m, path, depth + 1, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int ignore_the_rest(struct manifest_files *m, const struct manifest *o, struct err *err)
{
    static const char *const read[] = {"apiVersion", "kind",       "metadata",
                                       "resources",  "components", "namespace"};
    const char *key;
    const json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)o->json, key, value) {
        bool known = false;
        for (size_t i = 0; i < sizeof(read) / sizeof(read[0]); i++)
            known = known || strcmp(key, read[i]) == 0;
        int r = known ? 0 : ignore(m, o, key, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* As kustomize: all that the kustomization brought, from first on, also where another is written.
 */
static int set_namespace(struct manifest_files *m, const struct manifest *o, size_t first,
                         struct err *err)
{
    const char *ns = jpath_str(o->json, "namespace", NULL);
    int r = ns ? check_namespace(o, "namespace", ns, err) : 0;

    for (size_t i = first; ns && r == 0 && i < m->count; i++)
        if (m->rows[i].kind->namespaced)
            (void)json_object_set_new(json_object_get(m->rows[i].json, "metadata"), "namespace",
                                      json_string(ns));
    return r;
}

static int read_kustomization(struct manifest_files *m, const char *folder, const char *path,
                              int depth, struct err *err)
{
    const struct yaml_file *file = NULL;
    const size_t first = m->count;
    int r = open_file(m, path, &file, err);

    if (r < 0 || yaml_count(file) == 0)
        return r;
    const struct manifest o = {.file = file, .json = yaml_document(file, 0)};
    if (depth == FOLDERS_DEEP)
        return manifest_refuse(&o, "", err, "kustomizations are nested more than %d deep",
                               FOLDERS_DEEP);
    r = read_entries(m, &o, folder, "resources", depth, err);
    if (r == 0)
        r = read_entries(m, &o, folder, "components", depth, err);
    if (r == 0)
        r = ignore_the_rest(m, &o, err);
    return r == 0 ? set_namespace(m, &o, first, err) : r;
}

static int read_folder(struct manifest_files *m, const char *folder, int depth, struct err *err)
{
    char path[4096];

    (void)snprintf(path, sizeof(path), "%s/kustomization.yaml", folder);
    if (access(path, F_OK) == 0)
        return read_kustomization(m, folder, path, depth, err);
    return read_all_in(m, folder, err);
}

static int read_path(struct manifest_files *m, const char *path, int depth, struct err *err)
{
    struct stat what;

    if (stat(path, &what) < 0)
        return err_errno(err, errno, "cannot read '%s'", path);
    return S_ISDIR(what.st_mode) ? read_folder(m, path, depth, err) : read_file(m, path, err);
}

int manifest_files_read(struct manifest_files *m, const char *path, struct err *err)
{
    int r = read_path(m, path, 0, err);

    if (r == 0 && m->count == 0)
        return err_set(err, -EINVAL, "'%s' has no manifests (*.yaml)", path);
    return r;
}

void manifest_files_done(struct manifest_files *m)
{
    for (size_t i = 0; i < m->file_count; i++)
        yaml_file_free(m->files[i]);
    m->file_count = m->count = m->ignored_count = 0;
}
