// SPDX-License-Identifier: MIT
#include "kube/yaml.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/scoped.h"
#include "kube/jpath_step.h"
#include "kube/yaml_scalar.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define DEPTH_MAX 100
#define VALUES_MAX 100000
#define TEXT_MAX (4 * MIB)
#define FILE_MAX MIB

struct yaml_file {
    char *name;
    json_t *documents; /* an array */
    json_t *lines;     /* for each document a tree: see struct built */
};

/* A value that has been read, and its lines: for a scalar the number of its line, for a list
 * [line, [lines of the elements]], for an object [line, {key: lines of the member}]. As it never
 * changes, the aliases of an anchor share one. */
struct built {
    json_t *value, *lines;
    size_t values, text_bytes; /* what it adds up to, itself included */
    unsigned height;           /* of nesting: a scalar has 0 */
};

struct reader {
    yaml_parser_t parser;
    const char *name, *text;
    size_t len;
    struct err *err;
    size_t values, text_bytes; /* in the whole file so far */
    json_t *anchors;           /* of this document: name -> index in anchored; null while open */
    struct built *anchored;
    size_t anchored_count;
};

static void built_done(struct built *b)
{
    json_decref(b->value);
    json_decref(b->lines);
    *b = (struct built){0};
}

static int fail(struct reader *r, size_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int fail(struct reader *r, size_t line, const char *format, ...)
{
    char reason[256];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(reason, sizeof(reason), format, args);
    va_end(args);
    return err_set(r->err, -EINVAL, "%s:%zu: %s", r->name, line, reason);
}

static int no_memory(struct reader *r)
{
    return err_set(r->err, -ENOMEM, "%s: out of memory", r->name);
}

static size_t line_of(const yaml_event_t *event)
{
    return event->start_mark.line + 1;
}

/* The line of a tree of lines: see struct built. */
static size_t line_in(const json_t *lines)
{
    return (size_t)json_integer_value(json_is_array(lines) ? json_array_get(lines, 0) : lines);
}

/* libyaml gives no line for bytes that it cannot decode, only their offset. */
static size_t line_of_offset(const struct reader *r, size_t offset)
{
    size_t line = 1;

    for (size_t i = 0; i < offset && i < r->len; i++)
        line += r->text[i] == '\n';
    return line;
}

static int parser_failed(struct reader *r)
{
    const yaml_parser_t *p = &r->parser;

    if (p->error == YAML_MEMORY_ERROR)
        return no_memory(r);
    if (p->error == YAML_READER_ERROR)
        return fail(r, line_of_offset(r, p->problem_offset), "%s", p->problem);
    return fail(r, p->problem_mark.line + 1, "%s%s%s", p->problem, p->context ? " " : "",
                p->context ? p->context : "");
}

static int next_event(struct reader *r, yaml_event_t *event)
{
    return yaml_parser_parse(&r->parser, event) ? 0 : parser_failed(r);
}

/* Counts what the file adds up to once its aliases are written out. */
static int count(struct reader *r, size_t line, size_t values, size_t text_bytes)
{
    r->values += values;
    r->text_bytes += text_bytes;
    if (r->values > VALUES_MAX)
        return fail(r, line, "more than %d values", VALUES_MAX);
    if (r->text_bytes > TEXT_MAX)
        return fail(r, line, "more than %zu bytes of text", TEXT_MAX);
    return 0;
}

/* --- Anchors and aliases --- */

static int open_anchor(struct reader *r, const char *anchor)
{
    if (json_object_set_new(r->anchors, anchor, json_null()) < 0)
        return no_memory(r);
    return 0;
}

static int close_anchor(struct reader *r, const char *anchor, const struct built *b)
{
    size_t n = r->anchored_count;
    struct built *all = r->anchored;

    if ((n & (n - 1)) == 0) /* sizes are powers of two */
        all = reallocarray(all, n ? 2 * n : 1, sizeof(*all));
    if (!all)
        return no_memory(r);
    r->anchored = all;
    if (json_object_set_new(r->anchors, anchor, json_integer((json_int_t)n)) < 0)
        return no_memory(r);

    all[n] = *b;
    json_incref(b->value);
    json_incref(b->lines);
    r->anchored_count++;
    return 0;
}

static void forget_anchors(struct reader *r)
{
    for (size_t i = 0; i < r->anchored_count; i++)
        built_done(&r->anchored[i]);
    r->anchored_count = 0;
    json_object_clear(r->anchors);
}

/* The lines of an alias: its own for the value as a whole, the anchor's inside. */
static json_t *alias_lines(const json_t *lines, size_t line)
{
    json_t *inside = json_array_get(lines, 1);

    if (!inside)
        return json_integer((json_int_t)line);
    return json_pack("[I, O]", (json_int_t)line, inside);
}

static int read_alias(struct reader *r, const yaml_event_t *event, unsigned depth,
                      struct built *ret)
{
    const char *anchor = (const char *)event->data.alias.anchor;
    const json_t *index = json_object_get(r->anchors, anchor);
    size_t line = line_of(event);

    if (!index)
        return fail(r, line, "alias '%s' has no anchor before it", anchor);
    if (json_is_null(index))
        return fail(r, line, "alias '%s' is inside of what it stands for", anchor);

    const struct built *b = &r->anchored[json_integer_value(index)];
    if (depth + b->height > DEPTH_MAX)
        return fail(r, line, "nested deeper than %d", DEPTH_MAX);
    int e = count(r, line, b->values, b->text_bytes);
    if (e < 0)
        return e;

    *ret = *b;
    ret->value = json_deep_copy(b->value);
    ret->lines = alias_lines(b->lines, line);
    return ret->value && ret->lines ? 0 : no_memory(r);
}

/* --- Values --- */

static int read_value(struct reader *r, const yaml_event_t *event, unsigned depth,
                      struct built *ret);

static int scalar_value(struct reader *r, const yaml_event_t *event, json_t **ret)
{
    const char *text = (const char *)event->data.scalar.value;
    const char *tag = (const char *)event->data.scalar.tag;
    bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    size_t line = line_of(event);

    if (strlen(text) != event->data.scalar.length)
        return fail(r, line, "a NUL character is not supported");

    switch (yaml_scalar(text, tag, plain, ret)) {
    case 0:
        return 0;
    case -ENOTSUP:
        return fail(r, line, "tag '%.80s' is not supported", tag);
    case -EINVAL:
        return fail(r, line, "'%.80s' is not a '%.80s'", text, tag);
    case -ERANGE:
        return fail(r, line, "'%.80s' has no equal in JSON", text);
    default:
        return no_memory(r);
    }
}

static int read_scalar(struct reader *r, const yaml_event_t *event, struct built *ret)
{
    size_t line = line_of(event);
    int e = count(r, line, 1, event->data.scalar.length);

    if (e < 0)
        return e;
    e = scalar_value(r, event, &ret->value);
    if (e < 0)
        return e;

    ret->lines = json_integer((json_int_t)line);
    ret->values = 1;
    ret->text_bytes = event->data.scalar.length;
    return ret->lines ? 0 : no_memory(r);
}

/* A container begins: its value, its lines, its count. */
static int begin(struct reader *r, const yaml_event_t *event, const yaml_char_t *tag,
                 const char *core_tag, unsigned depth, struct built *ret)
{
    size_t line = line_of(event);
    bool list = event->type == YAML_SEQUENCE_START_EVENT;

    if (depth >= DEPTH_MAX)
        return fail(r, line, "nested deeper than %d", DEPTH_MAX);
    if (tag && strcmp((const char *)tag, "!") != 0 && strcmp((const char *)tag, core_tag) != 0)
        return fail(r, line, "tag '%.80s' is not supported here", (const char *)tag);

    int e = count(r, line, 1, 0);
    if (e < 0)
        return e;

    ret->value = list ? json_array() : json_object();
    ret->lines = json_pack("[I, o]", (json_int_t)line, list ? json_array() : json_object());
    ret->values = 1;
    ret->height = 1;
    return ret->value && ret->lines ? 0 : no_memory(r);
}

static void add_up(struct built *parent, const struct built *child)
{
    parent->values += child->values;
    parent->text_bytes += child->text_bytes;
    if (parent->height < child->height + 1)
        parent->height = child->height + 1;
}

static int read_list(struct reader *r, const yaml_event_t *start, unsigned depth, struct built *ret)
{
    int e = begin(r, start, start->data.sequence_start.tag, YAML_SEQ_TAG, depth, ret);

    while (e == 0) {
        scoped(yaml_event_delete) yaml_event_t event = {0};
        scoped(built_done) struct built element = {0};
        e = next_event(r, &event);
        if (e < 0 || event.type == YAML_SEQUENCE_END_EVENT)
            break;
        e = read_value(r, &event, depth + 1, &element);
        if (e < 0)
            break;
        add_up(ret, &element);
        if (json_array_append(ret->value, element.value) < 0 ||
            json_array_append(json_array_get(ret->lines, 1), element.lines) < 0)
            e = no_memory(r);
    }
    return e;
}

/* JSON's keys are strings; Kubernetes writes 0x1 as "1" and yes as "true". A fraction stays as it
 * is written, where Kubernetes would also write .5 as "0.5". */
static int key_text(struct reader *r, const yaml_event_t *event, struct buf *ret)
{
    json_auto_t *value = NULL;
    int e = count(r, line_of(event), 0, event->data.scalar.length);

    if (e == 0)
        e = scalar_value(r, event, &value);
    if (e < 0)
        return e;
    if (json_is_null(value))
        return fail(r, line_of(event), "a key must not be null");

    if (json_is_boolean(value))
        e = buf_puts(ret, json_is_true(value) ? "true" : "false");
    else if (json_is_integer(value))
        e = buf_printf(ret, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else
        e = buf_puts(ret, (const char *)event->data.scalar.value);
    return e < 0 ? no_memory(r) : 0;
}

static int check_new_key(struct reader *r, const struct built *object, const char *key, size_t line)
{
    const json_t *first = json_object_get(json_array_get(object->lines, 1), key);

    if (!first)
        return 0;
    return fail(r, line, "key '%.80s' is repeated, it is on line %zu already", key, line_in(first));
}

static int read_next_value(struct reader *r, unsigned depth, struct built *ret)
{
    scoped(yaml_event_delete) yaml_event_t event = {0};
    int e = next_event(r, &event);

    return e < 0 ? e : read_value(r, &event, depth, ret);
}

static int read_member(struct reader *r, const yaml_event_t *key_event, unsigned depth,
                       struct built *object)
{
    scoped(buf_done) struct buf key = {.max = TEXT_MAX};
    scoped(built_done) struct built member = {0};
    int e = key_text(r, key_event, &key);

    if (e == 0)
        e = check_new_key(r, object, key.data, line_of(key_event));
    if (e == 0)
        e = read_next_value(r, depth + 1, &member);
    if (e < 0)
        return e;

    add_up(object, &member);
    object->text_bytes += key.len;
    if (json_object_set(object->value, key.data, member.value) < 0 ||
        json_object_set(json_array_get(object->lines, 1), key.data, member.lines) < 0)
        return no_memory(r);
    return 0;
}

static bool is_merge_key(const yaml_event_t *event)
{
    const char *tag = (const char *)event->data.scalar.tag;

    if (strcmp((const char *)event->data.scalar.value, "<<") != 0)
        return false;
    return tag ? strcmp(tag, "tag:yaml.org,2002:merge") == 0
               : event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

/* json_object_update_missing says nothing when memory runs out. */
static int add_missing(json_t *object, const json_t *source)
{
    const char *key;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)source, key, value) {
        if (!json_object_get(object, key) && json_object_set(object, key, value) < 0)
            return -ENOMEM;
    }
    return 0;
}

/* Adds the members of source that merged does not have. */
static int merge(struct reader *r, const json_t *source, const json_t *source_lines,
                 struct built *merged)
{
    if (!json_is_object(source))
        return fail(r, line_in(source_lines), "'<<' takes an object or a list of objects");
    if (add_missing(merged->value, source) < 0 ||
        add_missing(json_array_get(merged->lines, 1), json_array_get(source_lines, 1)) < 0)
        return no_memory(r);
    return 0;
}

/* Reads what follows '<<' into merged, for the members that the object itself does not have. Of
 * several objects the first has precedence. */
static int read_merge(struct reader *r, const yaml_event_t *key_event, unsigned depth,
                      struct built *merged)
{
    scoped(built_done) struct built source = {0};
    int e;

    if (merged->value)
        return fail(r, line_of(key_event), "key '<<' is repeated");
    e = read_next_value(r, depth + 1, &source);
    if (e < 0)
        return e;

    merged->value = json_object();
    merged->lines = json_pack("[i, {}]", 0);
    merged->values = source.values;
    merged->text_bytes = source.text_bytes;
    merged->height = source.height;
    if (!merged->value || !merged->lines)
        return no_memory(r);
    if (!json_is_array(source.value))
        return merge(r, source.value, source.lines, merged);

    for (size_t i = 0; e == 0 && i < json_array_size(source.value); i++)
        e = merge(r, json_array_get(source.value, i),
                  json_array_get(json_array_get(source.lines, 1), i), merged);
    return e;
}

/* What the object says itself goes before what it merges, wherever the '<<' stood. */
static int apply_merge(struct reader *r, const struct built *merged, struct built *object)
{
    if (!merged->value)
        return 0;
    object->values += merged->values;
    object->text_bytes += merged->text_bytes;
    if (object->height < merged->height)
        object->height = merged->height;
    return merge(r, merged->value, merged->lines, object);
}

static int read_object(struct reader *r, const yaml_event_t *start, unsigned depth,
                       struct built *ret)
{
    scoped(built_done) struct built merged = {0};
    int e = begin(r, start, start->data.mapping_start.tag, YAML_MAP_TAG, depth, ret);

    while (e == 0) {
        scoped(yaml_event_delete) yaml_event_t key = {0};
        e = next_event(r, &key);
        if (e < 0)
            return e;
        if (key.type == YAML_MAPPING_END_EVENT)
            return apply_merge(r, &merged, ret);
        if (key.type != YAML_SCALAR_EVENT || key.data.scalar.anchor)
            return fail(r, line_of(&key), "a key must be a scalar without anchor");
        e = is_merge_key(&key) ? read_merge(r, &key, depth, &merged)
                               : read_member(r, &key, depth, ret);
    }
    return e;
}

static const char *anchor_of(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return (const char *)event->data.scalar.anchor;
    case YAML_SEQUENCE_START_EVENT:
        return (const char *)event->data.sequence_start.anchor;
    case YAML_MAPPING_START_EVENT:
        return (const char *)event->data.mapping_start.anchor;
    default:
        return NULL;
    }
}

