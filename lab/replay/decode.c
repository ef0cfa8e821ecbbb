// SPDX-License-Identifier: MIT
#include "lab/replay/decode.h"

#include "base/err.h"
#include "kube/jpath.h"
#include "kube/yaml.h"
#include "lab/replay/mapping.h"

#include <string.h>

/* The names that Go gives to all of these schemes, and to the struct that finds the kind. */
#define SCHEME "pkg/runtime/scheme.go:111"
#define KIND_STRUCT                                                                                \
    "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; "                           \
    "Kind string \"json:\\\"kind,omitempty\\\"\" }"

const char *decode_go_type(const json_t *value)
{
    if (json_is_array(value))
        return "array";
    if (json_is_string(value))
        return "string";
    if (json_is_boolean(value))
        return "bool";
    return json_is_number(value) ? "number" : "object";
}

/* --- The text --- */

static const char *check_json(struct decoder *d, const struct answer *a)
{
    struct err err = {0};

    if (a->good || json_text_check(a->body, &err) == 0)
        return NULL;
    return texts_format(&d->texts, "couldn't get version/kind; json parse error: %s", err.text);
}

/* Reads the body once, however often it is asked for. */
static const char *read_json(struct decoder *d, struct answer *a)
{
    const char *error = a->read ? NULL : check_json(d, a);
    struct err err = {0};

    if (a->read || error)
        return error;
    a->object = json_text_load(a->body, &err);
    if (!a->object)
        return texts_format(&d->texts, "%s", err.text);
    a->read = true;
    return NULL;
}

static bool is_json_object(const struct answer *a)
{
    struct json_walk w = json_walk_begin(a->body, NULL);

    return json_walk_type(&w) == '{';
}

static const char *read_yaml(struct decoder *d, struct answer *a)
{
    struct yaml_file *file = NULL;
    struct err err = {0};

    if (a->read)
        return NULL;
    if (yaml_parse("yaml", a->body.at ? a->body.at : "", a->body.len, &file, &err) < 0)
        return texts_format(&d->texts, "%s", err.text);
    a->object = yaml_count(file) > 0 ? json_incref(yaml_document(file, 0)) : json_null();
    yaml_file_free(file);
    a->read = true;
    return NULL;
}

/* --- Kind and version --- */

static const char *check_type_meta(struct decoder *d, const json_t *object)
{
    static const char *const members[] = {"apiVersion", "kind"};
    const char *key;
    json_t *value;
    size_t len;

    if (!json_is_object(object) && !json_is_null(object))
        return texts_format(&d->texts,
                            "couldn't get version/kind; json parse error: json: cannot unmarshal "
                            "%s into Go value of type " KIND_STRUCT,
                            decode_go_type(object));
    json_object_foreach ((json_t *)(uintptr_t)object, key, value)
        for (int i = 0; i < 2; i++)
            if (strcmp(key, members[i]) == 0 && !json_is_string(value) && !json_is_null(value))
                return texts_format(&d->texts,
                                    "couldn't get version/kind; json parse error: json: cannot "
                                    "unmarshal %s into Go struct field .%s of type string",
                                    decode_go_type(value), key);
    const char *api_version = jpath_str(object, "apiVersion", "");
    if (!mapping_group(api_version, &len))
        return texts_format(&d->texts, "unexpected GroupVersion string: %s", api_version);
    return NULL;
}

static struct decoded interpret(struct decoder *d, struct answer *a, const char *error)
{
    if (!error)
        error = check_type_meta(d, a->object);
    if (error)
        return (struct decoded){.error = error};
    return (struct decoded){.object = a->object,
                            .api_version = jpath_str(a->object, "apiVersion", ""),
                            .kind = jpath_str(a->object, "kind", "")};
}

static struct decoded not_registered(struct decoder *d, const struct decoded *found)
{
    return (struct decoded){
        .error = texts_format(
            &d->texts, "no kind \"%s\" is registered for version \"%s\" in scheme \"" SCHEME "\"",
            found->kind, found->api_version)};
}

static bool is_status(const struct decoded *found)
{
    return strcmp(found->kind, "Status") == 0 &&
           (strcmp(found->api_version, "v1") == 0 ||
            strcmp(found->api_version, "meta.k8s.io/v1") == 0);
}

