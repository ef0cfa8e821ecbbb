// SPDX-License-Identifier: MIT
#include "adapter/rules/template.h"

#include "adapter/rules/template_tree.h"
#include "base/err.h"
#include "base/parse.h"
#include "base/scoped.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BLANKS " \t\r\n"
#define VARIABLES_MAX 32
#define POOL_MAX_BYTES (512 * KIB)
#define DIGITS_MAX 18

struct parser {
    struct template *t;
    const char *c;      /* where it reads */
    const char *action; /* behind the last << */
    bool trims_next;    /* the last action ended with " ->>" */
    bool dot_is_root;   /* not inside with or range */
    unsigned depth;
    unsigned loops;
    const char *variables[VARIABLES_MAX]; /* those in scope */
    size_t variable_count;
    struct err *err;
};

/* What ended a list of nodes. */
enum stop { STOP_TEXT_END, STOP_END, STOP_ELSE, STOP_ELSE_IF, STOP_ELSE_WITH };

static int parse_pipe(struct parser *p, bool in_range, struct pipe **ret);
static int parse_nodes(struct parser *p, struct node **ret, enum stop *ret_stop);

static int refuse(const struct parser *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int refuse(const struct parser *p, const char *format, ...)
{
    char why[200];
    va_list args;
    const char *end = strstr(p->action, ">>");
    int len = end && end - p->action < 80 ? (int)(end - p->action) : 80;

    va_start(args, format);
    (void)vsnprintf(why, sizeof(why), format, args);
    va_end(args);
    return err_set(p->err, -EINVAL, "in <<%.*s>>: %s", len, p->action, why);
}

static int no_memory(const struct parser *p)
{
    return err_set(p->err, -ENOMEM, "out of memory");
}

static void *take(struct parser *p, size_t size)
{
    return pool_take(&p->t->pool, size);
}

static void skip_blanks(struct parser *p)
{
    p->c += strspn(p->c, BLANKS);
}

static size_t word_length(const char *c)
{
    size_t len = 0;

    while (isalnum((unsigned char)c[len]) || c[len] == '_')
        len++;
    return len;
}

/* The word that comes next, if it is this one. */
static bool take_word(struct parser *p, const char *word)
{
    size_t len = word_length(p->c);

    if (len != strlen(word) || strncmp(p->c, word, len) != 0)
        return false;
    p->c += len;
    return true;
}

/* At >>, or at " ->>" which trims. */
static bool at_close(const struct parser *p)
{
    return strncmp(p->c, ">>", 2) == 0 ||
           (strncmp(p->c, "->>", 3) == 0 && p->c > p->action && strchr(BLANKS, p->c[-1]));
}

static int close_action(struct parser *p)
{
    skip_blanks(p);
    if (!*p->c)
        return refuse(p, "it has no >>");
    if (!at_close(p))
        return refuse(p, "unexpected '%.20s'", p->c);
    p->trims_next = *p->c == '-';
    p->c += p->trims_next ? 3 : 2;
    return 0;
}

/* ---- operands ---- */

static int hex_digit(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* What stands behind a backslash, as a byte; -1: no such escape. Moves *c behind it. */
static int take_escape(const char **c)
{
    static const char letters[] = "ntr\\\"'", bytes[] = "\n\t\r\\\"'";
    const char *at = **c ? strchr(letters, **c) : NULL;

    if (at) {
        (*c)++;
        return bytes[at - letters];
    }
    if (**c != 'x' || !isxdigit((unsigned char)(*c)[1]) || !isxdigit((unsigned char)(*c)[2]))
        return -1;
    int byte = hex_digit((*c)[1]) * 16 + hex_digit((*c)[2]);
    *c += 3;
    return byte > 0 ? byte : -1;
}

static int take_string(struct parser *p, struct operand *o)
{
    char *text = take(p, strcspn(p->c, "\n") + 1);
    char *out = text;
    const char *c = p->c + 1;

    if (!text)
        return no_memory(p);
    while (*c && *c != '"' && *c != '\n') {
        int byte = *c == '\\' ? (c++, take_escape(&c)) : *c++;
        if (byte == -1)
            return refuse(p, "a text has an escape that is not known");
        *out++ = (char)byte;
    }
    if (*c != '"')
        return refuse(p, "a text has no end");
    p->c = c + 1;
    o->value = value_text(text);
    return 0;
}

static int take_raw_string(struct parser *p, struct operand *o)
{
    const char *end = strchr(p->c + 1, '`');

    if (!end)
        return refuse(p, "a text has no end");
    char *text = pool_text(&p->t->pool, p->c + 1, (size_t)(end - p->c - 1));
    if (!text)
        return no_memory(p);
    p->c = end + 1;
    o->value = value_text(text);
    return 0;
}

static int take_number(struct parser *p, struct operand *o)
{
    bool negative = *p->c == '-';
    const char *digits = p->c + (negative || *p->c == '+');
    size_t len = strspn(digits, "0123456789");
    char text[DIGITS_MAX + 1] = "";
    uint64_t number;

    if (len > DIGITS_MAX || word_length(digits) != len || digits[len] == '.')
        return refuse(p, "numbers are whole and have at most %d digits", DIGITS_MAX);
    memcpy(text, digits, len);
    if (parse_u64(text, 0, INT64_MAX, &number) < 0)
        return refuse(p, "unexpected '%.20s'", p->c);
    p->c = digits + len;
    o->value = value_number(negative ? -(int64_t)number : (int64_t)number);
    return 0;
}

static bool is_field(const struct parser *p, const char *name)
{
    for (size_t i = 0; p->t->fields[i]; i++)
        if (strcmp(p->t->fields[i], name) == 0)
            return true;
    return false;
}

static bool is_variable(const struct parser *p, const char *name)
{
    for (size_t i = 0; i < p->variable_count; i++)
        if (strcmp(p->variables[i], name) == 0)
            return true;
    return strcmp(name, "$") == 0;
}

static size_t count_fields(const char *c)
{
    size_t count = 0;

    while (*c == '.' && word_length(c + 1)) {
        c += 1 + word_length(c + 1);
        count++;
    }
    return count;
}

/* .A.B directly behind an operand. */
static int take_fields(struct parser *p, struct operand *o)
{
    size_t count = count_fields(p->c);

    if (count == 0)
        return 0;
    o->fields = take(p, (count + 1) * sizeof(*o->fields));
    if (!o->fields)
        return no_memory(p);
    for (size_t i = 0; i < count; i++) {
        size_t len = word_length(p->c + 1);
        o->fields[i] = pool_text(&p->t->pool, p->c + 1, len);
        if (!o->fields[i])
            return no_memory(p);
        p->c += 1 + len;
    }
    bool of_root = (o->kind == OPERAND_DOT && p->dot_is_root) ||
                   (o->kind == OPERAND_VARIABLE && strcmp(o->name, "$") == 0);
    if (of_root && !is_field(p, o->fields[0]))
        return refuse(p, "there is no field .%.60s", o->fields[0]);
    return 0;
}

static int take_variable(struct parser *p, struct operand *o)
{
    size_t len = 1 + word_length(p->c + 1);

    o->kind = OPERAND_VARIABLE;
    o->name = pool_text(&p->t->pool, p->c, len);
    if (!o->name)
        return no_memory(p);
    p->c += len;
    if (!is_variable(p, o->name))
        return refuse(p, "there is no variable %.60s", o->name);
    return take_fields(p, o);
}

static int take_name(struct parser *p, struct operand *o)
{
    size_t len = word_length(p->c);

    o->name = pool_text(&p->t->pool, p->c, len);
    if (!o->name)
        return no_memory(p);
    p->c += len;
    if (strcmp(o->name, "true") == 0 || strcmp(o->name, "false") == 0) {
        o->value = value_bool(o->name[0] == 't');
        return 0;
    }
    o->kind = OPERAND_FUNCTION;
    if (template_function(o->name) || strcmp(o->name, "and") == 0 || strcmp(o->name, "or") == 0)
        return 0;
    return refuse(p, "there is no function '%.60s'", o->name);
}

static int take_parentheses(struct parser *p, struct operand *o)
{
    if (++p->depth > TEMPLATE_DEPTH_MAX)
        return refuse(p, "it is nested more than %d deep", TEMPLATE_DEPTH_MAX);
    p->c++;
    o->kind = OPERAND_PIPE;
    int r = parse_pipe(p, false, &o->pipe);
    skip_blanks(p);
    if (r == 0 && *p->c != ')')
        return refuse(p, "a parenthesis is not closed");
    p->depth--;
    p->c++;
    return r == 0 ? take_fields(p, o) : r;
}

static int parse_operand(struct parser *p, struct operand *o)
{
    if (*p->c == '"')
        return take_string(p, o);
    if (*p->c == '`')
        return take_raw_string(p, o);
    if (*p->c == '$')
        return take_variable(p, o);
    if (*p->c == '(')
        return take_parentheses(p, o);
    if (*p->c == '.' && !isdigit((unsigned char)p->c[1])) {
        o->kind = OPERAND_DOT;
        if (count_fields(p->c) == 0)
            p->c++;
        return take_fields(p, o);
    }
    if (isdigit((unsigned char)*p->c) || strchr("+-", *p->c))
        return take_number(p, o);
    if (isalpha((unsigned char)*p->c))
        return take_name(p, o);
    return refuse(p, "unexpected '%.20s'", p->c);
}

/* ---- pipelines ---- */

static bool ends_command(const struct parser *p)
{
    return !*p->c || *p->c == '|' || *p->c == ')' || at_close(p);
}

static int check_arguments(const struct parser *p, const struct command *c, bool is_first)
{
    const struct operand *head = c->operands;
    size_t given = c->count - 1 + !is_first;

    if (head->kind != OPERAND_FUNCTION)
        return given ? refuse(p, "only a function takes arguments") : 0;
    const struct template_function *f = template_function(head->name);
    size_t min = f ? f->min : 1, max = f ? f->max : 16;
    if (given < min || given > max)
        return refuse(p, "%s takes %zu to %zu arguments, not %zu", head->name, min, max, given);
    return 0;
}

static int parse_command(struct parser *p, bool is_first, struct command **ret)
{
    struct command *command = take(p, sizeof(*command));
    struct operand **next = command ? &command->operands : NULL;

    if (!command)
        return no_memory(p);
    for (skip_blanks(p); !ends_command(p); skip_blanks(p)) {
        struct operand *o = take(p, sizeof(*o));
        if (!o)
            return no_memory(p);
        const char *start = p->c;
        int r = parse_operand(p, o);
        if (r < 0)
            return r;
        if (!ends_command(p) && !strchr(BLANKS, *p->c))
            return refuse(p, "unexpected '%.20s' behind '%.*s'", p->c, (int)(p->c - start), start);
        *next = o;
        next = &o->next;
        command->count++;
    }
    if (command->count == 0)
        return refuse(p, "a value is missing");
    *ret = command;
    return check_arguments(p, command, is_first);
}

/* A variable's name before := or =; *ret stays NULL when there is something else. */
static int take_declared(struct parser *p, const char **ret)
{
    const char *c = p->c;

    if (*c != '$' || word_length(c + 1) == 0)
        return 0;
    size_t len = 1 + word_length(c + 1);
    const char *behind = c + len + strspn(c + len, BLANKS);
    if (*behind != ',' && *behind != '=' && strncmp(behind, ":=", 2) != 0)
        return 0;
    *ret = pool_text(&p->t->pool, c, len);
    p->c = behind;
    return *ret ? 0 : no_memory(p);
}

static int declare(struct parser *p, struct pipe *pipe)
{
    for (size_t i = 0; i < ARRAY_LEN(pipe->variables) && pipe->variables[i]; i++) {
        if (pipe->assigns && !is_variable(p, pipe->variables[i]))
            return refuse(p, "there is no variable %.60s", pipe->variables[i]);
        if (pipe->assigns)
            continue;
        if (p->variable_count == VARIABLES_MAX)
            return refuse(p, "there are more than %d variables", VARIABLES_MAX);
        p->variables[p->variable_count++] = pipe->variables[i];
    }
    return 0;
}

/* $x := , $x = , and in a range $i, $x := . The variables are known behind the pipeline. */
static int take_variables(struct parser *p, bool in_range, struct pipe *pipe)
{
    skip_blanks(p);
    int r = take_declared(p, &pipe->variables[0]);
    if (r < 0 || !pipe->variables[0])
        return r;
    if (*p->c == ',') {
        if (!in_range)
            return refuse(p, "only range declares two variables");
        p->c++;
        skip_blanks(p);
        r = take_declared(p, &pipe->variables[1]);
        if (r < 0)
            return r;
        if (!pipe->variables[1])
            return refuse(p, "a variable is missing behind the comma");
    }
    pipe->assigns = *p->c == '=';
    if (*p->c == ',')
        return refuse(p, "there are too many variables");
    p->c += pipe->assigns ? 1 : 2;
    return 0;
}

static int parse_pipe(struct parser *p, bool in_range, struct pipe **ret)
{
    struct pipe *pipe = take(p, sizeof(*pipe));
    struct command **next = pipe ? &pipe->commands : NULL;

    if (!pipe)
        return no_memory(p);
    int r = take_variables(p, in_range, pipe);
    for (bool first = true; r == 0; first = false) {
        r = parse_command(p, first, next);
        if (r < 0)
            return r;
        next = &(*next)->next;
        if (*p->c != '|')
            break;
        p->c++;
    }
    *ret = pipe;
    return r == 0 ? declare(p, pipe) : r;
}

/* ---- blocks ---- */

static const char *const kind_words[] = {
    [NODE_IF] = "if", [NODE_WITH] = "with", [NODE_RANGE] = "range"};

static int new_node(struct parser *p, enum node_kind kind, struct node **ret)
{
    struct node *n = take(p, sizeof(*n));

    if (!n)
        return no_memory(p);
    n->kind = kind;
    n->text = p->action;
    *ret = n;
    return 0;
}

static int parse_block(struct parser *p, struct node *n);

/* What stands behind the body: else, else if, or nothing. */
static int parse_otherwise(struct parser *p, struct node *n, enum stop stop)
{
    enum stop end = stop;

    if (stop == STOP_ELSE_IF || stop == STOP_ELSE_WITH) {
        int r = new_node(p, stop == STOP_ELSE_IF ? NODE_IF : NODE_WITH, &n->otherwise);
        return r == 0 ? parse_block(p, n->otherwise) : r;
    }
    if (stop == STOP_ELSE) {
        int r = parse_nodes(p, &n->otherwise, &end);
        if (r < 0)
            return r;
    }
    if (end == STOP_TEXT_END) {
        p->action = n->text;
        return refuse(p, "it has no <<end>>");
    }
    return end == STOP_END ? 0 : refuse(p, "there is a second else");
}

/* Behind the word if, with or range. */
static int parse_block(struct parser *p, struct node *n)
{
    size_t variables = p->variable_count;
    bool dot_was_root = p->dot_is_root;
    enum stop stop = STOP_END;

    if (++p->depth > TEMPLATE_DEPTH_MAX)
        return refuse(p, "blocks are nested more than %d deep", TEMPLATE_DEPTH_MAX);
    int r = parse_pipe(p, n->kind == NODE_RANGE, &n->pipe);
    if (r == 0)
        r = close_action(p);
    size_t of_pipe = p->variable_count;
    p->dot_is_root = dot_was_root && n->kind == NODE_IF;
    p->loops += n->kind == NODE_RANGE;
    if (r == 0)
        r = parse_nodes(p, &n->body, &stop);
    p->loops -= n->kind == NODE_RANGE;
    p->dot_is_root = dot_was_root;
    p->variable_count = of_pipe;
    if (r == 0)
        r = parse_otherwise(p, n, stop);
    p->variable_count = variables;
    p->depth--;
    return r;
}

static int parse_else(struct parser *p, enum stop *ret_stop)
{
    skip_blanks(p);
    if (take_word(p, "if"))
        *ret_stop = STOP_ELSE_IF;
    else if (take_word(p, "with"))
        *ret_stop = STOP_ELSE_WITH;
    else
        *ret_stop = STOP_ELSE;
    return *ret_stop == STOP_ELSE ? close_action(p) : 0;
}

static int parse_jump(struct parser *p, enum node_kind kind, struct node **ret)
{
    if (p->loops == 0)
        return refuse(p, "it is outside of a range");
    int r = new_node(p, kind, ret);
    return r == 0 ? close_action(p) : r;
}

static int skip_comment(struct parser *p)
{
    const char *end = strstr(p->c, "*/");

    if (!end)
        return refuse(p, "the comment has no end");
    p->c = end + 2;
    return close_action(p);
}

/* One action behind its <<. *ret stays NULL when it makes no node; *ret_stop is set when it ends
 * the list. */
static int parse_action(struct parser *p, struct node **ret, enum stop *ret_stop)
{
    static const char *const unknown[] = {"define", "template", "block"};

    for (size_t i = 0; i < ARRAY_LEN(unknown); i++)
        if (take_word(p, unknown[i]))
            return refuse(p, "%s is not for rules: a query is one template", unknown[i]);
    for (enum node_kind kind = NODE_IF; kind <= NODE_RANGE; kind++) {
        if (!take_word(p, kind_words[kind]))
            continue;
        int r = new_node(p, kind, ret);
        return r == 0 ? parse_block(p, *ret) : r;
    }
    if (take_word(p, "break"))
        return parse_jump(p, NODE_BREAK, ret);
    if (take_word(p, "continue"))
        return parse_jump(p, NODE_CONTINUE, ret);
    if (take_word(p, "else"))
        return parse_else(p, ret_stop);
    if (take_word(p, "end")) {
        *ret_stop = STOP_END;
        return close_action(p);
    }
    int r = new_node(p, NODE_ACTION, ret);
    if (r == 0)
        r = parse_pipe(p, false, &(*ret)->pipe);
    return r == 0 ? close_action(p) : r;
}

/* The text up to the next << or the end, without the blanks that actions around it trim. */
static int take_text(struct parser *p, struct node **ret)
{
    const char *start = p->c, *open = strstr(p->c, "<<");
    const char *end = open ? open : start + strlen(start);

    p->c = end;
    if (p->trims_next)
        start += strspn(start, BLANKS);
    p->trims_next = false;
    if (open && open[2] == '-' && open[3] && strchr(BLANKS, open[3]))
        while (end > start && strchr(BLANKS, end[-1]))
            end--;
    if (end <= start)
        return 0;
    int r = new_node(p, NODE_TEXT, ret);
    if (r < 0)
        return r;
    (*ret)->text = pool_text(&p->t->pool, start, (size_t)(end - start));
    return (*ret)->text ? 0 : no_memory(p);
}

static int open_action(struct parser *p)
{
    p->c += 2;
    p->action = p->c;
    if (*p->c == '-' && p->c[1] && strchr(BLANKS, p->c[1]))
        p->c++;
    skip_blanks(p);
    return strncmp(p->c, "/*", 2) == 0 ? skip_comment(p) : 1;
}

static int parse_nodes(struct parser *p, struct node **ret, enum stop *ret_stop)
{
    const enum stop none = (enum stop) - 1;
    struct node **next = ret;

    for (*ret_stop = none; *ret_stop == none;) {
        int r = take_text(p, next);
        if (r < 0)
            return r;
        if (*next)
            next = &(*next)->next;
        if (!*p->c) {
            *ret_stop = STOP_TEXT_END;
            return 0;
        }
        r = open_action(p);
        if (r > 0)
            r = parse_action(p, next, ret_stop);
        if (r < 0)
            return r;
        if (*next)
            next = &(*next)->next;
    }
    return 0;
}

int template_parse(const char *text, const char *const *fields, struct template **ret,
                   struct err *err)
{
    enum stop stop;

    if (strlen(text) > TEMPLATE_MAX_BYTES)
        return err_set(err, -EINVAL, "it is longer than %zu bytes", TEMPLATE_MAX_BYTES);

    struct template *t = calloc(1, sizeof(*t));
    if (!t)
        return err_set(err, -ENOMEM, "out of memory");
    *t = (struct template){.pool.max = POOL_MAX_BYTES, .fields = fields};
    struct parser p = {.t = t, .c = text, .action = text, .dot_is_root = true, .err = err};
    int r = parse_nodes(&p, &t->nodes, &stop);
    if (r == 0 && stop != STOP_TEXT_END)
        r = refuse(&p, "there is nothing that it belongs to");
    if (r < 0) {
        template_free(t);
        return r;
    }
    *ret = t;
    return 0;
}

void template_free(struct template *t)
{
    if (!t)
        return;
    pool_done(&t->pool);
    free(t);
}
