// SPDX-License-Identifier: MIT
#include "lab/images.h"

#include "base/err.h"
#include "base/options.h"
#include "base/scoped.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* hpa-example is the walkthrough's php-apache image, which runs on amd64 only. */
static const char *const built_in[] = {
    "hpa-example=swell-workload serve --loop=php-apache",
    "swell-workload=swell-workload",
    "swell-adapter=swell-adapter",
    "swell-load=swell-load",
};

static int find_own_folder(char folder[4096], struct err *err)
{
    ssize_t n = readlink("/proc/self/exe", folder, 4095);

    if (n < 0)
        return err_errno(err, errno, "cannot find the lab's own program");
    folder[n] = '\0';
    *strrchr(folder, '/') = '\0';
    return 0;
}

/* Absolute, since a pod starts in a folder of its own. A symbolic link stays one: its name may be
 * what the program goes by. New, or NULL. */
static char *absolute_path(const struct images *images, const char *program)
{
    scoped(free_at) char *here = get_current_dir_name();
    const char *folder = strchr(program, '/') ? here : images->folder;
    char *path = NULL;

    if (*program == '/')
        return strdup(program);
    return folder && asprintf(&path, "%s/%s", folder, program) >= 0 ? path : NULL;
}

static int set_program(const struct images *images, struct image *image, const char *program,
                       struct err *err)
{
    image->program = absolute_path(images, program);
    if (!image->program)
        return err_set(err, -ENOMEM, "out of memory");
    if (access(image->program, X_OK) < 0)
        return err_set(err, -EINVAL, "the program '%s' for image '%s' is not there", program,
                       image->name);
    return 0;
}

/* "NAME=PROGRAM ARG ARG" */
static int add_row(struct images *images, const char *row, struct err *err)
{
    const char *equals = strchr(row, '=');
    size_t args = 0;
    char *rest = NULL;

    if (!equals || equals == row || !equals[1])
        return err_set(err, -EINVAL, "an image is written NAME=PROGRAM [ARGS...], not '%s'", row);
    if (images->count == IMAGES_MAX)
        return err_set(err, -E2BIG, "more than %d images", IMAGES_MAX);

    struct image *image = &images->rows[images->count++];
    (void)snprintf(image->name, sizeof(image->name), "%.*s", (int)(equals - row), row);
    char *words = strdup(equals + 1);
    const char *program = words ? strtok_r(words, " ", &rest) : NULL;
    int r = program ? set_program(images, image, program, err)
                    : err_set(err, -EINVAL, "image '%s' names no program", image->name);
    const char *arg;
    while (r == 0 && (arg = strtok_r(NULL, " ", &rest))) {
        if (args == IMAGE_ARGS_MAX)
            r = err_set(err, -E2BIG, "image '%s' has more than %d arguments", image->name,
                        IMAGE_ARGS_MAX);
        else
            image->args[args++] = strdup(arg);
    }
    free(words);
    return r;
}

int images_init(struct images *images, const struct opt_list *more, struct err *err)
{
    int r = find_own_folder(images->folder, err);

    for (size_t i = 0; r == 0 && i < sizeof(built_in) / sizeof(built_in[0]); i++)
        r = add_row(images, built_in[i], err);
    for (size_t i = 0; r == 0 && i < more->count; i++)
        r = add_row(images, more->values[i], err);
    return r;
}

void images_done(struct images *images)
{
    for (size_t i = 0; i < images->count; i++) {
        free(images->rows[i].program);
        for (size_t k = 0; k < IMAGE_ARGS_MAX; k++)
            free(images->rows[i].args[k]);
    }
    images->count = 0;
}

const struct image *images_find(const struct images *images, const char *reference)
{
    const char *slash = strrchr(reference, '/');
    const char *name = slash ? slash + 1 : reference;
    size_t len = strcspn(name, ":@");

    for (size_t i = images->count; i-- > 0;)
        if (strlen(images->rows[i].name) == len && strncmp(images->rows[i].name, name, len) == 0)
            return &images->rows[i];
    return NULL;
}

char *images_names(const struct images *images, char *text, size_t size)
{
    size_t n = 0;

    text[0] = '\0';
    for (size_t i = 0; i < images->count && n < size; i++)
        n += (size_t)snprintf(text + n, size - n, "%s%s", i ? ", " : "", images->rows[i].name);
    return text;
}
