// SPDX-License-Identifier: MIT
#include "adapter/rules/template.h"

#include "adapter/rules/template_parser.h"
#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <string.h>

#define POOL_MAX_BYTES (512 * KIB)

/* What ended a list of nodes. */
enum stop { STOP_TEXT_END, STOP_END, STOP_ELSE, STOP_ELSE_IF, STOP_ELSE_WITH };

static int parse_nodes(struct template_parser *p, struct node **ret, enum stop *ret_stop);

/* The word that comes next, if it is this one. */
static bool take_word(struct template_parser *p, const char *word)
{
    size_t len = template_word_length(p->c);

    if (len != strlen(word) || strncmp(p->c, word, len) != 0)
        return false;
    p->c += len;
    return true;
}

static int close_action(struct template_parser *p)
{
    template_skip_blanks(p);
    if (!*p->c)
        return template_refuse(p, "it has no >>");
    if (!template_at_close(p))
        return template_refuse(p, "unexpected '%.20s'", p->c);
    p->trims_next = *p->c == '-';
    p->c += p->trims_next ? 3 : 2;
    return 0;
}

/* ---- blocks ---- */

static const char *const kind_words[] = {
    [NODE_IF] = "if", [NODE_WITH] = "with", [NODE_RANGE] = "range"};

static int new_node(struct template_parser *p, enum node_kind kind, struct node **ret)
{
    struct node *n = pool_take(&p->t->pool, sizeof(*n));

    if (!n)
        return template_no_memory(p);
    n->kind = kind;
    n->text = p->action;
    *ret = n;
    return 0;
}

static int parse_block(struct template_parser *p, struct node *n);

/* What stands behind the body: else, else if, or nothing. */
static int parse_otherwise(struct template_parser *p, struct node *n, enum stop stop)
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
        return template_refuse(p, "it has no <<end>>");
    }
    return end == STOP_END ? 0 : template_refuse(p, "there is a second else");
}

/* Behind the word if, with or range. */
static int parse_block(struct template_parser *p, struct node *n)
{
    size_t variables = p->variable_count;
    bool dot_was_root = p->dot_is_root;
    enum stop stop = STOP_END;

    if (++p->depth > TEMPLATE_DEPTH_MAX)
        return template_refuse(p, "blocks are nested more than %d deep", TEMPLATE_DEPTH_MAX);
    int r = template_parse_pipe(p, n->kind == NODE_RANGE, &n->pipe);
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

static int parse_else(struct template_parser *p, enum stop *ret_stop)
{
    template_skip_blanks(p);
    if (take_word(p, "if"))
        *ret_stop = STOP_ELSE_IF;
    else if (take_word(p, "with"))
        *ret_stop = STOP_ELSE_WITH;
    else
        *ret_stop = STOP_ELSE;
    return *ret_stop == STOP_ELSE ? close_action(p) : 0;
}

static int parse_jump(struct template_parser *p, enum node_kind kind, struct node **ret)
{
    if (p->loops == 0)
        return template_refuse(p, "it is outside of a range");
    int r = new_node(p, kind, ret);
    return r == 0 ? close_action(p) : r;
}

static int skip_comment(struct template_parser *p)
{
    const char *end = strstr(p->c, "*/");

    if (!end)
        return template_refuse(p, "the comment has no end");
    p->c = end + 2;
    return close_action(p);
}

/* One action behind its <<. *ret stays NULL when it makes no node; *ret_stop is set when it ends
 * the list. */
static int parse_action(struct template_parser *p, struct node **ret, enum stop *ret_stop)
{
    static const char *const unknown[] = {"define", "template", "block"};

    for (size_t i = 0; i < ARRAY_LEN(unknown); i++)
        if (take_word(p, unknown[i]))
            return template_refuse(p, "%s is not for rules: a query is one template", unknown[i]);
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
        r = template_parse_pipe(p, false, &(*ret)->pipe);
    return r == 0 ? close_action(p) : r;
}

/* The text up to the next << or the end, without the blanks that actions around it trim. */
static int take_text(struct template_parser *p, struct node **ret)
{
    const char *start = p->c, *open = strstr(p->c, "<<");
    const char *end = open ? open : start + strlen(start);

    p->c = end;
    if (p->trims_next)
        start += strspn(start, TEMPLATE_BLANKS);
    p->trims_next = false;
    if (open && open[2] == '-' && open[3] && strchr(TEMPLATE_BLANKS, open[3]))
        while (end > start && strchr(TEMPLATE_BLANKS, end[-1]))
            end--;
    if (end <= start)
        return 0;
    int r = new_node(p, NODE_TEXT, ret);
    if (r < 0)
        return r;
    (*ret)->text = pool_text(&p->t->pool, start, (size_t)(end - start));
    return (*ret)->text ? 0 : template_no_memory(p);
}

static int open_action(struct template_parser *p)
{
    p->c += 2;
    p->action = p->c;
    if (*p->c == '-' && p->c[1] && strchr(TEMPLATE_BLANKS, p->c[1]))
        p->c++;
    template_skip_blanks(p);
    return strncmp(p->c, "/*", 2) == 0 ? skip_comment(p) : 1;
}

static int parse_nodes(struct template_parser *p, struct node **ret, enum stop *ret_stop)
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
    struct template_parser p = {.t = t, .c = text, .action = text, .dot_is_root = true, .err = err};
    int r = parse_nodes(&p, &t->nodes, &stop);
    if (r == 0 && stop != STOP_TEXT_END)
        r = template_refuse(&p, "there is nothing that it belongs to");
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