/* Reads the value that begins with event; depth containers are around it. On failure ret may hold
 * a part, for the caller to release. */
static int read_value(struct reader *r, const yaml_event_t *event, unsigned depth,
                      struct built *ret)
{
    const char *anchor = anchor_of(event);
    int e = anchor ? open_anchor(r, anchor) : 0;

    if (e < 0)
        return e;
    if (event->type == YAML_ALIAS_EVENT)
        e = read_alias(r, event, depth, ret);
    else if (event->type == YAML_SCALAR_EVENT)
        e = read_scalar(r, event, ret);
    else if (event->type == YAML_SEQUENCE_START_EVENT)
        e = read_list(r, event, depth, ret);
    else
        e = read_object(r, event, depth, ret);

    return e < 0 || !anchor ? e : close_anchor(r, anchor, ret);
}

/* --- Documents --- */

static int read_document(struct reader *r, struct yaml_file *f)
{
    scoped(built_done) struct built document = {0};
    int e = read_next_value(r, 0, &document);

    forget_anchors(r);
    if (e < 0 || json_is_null(document.value))
        return e;
    if (json_array_append(f->documents, document.value) < 0 ||
        json_array_append(f->lines, document.lines) < 0)
        return no_memory(r);
    return 0;
}

static int read_stream(struct reader *r, struct yaml_file *f)
{
    yaml_event_type_t type = YAML_NO_EVENT;
    int e = 0;

    while (e == 0 && type != YAML_STREAM_END_EVENT) {
        scoped(yaml_event_delete) yaml_event_t event = {0};
        e = next_event(r, &event);
        type = event.type;
        if (e == 0 && type == YAML_DOCUMENT_START_EVENT)
            e = read_document(r, f);
    }
    return e;
}

