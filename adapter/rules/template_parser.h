// SPDX-License-Identifier: MIT
/* template_parser: what the two halves of template parsing share: template_pipe.c reads what stands
 * inside << and >>, template_parse.c texts and blocks. Inside adapter/rules. */
#ifndef ADAPTER_RULES_TEMPLATE_PARSER_H
#define ADAPTER_RULES_TEMPLATE_PARSER_H

#include "adapter/rules/template_tree.h"

#include <stdbool.h>

#define TEMPLATE_BLANKS " \t\r\n"
#define TEMPLATE_VARIABLES_MAX 32

struct template_parser {
    struct template *t;
    const char *c;      /* where it reads */
    const char *action; /* behind the last << */
    bool trims_next;    /* the last action ended with " ->>" */
    bool dot_is_root;   /* not inside with or range */
    unsigned depth;
    unsigned loops;
    const char *variables[TEMPLATE_VARIABLES_MAX]; /* those in scope */
    size_t variable_count;
    struct err *err;
};

/* "in <<action>>: reason". Returns -EINVAL. */
int template_refuse(const struct template_parser *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int template_no_memory(const struct template_parser *p); /* -ENOMEM */

void template_skip_blanks(struct template_parser *p);
size_t template_word_length(const char *c); /* letters, digits and _ */

/* At >>, or at " ->>" which trims. */
bool template_at_close(const struct template_parser *p);

/* A pipeline with the variables that it declares, which are known behind it. in_range: there may be
 * two. New in the template's pool. */
int template_parse_pipe(struct template_parser *p, bool in_range, struct pipe **ret);

#endif
