// SPDX-License-Identifier: MIT
#include "adapter/rules/template.h"

#include "adapter/rules/template_tree.h"
#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <string.h>

#define VARIABLES_MAX 64
#define ARGUMENTS_MAX 17
#define STEPS_MAX 100000
#define POOL_MAX_BYTES (1 * MIB)

struct run {
    const struct template *t;
    const struct value *values; /* of the root's fields */
    struct pool pool;
    struct buf *out;
    struct err *err;
    unsigned steps;
    bool drops_comma; /* an empty .LabelMatchers stood at the beginning of a list */
    struct {
        const char *name;
        struct value value;
    } variables[VARIABLES_MAX];
    size_t variable_count;
};

/* How a list of nodes ended. Errors are negative. */
enum outcome { RAN, BROKE, CONTINUED };

static int run_pipe(struct run *run, const struct pipe *pipe, const struct value *dot,
                    struct value *ret);
static int run_nodes(struct run *run, const struct node *n, const struct value *dot);

static int root_field(const struct run *run, const char *name, struct value *ret)
{
    for (size_t i = 0; run->t->fields[i]; i++) {
        if (strcmp(run->t->fields[i], name) == 0) {
            *ret = run->values[i];
            return 0;
        }
    }
    return err_set(run->err, -EINVAL, "there is no field .%.60s", name);
}

static int follow_fields(const struct run *run, const char **fields, struct value *v)
{
    for (; fields && *fields; fields++) {
        int r = 0;
        if (v->kind == VALUE_ROOT)
            r = root_field(run, *fields, v);
        else if (v->kind == VALUE_MAP)
            *v = value_member(v, *fields);
        else
            r = err_set(run->err, -EINVAL, "%s has no field .%.60s", value_kind_name(v), *fields);
        if (r < 0)
            return r;
    }
    return 0;
}

static struct value variable(const struct run *run, const char *name)
{
    for (size_t i = run->variable_count; i > 0; i--)
        if (strcmp(run->variables[i - 1].name, name) == 0)
            return run->variables[i - 1].value;
    return (struct value){.kind = VALUE_ROOT};
}

static int run_operand(struct run *run, const struct operand *o, const struct value *dot,
                       struct value *ret)
{
    int r = 0;

    switch (o->kind) {
    case OPERAND_CONSTANT:
        *ret = o->value;
        break;
    case OPERAND_DOT:
        *ret = *dot;
        break;
    case OPERAND_VARIABLE:
        *ret = variable(run, o->name);
        break;
    case OPERAND_PIPE:
        r = run_pipe(run, o->pipe, dot, ret);
        break;
    case OPERAND_FUNCTION: { /* as an argument: one that needs none */
        const struct template_function *f = template_function(o->name);
        if (!f || f->min > 0)
            return err_set(run->err, -EINVAL, "%s needs arguments", o->name);
        r = f->call(NULL, 0, &run->pool, ret, run->err);
        break;
    }
    }
    return r == 0 ? follow_fields(run, o->fields, ret) : r;
}

/* `and` gives the first argument that is not true, `or` the first that is; else the last. What
 * comes after is not looked at. piped: the last argument, if the pipeline gave one. */
static int run_logic(struct run *run, const struct command *c, const struct value *dot,
                     const struct value *piped, struct value *ret)
{
    const bool stops_at = strcmp(c->operands->name, "or") == 0;

    for (const struct operand *o = c->operands->next; o; o = o->next) {
        int r = run_operand(run, o, dot, ret);
        if (r < 0 || value_is_true(ret) == stops_at)
            return r;
    }
    if (piped)
        *ret = *piped;
    return 0;
}

static int run_function(struct run *run, const struct command *c, const struct value *dot,
                        const struct value *piped, struct value *ret)
{
    const struct template_function *f = template_function(c->operands->name);
    struct value args[ARGUMENTS_MAX];
    size_t count = 0;

    for (const struct operand *o = c->operands->next; o; o = o->next) {
        int r = run_operand(run, o, dot, &args[count++]);
        if (r < 0)
            return r;
    }
    if (piped)
        args[count++] = *piped;
    return f->call(args, count, &run->pool, ret, run->err);
}

static int run_command(struct run *run, const struct command *c, const struct value *dot,
                       const struct value *piped, struct value *ret)
{
    if (c->operands->kind != OPERAND_FUNCTION)
        return run_operand(run, c->operands, dot, ret);
    return template_function(c->operands->name) ? run_function(run, c, dot, piped, ret)
                                                : run_logic(run, c, dot, piped, ret);
}

static int set_variable(struct run *run, const char *name, bool assigns, const struct value *v)
{
    if (!name)
        return 0;
    for (size_t i = run->variable_count; assigns && i > 0; i--) {
        if (strcmp(run->variables[i - 1].name, name) == 0) {
            run->variables[i - 1].value = *v;
            return 0;
        }
    }
    if (run->variable_count == VARIABLES_MAX)
        return err_set(run->err, -EINVAL, "there are too many variables");
    run->variables[run->variable_count].name = name;
    run->variables[run->variable_count++].value = *v;
    return 0;
}

static int run_commands(struct run *run, const struct pipe *pipe, const struct value *dot,
                        struct value *ret)
{
    struct value piped;
    bool has_piped = false;

