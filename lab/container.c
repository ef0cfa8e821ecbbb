// SPDX-License-Identifier: MIT
#include "lab/container.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/scoped.h"
#include "kube/jpath.h"
#include "lab/env.h"
#include "lab/images.h"
#include "lab/store.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORDS_MAX 256 /* of argv, and of the environment */
#define WORD_MAX_BYTES (64 * KIB)
#define MOUNTS_MAX 16

struct mount {
    const char *path; /* as the manifest has it */
    size_t path_len;  /* without slashes at its end */
    char folder[1024];
};

struct prepare { /* one container_prepare */
    const struct env *env;
    const json_t *pod, *spec, *container; /* spec of the pod, its first container */
    const char *ns;
    struct container *out;
    struct mount mounts[MOUNTS_MAX];
    size_t mount_count, arg_count, env_count;
};

static void free_words(char **words)
{
    for (size_t i = 0; words && words[i]; i++)
        free(words[i]);
    free(words);
}

void container_done(struct container *c)
{
    free(c->program);
    free_words(c->argv);
    free_words(c->envp);
    free(c->folder);
    free(c->log);
    *c = (struct container){0};
}

static const char *find_variable(const struct prepare *p, const char *name, size_t len)
{
    for (size_t i = p->env_count; i-- > 0;)
        if (strncmp(p->out->envp[i], name, len) == 0 && p->out->envp[i][len] == '=')
            return p->out->envp[i] + len + 1;
    return NULL;
}

/* The innermost mount that text, the rest of a word, begins with. */
static const struct mount *find_mount(const struct prepare *p, const char *text)
{
    const struct mount *best = NULL;

    for (size_t i = 0; i < p->mount_count; i++) {
        const struct mount *m = &p->mounts[i];
        if (m->path_len > 1 && strncmp(text, m->path, m->path_len) == 0 &&
            (text[m->path_len] == '/' || text[m->path_len] == '\0') &&
            (!best || m->path_len > best->path_len))
            best = m;
    }
    return best;
}

/* Whether a slash that comes now begins a path: in "/var/data" the second one does not. */
static bool path_may_begin(const struct buf *out)
{
    char before = out->len ? out->data[out->len - 1] : ' ';

    return !isalnum((unsigned char)before) && !strchr("/._-", before);
}

/* Expands $(VAR) where VAR is known, "$$" to "$", and mount paths to folders. New, or NULL. */
static char *expand(const struct prepare *p, const char *text)
{
    struct buf out = {.max = WORD_MAX_BYTES};
    int r = buf_puts(&out, "");

    while (*text && r == 0) {
        const char *end = text[0] == '$' && text[1] == '(' ? strchr(text, ')') : NULL;
        const char *value = end ? find_variable(p, text + 2, (size_t)(end - text) - 2) : NULL;
        const struct mount *mount =
            text[0] == '/' && path_may_begin(&out) ? find_mount(p, text) : NULL;
        if (value) {
            r = buf_puts(&out, value);
            text = end + 1;
        } else if (mount) {
            r = buf_puts(&out, mount->folder);
            text += mount->path_len;
        } else {
            r = buf_append(&out, text, 1);
            text += text[0] == '$' && text[1] == '$' ? 2 : 1;
        }
    }
    char *word = r == 0 ? buf_take(&out, NULL) : NULL;
    buf_done(&out);
    return word;
}

static int add_word(char **words, size_t *count, char *word, struct err *err) /* takes word */
{
    if (!word || *count == WORDS_MAX) {
        free(word);
        return err_set(err, -E2BIG,
                       "the container has too many or too long arguments or variables");
    }
    words[(*count)++] = word;
    return 0;
}

static int add_arg(struct prepare *p, const char *text, struct err *err)
{
    return add_word(p->out->argv, &p->arg_count, expand(p, text), err);
}

/* A later value of a name takes the place of an earlier one: programs read the first. */
static int add_variable(struct prepare *p, const char *name, const char *value, struct err *err)
{
    char *word = NULL;
    size_t len = strlen(name);

    if (asprintf(&word, "%s=%s", name, value) < 0)
        word = NULL;
    for (size_t i = 0; word && i < p->env_count; i++) {
        if (strncmp(p->out->envp[i], word, len + 1) != 0)
            continue;
        free(p->out->envp[i]);
        p->out->envp[i] = word;
        return 0;
    }
    return add_word(p->out->envp, &p->env_count, word, err);
}

/* ---- volumes ---- */

static int write_file(const char *folder, const char *name, const char *text, struct err *err)
{
    char path[2048];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *f = fopen(path, "we");
    if (!f)
        return err_errno(err, errno, "cannot write '%s'", path);
    bool written = fputs(text, f) >= 0;
    if (fclose(f) != 0 || !written)
        return err_errno(err, errno ? errno : EIO, "cannot write '%s'", path);
    return 0;
}

