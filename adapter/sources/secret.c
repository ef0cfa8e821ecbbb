// SPDX-License-Identifier: MIT
#include "adapter/sources/secret.h"

#include "base/buf.h"
#include "base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 1024

int secret_read_config(const struct strict *s, const json_t *mapping, const char *path,
                       struct secret *ret)
{
    static const struct strict_member members[] = {{"file", false}, {"env", false}, {0}};
    const char *file = NULL, *env = NULL;

    if (json_is_string(mapping)) /* does not repeat it */
        return strict_refuse(s, path,
                             "%s takes {file: PATH} or {env: NAME}: a secret is not written into "
                             "the configuration",
                             path);
    int r = strict_mapping(s, mapping, path, members);
    if (r == 0)
        r = strict_text(s, mapping, path, "file", NAME_MAX_BYTES, &file);
    if (r == 0)
        r = strict_text(s, mapping, path, "env", NAME_MAX_BYTES, &env);
    if (r < 0)
        return r;
    if (!file == !env)
        return strict_refuse(s, path, "%s takes either file or env", path);
    *(file ? &ret->file : &ret->env) = strdup(file ? file : env);
    return secret_is_set(ret) ? 0 : err_set(s->err, -ENOMEM, "out of memory");
}

void secret_done(struct secret *s)
{
    free(s->file);
    free(s->env);
    *s = (struct secret){0};
}

bool secret_is_set(const struct secret *s)
{
    return s->file || s->env;
}

static int read_file(const char *path, char **ret, struct err *err)
{
    struct buf text = {.max = SECRET_MAX_BYTES};
    struct err why = {0};
    int r = buf_read_file(&text, path, &why);

    if (r == 0)
        *ret = buf_take(&text, NULL);
    else
        (void)err_set(err, r, "cannot be asked: its credential is not there: %s", why.text);
    buf_done(&text);
    return r == 0 && !*ret ? err_set(err, -ENOMEM, "cannot be asked: out of memory") : r;
}

static int read_env(const char *name, char **ret, struct err *err)
{
    const char *value = getenv(name);

    if (!value)
        return err_set(err, -ENOENT, "cannot be asked: the environment has no %s", name);
    *ret = strdup(value);
    return *ret ? 0 : err_set(err, -ENOMEM, "cannot be asked: out of memory");
}

int secret_get(const struct secret *s, char **ret, struct err *err)
{
    char *text = NULL;
    int r = s->file ? read_file(s->file, &text, err) : read_env(s->env, &text, err);

    if (r < 0)
        return r;
    size_t len = strlen(text);
    if (len && text[len - 1] == '\n')
        text[--len] = '\0';
    if (len && text[len - 1] == '\r')
        text[len - 1] = '\0';
    *ret = text;
    return 0;
}