/* Kinds that every scheme has, and that say nothing here. */
static bool is_known_everywhere(const struct decoded *found)
{
    static const char *const kinds[] = {"Status", "APIVersions", "APIGroup", "APIGroupList",
                                        "APIResourceList"};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (strcmp(found->api_version, "v1") == 0 && strcmp(found->kind, kinds[i]) == 0)
            return true;
    return false;
}

/* --- The three kinds of clients --- */

static struct decoded empty_body(struct decoder *d, const struct answer *a)
{
    return (struct decoded){
        .error = texts_format(&d->texts,
                              "0-length response with status code: %d and content type: "
                              "application/json",
                              a->code)};
}

struct decoded decode_expected(struct decoder *d, struct answer *a, const char *api_version,
                               const char *kind)
{
    if (a->body.len == 0)
        return empty_body(d, a);
    struct decoded found = interpret(d, a, read_json(d, a));
    if (found.error)
        return found;

    if (!*found.kind)
        found.kind = kind;
    if (!*found.api_version)
        found.api_version = is_status(&(struct decoded){.kind = found.kind, .api_version = "v1"})
                                ? "v1"
                                : api_version;
    if (strcmp(found.kind, kind) == 0 && strcmp(found.api_version, api_version) == 0)
        return found;
    if (is_status(&found) && strcmp(jpath_str(found.object, "status", ""), "Success") != 0)
        return (struct decoded){
            .error = texts_format(&d->texts, "%s", jpath_str(found.object, "message", ""))};
    if (is_known_everywhere(&found))
        return (struct decoded){.kind = found.kind, .api_version = found.api_version};
    return not_registered(d, &found);
}

struct decoded decode_unchecked(struct decoder *d, struct answer *a)
{
    return a->body.len == 0 ? empty_body(d, a) : interpret(d, a, read_json(d, a));
}

struct decoded decode_known(struct decoder *d, struct answer *a, const struct decode_kind *known)
{
    const char *error = is_json_object(a) ? read_json(d, a) : read_yaml(d, a);
    const struct decoded found = interpret(d, a, error);
    const char *missing = found.error || *found.api_version ? NULL : "apiVersion";

    if (found.error)
        return found;
    if (!*found.kind)
        missing = "Kind";
    if (missing)
        return (struct decoded){.error = texts_format(&d->texts, "Object '%s' is missing in '%.*s'",
                                                      missing, (int)a->body.len,
                                                      a->body.at ? a->body.at : "")};
    for (; known->kind; known++)
        if (strcmp(found.kind, known->kind) == 0 &&
            strcmp(found.api_version, known->api_version) == 0)
            return found;
    return is_known_everywhere(&found) ? found : not_registered(d, &found);
}

struct decoded decode_plain(struct decoder *d, struct answer *a, const char *go_type)
{
    struct err err = {0};

    if (!a->good && json_text_check(a->body, &err) < 0)
        return (struct decoded){.error = texts_format(&d->texts, "%s", err.text)};
    const char *error = read_json(d, a);
    if (!error && !json_is_object(a->object) && !json_is_null(a->object))
        error = texts_format(&d->texts, "json: cannot unmarshal %s into Go value of type %s",
                             decode_go_type(a->object), go_type);
    return (struct decoded){.object = error ? NULL : a->object, .error = error};
}

static bool is_text(const json_t *object, const char *member)
{
    const json_t *value = json_object_get(object, member);

    return !value || json_is_null(value) || json_is_string(value);
}

bool decode_failure(struct decoder *d, struct answer *a, struct decoded *ret)
{
    struct decoded found = interpret(d, a, a->body.len ? read_json(d, a) : "empty");
    const json_t *code = json_object_get(found.object, "code");

    if (found.error)
        return false;
    if (!*found.api_version)
        found.api_version = "v1";
    *ret = found;
    return is_status(&found) && is_text(found.object, "message") &&
           is_text(found.object, "reason") && (!code || json_is_integer(code)) &&
           strcmp(jpath_str(found.object, "status", ""), "Failure") == 0;
}