    for (const struct command *c = pipe->commands; c; c = c->next) {
        struct value v;
        int r = run_command(run, c, dot, has_piped ? &piped : NULL, &v);
        if (r < 0)
            return r;
        piped = v;
        has_piped = true;
    }
    *ret = piped;
    return 0;
}

static int run_pipe(struct run *run, const struct pipe *pipe, const struct value *dot,
                    struct value *ret)
{
    int r = run_commands(run, pipe, dot, ret);

    return r == 0 ? set_variable(run, pipe->variables[0], pipe->assigns, ret) : r;
}

/* ---- output ---- */

static char last_written(const struct buf *out)
{
    size_t len = out->len;

    while (len && strchr(" \t\r\n", out->data[len - 1]))
        len--;
    return len ? out->data[len - 1] : '\0';
}

static int put_text(struct run *run, const char *text)
{
    if (run->drops_comma) {
        const char *next = text + strspn(text, " \t\r\n");
        run->drops_comma = !*next;
        if (*next == ',')
            text = next + 1;
    }
    return buf_puts(run->out, text);
}

static bool is_matchers(const struct pipe *pipe)
{
    const struct operand *o = pipe->commands->operands;

    return !pipe->commands->next && o->kind == OPERAND_DOT && o->fields && !o->fields[1] &&
           strcmp(o->fields[0], "LabelMatchers") == 0;
}

static int run_action(struct run *run, const struct node *n, const struct value *dot)
{
    struct value v;
    int r = run_pipe(run, n->pipe, dot, &v);

    if (r < 0 || n->pipe->variables[0])
        return r;
    if (is_matchers(n->pipe) && !value_is_true(&v)) {
        char last = last_written(run->out);
        run->drops_comma = last == '{' || last == ',';
        return 0;
    }
    run->drops_comma = false;
    return value_print(&v, run->out, run->err);
}

/* ---- blocks ---- */

static int run_if(struct run *run, const struct node *n, const struct value *dot)
{
    struct value v;
    int r = run_pipe(run, n->pipe, dot, &v);

    if (r < 0)
        return r;
    if (!value_is_true(&v))
        return run_nodes(run, n->otherwise, dot);
    return run_nodes(run, n->body, n->kind == NODE_WITH ? &v : dot);
}

/* One turn: key is the index or name, item what is there. */
static int run_turn(struct run *run, const struct node *n, const struct value *key,
                    const struct value *item)
{
    const struct pipe *pipe = n->pipe;
    size_t variables = run->variable_count;
    int r = 0;

    if (pipe->variables[1])
        r = set_variable(run, pipe->variables[0], pipe->assigns, key);
    if (r == 0)
        r = set_variable(run, pipe->variables[pipe->variables[1] ? 1 : 0], pipe->assigns, item);
    if (r == 0)
        r = run_nodes(run, n->body, item);
    run->variable_count = variables;
    return r;
}

static int run_range(struct run *run, const struct node *n, const struct value *dot)
{
    struct value over;
    int r = run_commands(run, n->pipe, dot, &over);

    if (r < 0)
        return r;
    if (over.kind != VALUE_LIST && over.kind != VALUE_MAP)
        return err_set(run->err, -EINVAL, "range over %s", value_kind_name(&over));
    if (over.count == 0)
        return run_nodes(run, n->otherwise, dot);
    for (size_t i = 0; i < over.count && r != BROKE; i++) {
        bool is_map = over.kind == VALUE_MAP;
        struct value key = is_map ? value_text(over.pairs[i].name) : value_number((int64_t)i);
        struct value item = value_text(is_map ? over.pairs[i].text : over.items[i]);
        r = run_turn(run, n, &key, &item);
        if (r < 0)
            return r;
    }
    return RAN;
}

static int run_node(struct run *run, const struct node *n, const struct value *dot)
{
    size_t variables = run->variable_count;
    int r = RAN;

    if (++run->steps > STEPS_MAX)
        return err_set(run->err, -EINVAL, "it takes more than %d steps", STEPS_MAX);
    switch (n->kind) {
    case NODE_TEXT:
        return put_text(run, n->text);
    case NODE_ACTION:
        return run_action(run, n, dot); /* its variables live on */
    case NODE_IF:
    case NODE_WITH:
        r = run_if(run, n, dot);
        break;
    case NODE_RANGE:
        r = run_range(run, n, dot);
        break;
    case NODE_BREAK:
        return BROKE;
    case NODE_CONTINUE:
        return CONTINUED;
    }
    run->variable_count = variables;
    return r;
}

static int run_nodes(struct run *run, const struct node *n, const struct value *dot)
{
    size_t variables = run->variable_count;
    int r = RAN;

    for (; n && r == RAN; n = n->next)
        r = run_node(run, n, dot);
    run->variable_count = variables;
    return r;
}

int template_run(const struct template *t, const struct value *values, struct buf *ret,
                 struct err *err)
{
    struct run run = {.t = t, .values = values, .pool.max = POOL_MAX_BYTES, .out = ret, .err = err};
    const struct value root = {.kind = VALUE_ROOT};

    int r = run_nodes(&run, t->nodes, &root);
    pool_done(&run.pool);
    return r == -E2BIG ? err_set(err, r, "it makes more than %zu bytes", ret->max) : r;
}
