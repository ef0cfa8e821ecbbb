// SPDX-License-Identifier: MIT
/* template_tree: a parsed template. Inside adapter/rules: template_parse.c makes it, template_run.c
 * walks it. */
#ifndef ADAPTER_RULES_TEMPLATE_TREE_H
#define ADAPTER_RULES_TEMPLATE_TREE_H

#include "adapter/rules/pool.h"
#include "adapter/rules/template_value.h"

struct pipe;

struct operand {
    enum operand_kind {
        OPERAND_CONSTANT, /* value */
        OPERAND_DOT,      /* what names the fields after it */
        OPERAND_VARIABLE, /* name; "$" is the root */
        OPERAND_FUNCTION, /* name */
        OPERAND_PIPE,
    } kind;
    struct value value;
    const char *name;
    struct pipe *pipe;
    const char **fields; /* .A.B after it; ends with NULL; NULL: none */
    struct operand *next;
};

struct command { /* a function and its arguments, or one operand */
    struct operand *operands;
    size_t count;
    struct command *next;
};

struct pipe {
    const char *variables[2]; /* that it declares or assigns; NULL: none */
    bool assigns;             /* with =, not := */
    struct command *commands;
};

struct node {
    enum node_kind {
        NODE_TEXT,
        NODE_ACTION,
        NODE_IF,
        NODE_WITH,
        NODE_RANGE,
        NODE_BREAK,
        NODE_CONTINUE
    } kind;
    const char *text; /* NODE_TEXT; of the others what stands between << and >> */
    struct pipe *pipe;
    struct node *body, *otherwise;
    struct node *next;
};

struct template
{
    struct pool pool;
    const char *const *fields; /* the root's, ends with NULL */
    struct node *nodes;
};

#define TEMPLATE_DEPTH_MAX 32 /* of nested blocks and parentheses */

#endif
