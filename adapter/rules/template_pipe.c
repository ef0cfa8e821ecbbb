// SPDX-License-Identifier: MIT
#include "adapter/rules/template_parser.h"

#include "base/err.h"
#include "base/parse.h"
#include "base/scoped.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DIGITS_MAX 18

int template_refuse(const struct template_parser *p, const char *format, ...)
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

int template_no_memory(const struct template_parser *p)
{
    return err_set(p->err, -ENOMEM, "out of memory");
}

static void *take(struct template_parser *p, size_t size)
{
    return pool_take(&p->t->pool, size);
}

void template_skip_blanks(struct template_parser *p)
{
    p->c += strspn(p->c, TEMPLATE_BLANKS);
}

size_t template_word_length(const char *c)
{
    size_t len = 0;

    while (isalnum((unsigned char)c[len]) || c[len] == '_')
        len++;
    return len;
}

bool template_at_close(const struct template_parser *p)
{
    return strncmp(p->c, ">>", 2) == 0 ||
           (strncmp(p->c, "->>", 3) == 0 && p->c > p->action && strchr(TEMPLATE_BLANKS, p->c[-1]));
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

static int take_string(struct template_parser *p, struct operand *o)
{
    char *text = take(p, strcspn(p->c, "\n") + 1);
    char *out = text;
    const char *c = p->c + 1;

    if (!text)
        return template_no_memory(p);
    while (*c && *c != '"' && *c != '\n') {
        int byte = *c == '\\' ? (c++, take_escape(&c)) : *c++;
        if (byte == -1)
            return template_refuse(p, "a text has an escape that is not known");
        *out++ = (char)byte;
    }
    if (*c != '"')
        return template_refuse(p, "a text has no end");
    p->c = c + 1;
    o->value = value_text(text);
    return 0;
}

static int take_raw_string(struct template_parser *p, struct operand *o)
{
    const char *end = strchr(p->c + 1, '`');

    if (!end)
        return template_refuse(p, "a text has no end");
    char *text = pool_text(&p->t->pool, p->c + 1, (size_t)(end - p->c - 1));
    if (!text)
        return template_no_memory(p);
    p->c = end + 1;
    o->value = value_text(text);
    return 0;
}

static int take_number(struct template_parser *p, struct operand *o)
{
    bool negative = *p->c == '-';
    const char *digits = p->c + (negative || *p->c == '+');
    size_t len = strspn(digits, "0123456789");
    char text[DIGITS_MAX + 1] = "";
    uint64_t number;

    if (len > DIGITS_MAX || template_word_length(digits) != len || digits[len] == '.')
        return template_refuse(p, "numbers are whole and have at most %d digits", DIGITS_MAX);
    memcpy(text, digits, len);
    if (parse_u64(text, 0, INT64_MAX, &number) < 0)
        return template_refuse(p, "unexpected '%.20s'", p->c);
    p->c = digits + len;
    o->value = value_number(negative ? -(int64_t)number : (int64_t)number);
    return 0;
}

static bool is_field(const struct template_parser *p, const char *name)
{
    for (size_t i = 0; p->t->fields[i]; i++)
        if (strcmp(p->t->fields[i], name) == 0)
            return true;
    return false;
}

static bool is_variable(const struct template_parser *p, const char *name)
{
    for (size_t i = 0; i < p->variable_count; i++)
        if (strcmp(p->variables[i], name) == 0)
            return true;
    return strcmp(name, "$") == 0;
}

static size_t count_fields(const char *c)
{
    size_t count = 0;

    while (*c == '.' && template_word_length(c + 1)) {
        c += 1 + template_word_length(c + 1);
        count++;
    }
    return count;
}

/* .A.B directly behind an operand. */
static int take_fields(struct template_parser *p, struct operand *o)
{
    size_t count = count_fields(p->c);

    if (count == 0)
        return 0;
    o->fields = take(p, (count + 1) * sizeof(*o->fields));
    if (!o->fields)
        return template_no_memory(p);
    for (size_t i = 0; i < count; i++) {
        size_t len = template_word_length(p->c + 1);
        o->fields[i] = pool_text(&p->t->pool, p->c + 1, len);
        if (!o->fields[i])
            return template_no_memory(p);
        p->c += 1 + len;
    }
    bool of_root = (o->kind == OPERAND_DOT && p->dot_is_root) ||
                   (o->kind == OPERAND_VARIABLE && strcmp(o->name, "$") == 0);
    if (of_root && !is_field(p, o->fields[0]))
        return template_refuse(p, "there is no field .%.60s", o->fields[0]);
    return 0;
}

static int take_variable(struct template_parser *p, struct operand *o)
{
    size_t len = 1 + template_word_length(p->c + 1);

    o->kind = OPERAND_VARIABLE;
    o->name = pool_text(&p->t->pool, p->c, len);
    if (!o->name)
        return template_no_memory(p);
    p->c += len;
    if (!is_variable(p, o->name))
        return template_refuse(p, "there is no variable %.60s", o->name);
    return take_fields(p, o);
}

static int take_name(struct template_parser *p, struct operand *o)
{
    size_t len = template_word_length(p->c);

    o->name = pool_text(&p->t->pool, p->c, len);
    if (!o->name)
        return template_no_memory(p);
    p->c += len;
    if (strcmp(o->name, "true") == 0 || strcmp(o->name, "false") == 0) {
        o->value = value_bool(o->name[0] == 't');
        return 0;
    }
    o->kind = OPERAND_FUNCTION;
    if (template_function(o->name) || strcmp(o->name, "and") == 0 || strcmp(o->name, "or") == 0)
        return 0;
    return template_refuse(p, "there is no function '%.60s'", o->name);
}

static int take_parentheses(struct template_parser *p, struct operand *o)
{
    if (++p->depth > TEMPLATE_DEPTH_MAX)
        return template_refuse(p, "it is nested more than %d deep", TEMPLATE_DEPTH_MAX);
    p->c++;
    o->kind = OPERAND_PIPE;
    int r = template_parse_pipe(p, false, &o->pipe);
    template_skip_blanks(p);
    if (r == 0 && *p->c != ')')
        return template_refuse(p, "a parenthesis is not closed");
    p->depth--;
    p->c++;
    return r == 0 ? take_fields(p, o) : r;
}

static int parse_operand(struct template_parser *p, struct operand *o)
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
    return template_refuse(p, "unexpected '%.20s'", p->c);
}