static int write_config_map(const struct prepare *p, const char *name, const char *folder,
                            struct err *err)
{
    json_auto_t *map = store_get(p->env->store, KIND_CONFIGMAP, p->ns, name);
    const char *key;
    json_t *value;
    int r = 0;

    if (!map)
        return err_set(err, -EINVAL, "configmap \"%s\" not found", name);
    json_object_foreach (jpath(map, "data"), key, value)
        if (r == 0 && !strchr(key, '/') && json_is_string(value))
            r = write_file(folder, key, json_string_value(value), err);
    return r;
}

static const json_t *find_volume(const struct prepare *p, const char *name)
{
    size_t i;
    const json_t *volume;

    json_array_foreach (jpath(p->spec, "volumes"), i, volume)
        if (strcmp(jpath_str(volume, "name", ""), name) == 0)
            return volume;
    return NULL;
}

static int make_folder(const char *path, struct err *err)
{
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return err_errno(err, errno, "cannot make '%s'", path);
    return 0;
}

static int add_mount(struct prepare *p, const json_t *row, struct err *err)
{
    const char *name = jpath_str(row, "name", "");
    const json_t *volume = find_volume(p, name);
    const char *map = jpath_str(volume, "configMap.name", NULL);
    struct mount *m = p->mounts + p->mount_count;

    if (p->mount_count == MOUNTS_MAX)
        return err_set(err, -E2BIG, "more than %d volume mounts", MOUNTS_MAX);
    if (!volume || !*name || *name == '.' || strchr(name, '/'))
        return err_set(err, -EINVAL, "volumeMounts: there is no volume \"%s\"", name);
    int n = snprintf(m->folder, sizeof(m->folder), "%s/%s", p->out->folder, name);
    if (n < 0 || (size_t)n >= sizeof(m->folder))
        return err_set(err, -ENAMETOOLONG, "the name of volume \"%s\" is too long", name);
    m->path = jpath_str(row, "mountPath", "");
    m->path_len = strlen(m->path);
    while (m->path_len && m->path[m->path_len - 1] == '/')
        m->path_len--;
    p->mount_count++;
    int r = make_folder(m->folder, err);
    return r == 0 && map ? write_config_map(p, map, m->folder, err) : r;
}

static int add_mounts(struct prepare *p, struct err *err)
{
    size_t i;
    const json_t *row;
    int r = 0;

    json_array_foreach (jpath(p->container, "volumeMounts"), i, row)
        if (r == 0)
            r = add_mount(p, row, err);
    return r;
}

/* ---- environment ---- */

static const char *field_value(const struct prepare *p, const json_t *row)
{
    const char *path = jpath_str(row, "valueFrom.fieldRef.fieldPath", NULL);

    return path ? jpath_str(p->pod, path, "") : jpath_str(row, "value", "");
}

static int add_service_variables(struct prepare *p, const json_t *service, struct err *err)
{
    char name[300], host[512], port[512], number[16];
    size_t n = (size_t)snprintf(name, sizeof(name), "%s", jpath_str(service, "metadata.name", ""));

    for (size_t i = 0; i < n && i < sizeof(name); i++)
        name[i] = name[i] == '-' ? '_' : (char)toupper((unsigned char)name[i]);
    (void)snprintf(host, sizeof(host), "%s_SERVICE_HOST", name);
    (void)snprintf(port, sizeof(port), "%s_SERVICE_PORT", name);
    (void)snprintf(number, sizeof(number), "%d", (int)jpath_int(service, "spec.ports[0].port", 0));
    int r = add_variable(p, host, jpath_str(service, "spec.clusterIP", ""), err);
    return r < 0 ? r : add_variable(p, port, number, err);
}

static int add_services(struct prepare *p, struct err *err)
{
    json_auto_t *services = store_list(p->env->store, KIND_SERVICE, p->ns, NULL);
    size_t i;
    const json_t *service;
    int r = 0;

    json_array_foreach (services, i, service)
        if (r == 0)
            r = add_service_variables(p, service, err);
    return r;
}

/* What a container has from its image and the node, and what our programs need to know. */
static int add_base_variables(struct prepare *p, struct err *err)
{
    const char *path = getenv("PATH");
    int r = add_variable(p, "PATH", path ? path : "/usr/bin:/bin", err);

    if (r == 0)
        r = add_variable(p, "HOSTNAME", jpath_str(p->pod, "metadata.name", ""), err);
    if (r == 0)
        r = add_variable(p, "SWELL_ADDRESS", jpath_str(p->pod, "status.podIP", ""), err);
    if (r == 0)
        r = add_variable(p, "SWELL_HOSTS", p->env->hosts_path, err);
    return r;
}

