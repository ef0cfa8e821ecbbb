// SPDX-License-Identifier: MIT
#include "adapter/auth/identity.h"

#include "base/scoped.h"

#include <errno.h>
#include <string.h>

static int set(char **to, const char *text)
{
    char *copy = strdup(text);

    if (!copy)
        return -ENOMEM;
    free(*to);
    *to = copy;
    return 0;
}

int identity_set_user(struct identity *id, const char *user)
{
    return set(&id->user, user);
}

int identity_set_uid(struct identity *id, const char *uid)
{
    return set(&id->uid, uid);
}

/* Makes room for one more, doubling. Returns the list, or NULL. */
static void *grow(void *list, size_t count, size_t size)
{
    bool full = count == 0 || (count >= 4 && (count & (count - 1)) == 0);

    return full ? reallocarray(list, count ? 2 * count : 4, size) : list;
}

int identity_add_group(struct identity *id, const char *group)
{
    if (id->group_count == IDENTITY_GROUPS_MAX)
        return -E2BIG;
    char **groups = grow(id->groups, id->group_count, sizeof(*groups));
    if (!groups)
        return -ENOMEM;
    id->groups = groups;
    groups[id->group_count] = strdup(group);
    if (!groups[id->group_count])
        return -ENOMEM;
    id->group_count++;
    return 0;
}

int identity_add_extra(struct identity *id, const char *key, const char *value)
{
    if (id->extra_count == IDENTITY_EXTRA_MAX)
        return -E2BIG;
    struct identity_extra *extra = grow(id->extra, id->extra_count, sizeof(*extra));
    if (!extra)
        return -ENOMEM;
    id->extra = extra;
    struct identity_extra e = {strdup(key), strdup(value)};
    if (!e.key || !e.value) {
        free(e.key);
        free(e.value);
        return -ENOMEM;
    }
    extra[id->extra_count++] = e;
    return 0;
}

bool identity_has_group(const struct identity *id, const char *group)
{
    for (size_t i = 0; i < id->group_count; i++)
        if (strcmp(id->groups[i], group) == 0)
            return true;
    return false;
}

void identity_done(struct identity *id)
{
    for (size_t i = 0; i < id->group_count; i++)
        free(id->groups[i]);
    for (size_t i = 0; i < id->extra_count; i++) {
        free(id->extra[i].key);
        free(id->extra[i].value);
    }
    free(id->groups);
    free(id->extra);
    free(id->user);
    free(id->uid);
    *id = (struct identity){0};
}

/* Each text with its NUL, which none has inside; counts keep lists apart. */
static int put(struct buf *out, const char *text)
{
    return buf_append(out, text ? text : "", text ? strlen(text) + 1 : 1);
}

int identity_write_key(const struct identity *id, struct buf *out)
{
    int r = put(out, id->user);

    if (r == 0)
        r = put(out, id->uid);
    if (r == 0)
        r = buf_append(out, &id->group_count, sizeof(id->group_count));
    for (size_t i = 0; i < id->group_count && r == 0; i++)
        r = put(out, id->groups[i]);
    if (r == 0)
        r = buf_append(out, &id->extra_count, sizeof(id->extra_count));
    for (size_t i = 0; i < id->extra_count && r == 0; i++) {
        r = put(out, id->extra[i].key);
        if (r == 0)
            r = put(out, id->extra[i].value);
    }
    return r;
}

static int put_extra(json_t *extra, const struct identity_extra *e)
{
    json_t *values = json_object_get(extra, e->key);

    if (!values) {
        values = json_array();
        if (json_object_set_new(extra, e->key, values) < 0)
            return -1;
    }
    return json_array_append_new(values, json_string(e->value));
}

json_t *identity_to_json(const struct identity *id)
{
    json_auto_t *groups = json_array(), *extra = json_object();
    int r = groups && extra ? 0 : -1;

    for (size_t i = 0; i < id->group_count && r == 0; i++)
        r = json_array_append_new(groups, json_string(id->groups[i]));
    for (size_t i = 0; i < id->extra_count && r == 0; i++)
        r = put_extra(extra, &id->extra[i]);
    if (r < 0)
        return NULL;
    return json_pack("{s:s, s:s*, s:O, s:O*}", "user", id->user, "uid", id->uid, "groups", groups,
                     "extra", id->extra_count ? extra : NULL);
}

static int read_groups(const json_t *groups, struct identity *ret)
{
    int r = 0;

    for (size_t i = 0; i < json_array_size(groups) && r == 0; i++) {
        const char *group = json_string_value(json_array_get(groups, i));
        r = group ? identity_add_group(ret, group) : -EBADMSG;
    }
    return r;
}

static int read_extra(json_t *extra, struct identity *ret)
{
    const char *key;
    json_t *values;
    int r = 0;

    json_object_foreach (extra, key, values) {
        for (size_t i = 0; i < json_array_size(values) && r == 0; i++) {
            const char *value = json_string_value(json_array_get(values, i));
            r = value ? identity_add_extra(ret, key, value) : -EBADMSG;
        }
    }
    return r;
}

int identity_from_review(const json_t *user, struct identity *ret)
{
    const char *name = json_string_value(json_object_get(user, "username"));
    const char *uid = json_string_value(json_object_get(user, "uid"));
    int r = name && *name ? identity_set_user(ret, name) : -EBADMSG;

    if (r == 0 && uid && *uid)
        r = identity_set_uid(ret, uid);
    if (r == 0)
        r = read_groups(json_object_get(user, "groups"), ret);
    if (r == 0)
        r = read_extra(json_object_get(user, "extra"), ret);
    if (r == 0 && !identity_has_group(ret, GROUP_AUTHENTICATED))
        r = identity_add_group(ret, GROUP_AUTHENTICATED);
    if (r < 0)
        identity_done(ret);
    return r;
}