static struct yaml_file *file_new(const char *name)
{
    struct yaml_file *f = calloc(1, sizeof(*f));

    if (!f)
        return NULL;
    f->name = strdup(name);
    f->documents = json_array();
    f->lines = json_array();
    if (f->name && f->documents && f->lines)
        return f;
    yaml_file_free(f);
    return NULL;
}

int yaml_parse(const char *name, const char *text, size_t len, struct yaml_file **ret,
               struct err *err)
{
    struct reader r = {.name = name, .text = text, .len = len, .err = err};
    struct yaml_file *f = file_new(name);
    int e = -ENOMEM;

    r.anchors = json_object();
    if (!f || !r.anchors || !yaml_parser_initialize(&r.parser)) {
        (void)no_memory(&r);
        goto out;
    }
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
    e = read_stream(&r, f);
    yaml_parser_delete(&r.parser);
    forget_anchors(&r);
out:
    free(r.anchored);
    json_decref(r.anchors);
    if (e < 0)
        yaml_file_free(f);
    else
        *ret = f;
    return e;
}

int yaml_read_file(const char *path, struct yaml_file **ret, struct err *err)
{
    scoped(buf_done) struct buf text = {.max = FILE_MAX};
    int r = buf_read_file(&text, path, err);

    return r < 0 ? r : yaml_parse(path, text.data ? text.data : "", text.len, ret, err);
}

void yaml_file_free(struct yaml_file *f)
{
    if (!f)
        return;
    json_decref(f->documents);
    json_decref(f->lines);
    free(f->name);
    free(f);
}

size_t yaml_count(const struct yaml_file *f)
{
    return json_array_size(f->documents);
}

json_t *yaml_document(const struct yaml_file *f, size_t i)
{
    return json_array_get(f->documents, i);
}

const char *yaml_name(const struct yaml_file *f)
{
    return f->name;
}

unsigned yaml_line(const struct yaml_file *f, size_t i, const char *path)
{
    const json_t *lines = json_array_get(f->lines, i);
    struct jpath_step step;

    while (jpath_step_take(&path, &step)) {
        const json_t *inside = json_array_get(lines, 1);
        const json_t *next = step.name ? json_object_getn(inside, step.name, step.name_len)
                                       : json_array_get(inside, step.index);
        if (!next)
            break;
        lines = next;
    }
    return (unsigned)line_in(lines);
}