/* Sanitizers and locales of the lab itself, where they are set. */
static int add_inherited_variables(struct prepare *p, struct err *err)
{
    static const char *const names[] = {"ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS",
                                        "LD_LIBRARY_PATH"};
    int r = 0;

    for (size_t i = 0; r == 0 && i < ARRAY_LEN(names); i++)
        if (getenv(names[i]))
            r = add_variable(p, names[i], getenv(names[i]), err);
    return r;
}

static int add_own_variable(struct prepare *p, const json_t *row, struct err *err)
{
    const char *name = jpath_str(row, "name", "");
    scoped(free_at) char *value = expand(p, field_value(p, row));

    if (!value)
        return err_set(err, -E2BIG, "the value of variable %s is too long", name);
    return add_variable(p, name, value, err);
}

static int add_environment(struct prepare *p, struct err *err)
{
    size_t i;
    const json_t *row;
    int r = add_base_variables(p, err);

    if (r == 0)
        r = add_inherited_variables(p, err);
    if (r == 0)
        r = add_services(p, err);
    json_array_foreach (jpath(p->container, "env"), i, row)
        if (r == 0)
            r = add_own_variable(p, row, err);
    return r;
}

/* ---- program and arguments ---- */

static char *find_program(const struct prepare *p, const char *word)
{
    char *path = NULL;

    if (strchr(word, '/'))
        return strdup(word);
    if (asprintf(&path, "%s/%s", p->env->images->folder, word) >= 0 && access(path, X_OK) == 0)
        return path;
    free(path);
    return asprintf(&path, "/usr/bin/%s", word) < 0 ? NULL : path;
}

static int set_program(struct prepare *p, struct err *err)
{
    const char *reference = jpath_str(p->container, "image", "");
    const char *command = jpath_str(p->container, "command[0]", NULL);
    const struct image *image = images_find(p->env->images, reference);
    char names[1024];

    if (jpath(p->container, "command[0]") && !command)
        return err_set(err, -EINVAL, "command[0] is not a string; put it in quotes");
    if (!image && !command)
        return err_set(err, -EINVAL, "the lab does not know the image '%s'; it knows %s", reference,
                       images_names(p->env->images, names, sizeof(names)));
    p->out->program = command ? find_program(p, command) : strdup(image->program);
    if (!p->out->program || access(p->out->program, X_OK) < 0)
        return err_set(err, -EINVAL, "the container's command '%s' is not on this machine",
                       command ? command : reference);
    return add_arg(p, command ? command : p->out->program, err);
}

/* which: "command" or "args". */
static int add_list(struct prepare *p, const char *which, size_t from, struct err *err)
{
    const json_t *words = jpath(p->container, which);
    int r = 0;

    for (size_t i = from; r == 0 && i < json_array_size(words); i++) {
        const char *word = json_string_value(json_array_get(words, i));
        r = word ? add_arg(p, word, err)
                 : err_set(err, -EINVAL, "%s[%zu] is not a string; put it in quotes", which, i);
    }
    return r;
}

/* Kubernetes: command replaces the image's entry point and drops its arguments, args replaces the
 * arguments. Our images' fixed words (a role) are part of the entry point. */
static int set_arguments(struct prepare *p, struct err *err)
{
    const struct image *image = images_find(p->env->images, jpath_str(p->container, "image", ""));
    bool has_command = json_array_size(jpath(p->container, "command")) > 0;
    int r = add_list(p, "command", 1, err);

    for (size_t i = 0; r == 0 && !has_command && image && image->args[i]; i++)
        r = add_arg(p, image->args[i], err);
    return r == 0 ? add_list(p, "args", 0, err) : r;
}

int container_prepare(struct container *c, const struct env *env, const json_t *pod,
                      struct err *err)
{
    struct prepare p = {.env = env,
                        .pod = pod,
                        .spec = jpath(pod, "spec"),
                        .container = jpath(pod, "spec.containers[0]"),
                        .ns = jpath_str(pod, "metadata.namespace", "default"),
                        .out = c};

    c->argv = calloc(WORDS_MAX + 1, sizeof(*c->argv));
    c->envp = calloc(WORDS_MAX + 1, sizeof(*c->envp));
    if (!c->argv || !c->envp ||
        asprintf(&c->folder, "%s/%s", env->state_dir, jpath_str(pod, "metadata.name", "")) < 0 ||
        asprintf(&c->log, "%s.log", c->folder) < 0)
        return err_set(err, -ENOMEM, "out of memory");

    int r = make_folder(c->folder, err);
    if (r == 0)
        r = add_mounts(&p, err);
    if (r == 0)
        r = add_environment(&p, err);
    if (r == 0)
        r = set_program(&p, err);
    return r == 0 ? set_arguments(&p, err) : r;
}