/* ---- pipelines ---- */

static bool ends_command(const struct template_parser *p)
{
    return !*p->c || *p->c == '|' || *p->c == ')' || template_at_close(p);
}

static int check_arguments(const struct template_parser *p, const struct command *c, bool is_first)
{
    const struct operand *head = c->operands;
    size_t given = c->count - 1 + !is_first;

    if (head->kind != OPERAND_FUNCTION)
        return given ? template_refuse(p, "only a function takes arguments") : 0;
    const struct template_function *f = template_function(head->name);
    size_t min = f ? f->min : 1, max = f ? f->max : 16;
    if (given < min || given > max)
        return template_refuse(p, "%s takes %zu to %zu arguments, not %zu", head->name, min, max,
                               given);
    return 0;
}

static int parse_command(struct template_parser *p, bool is_first, struct command **ret)
{
    struct command *command = take(p, sizeof(*command));
    struct operand **next = command ? &command->operands : NULL;

    if (!command)
        return template_no_memory(p);
    for (template_skip_blanks(p); !ends_command(p); template_skip_blanks(p)) {
        struct operand *o = take(p, sizeof(*o));
        if (!o)
            return template_no_memory(p);
        const char *start = p->c;
        int r = parse_operand(p, o);
        if (r < 0)
            return r;
        if (!ends_command(p) && !strchr(TEMPLATE_BLANKS, *p->c))
            return template_refuse(p, "unexpected '%.20s' behind '%.*s'", p->c, (int)(p->c - start),
                                   start);
        *next = o;
        next = &o->next;
        command->count++;
    }
    if (command->count == 0)
        return template_refuse(p, "a value is missing");
    *ret = command;
    return check_arguments(p, command, is_first);
}

/* A variable's name before := or =; *ret stays NULL when there is something else. */
static int take_declared(struct template_parser *p, const char **ret)
{
    const char *c = p->c;

    if (*c != '$' || template_word_length(c + 1) == 0)
        return 0;
    size_t len = 1 + template_word_length(c + 1);
    const char *behind = c + len + strspn(c + len, TEMPLATE_BLANKS);
    if (*behind != ',' && *behind != '=' && strncmp(behind, ":=", 2) != 0)
        return 0;
    *ret = pool_text(&p->t->pool, c, len);
    p->c = behind;
    return *ret ? 0 : template_no_memory(p);
}

static int declare(struct template_parser *p, struct pipe *pipe)
{
    for (size_t i = 0; i < ARRAY_LEN(pipe->variables) && pipe->variables[i]; i++) {
        if (pipe->assigns && !is_variable(p, pipe->variables[i]))
            return template_refuse(p, "there is no variable %.60s", pipe->variables[i]);
        if (pipe->assigns)
            continue;
        if (p->variable_count == TEMPLATE_VARIABLES_MAX)
            return template_refuse(p, "there are more than %d variables", TEMPLATE_VARIABLES_MAX);
        p->variables[p->variable_count++] = pipe->variables[i];
    }
    return 0;
}

/* $x := , $x = , and in a range $i, $x := . The variables are known behind the pipeline. */
static int take_variables(struct template_parser *p, bool in_range, struct pipe *pipe)
{
    template_skip_blanks(p);
    int r = take_declared(p, &pipe->variables[0]);
    if (r < 0 || !pipe->variables[0])
        return r;
    if (*p->c == ',') {
        if (!in_range)
            return template_refuse(p, "only range declares two variables");
        p->c++;
        template_skip_blanks(p);
        r = take_declared(p, &pipe->variables[1]);
        if (r < 0)
            return r;
        if (!pipe->variables[1])
            return template_refuse(p, "a variable is missing behind the comma");
    }
    pipe->assigns = *p->c == '=';
    if (*p->c == ',')
        return template_refuse(p, "there are too many variables");
    p->c += pipe->assigns ? 1 : 2;
    return 0;
}

int template_parse_pipe(struct template_parser *p, bool in_range, struct pipe **ret)
{
    struct pipe *pipe = take(p, sizeof(*pipe));
    struct command **next = pipe ? &pipe->commands : NULL;

    if (!pipe)
        return template_no_memory(p);
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
