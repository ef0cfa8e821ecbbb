// SPDX-License-Identifier: MIT
#include "adapter/api/accept.h"

#include "base/parse.h"
#include "base/scoped.h"
#include "kube/status.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BLANKS " \t"

struct piece { /* of a header: not NUL-terminated */
    const char *text;
    size_t len;
};

struct clause {
    struct piece type; /* "application/json" */
    struct piece as, g, v;
    double q;
};

/* Cuts the text at *rest up to a separator, without blanks around it, and moves *rest behind it. */
static struct piece cut(struct piece *rest, char separator)
{
    const char *end = memchr(rest->text, separator, rest->len);
    size_t len = end ? (size_t)(end - rest->text) : rest->len;
    struct piece p = {rest->text, len};

    rest->text += len + (end != NULL);
    rest->len -= len + (end != NULL);
    while (p.len && strchr(BLANKS, p.text[0])) {
        p.text++;
        p.len--;
    }
    while (p.len && strchr(BLANKS, p.text[p.len - 1]))
        p.len--;
    return p;
}

static bool is(struct piece p, const char *text)
{
    return p.len == strlen(text) && strncasecmp(p.text, text, p.len) == 0;
}

static double read_q(struct piece p)
{
    char text[16] = "";
    double q = 1;

    if (p.len < sizeof(text)) {
        memcpy(text, p.text, p.len);
        (void)parse_double(text, 0, 1, &q);
    }
    return q;
}

static struct clause read_clause(struct piece text)
{
    struct clause c = {.q = 1};

    c.type = cut(&text, ';');
    while (text.len) {
        struct piece value = cut(&text, ';');
        struct piece name = cut(&value, '=');
        if (is(name, "q"))
            c.q = read_q(value);
        else if (is(name, "as"))
            c.as = value;
        else if (is(name, "g"))
            c.g = value;
        else if (is(name, "v"))
            c.v = value;
    }
    return c;
}

static bool has_form(const struct clause *c, const struct accept_form *f)
{
    bool is_json = is(c->type, "application/json");

    if (f->as)
        return is_json && is(c->as, f->as) && is(c->g, f->g) && is(c->v, f->v);
    if (c->as.len || c->g.len || c->v.len)
        return false;
    return is_json || is(c->type, "application/*") || is(c->type, "*/*") || is(c->type, "*");
}

struct choice {
    double q; /* of the best so far; 0: none */
    size_t form;
};

static void weigh_header(const char *value, const struct accept_form *forms, size_t count,
                         struct choice *best)
{
    struct piece rest = {value, strlen(value)};

    while (rest.len) {
        struct clause c = read_clause(cut(&rest, ','));
        for (size_t i = 0; i < count; i++)
            if (has_form(&c, &forms[i]) && c.q > best->q)
                *best = (struct choice){c.q, i};
    }
}

bool accept_choose(const struct http_request *r, const struct accept_form *forms, size_t count,
                   size_t *ret)
{
    struct choice best = {0};
    bool asked = false;

    for (size_t i = 0; i < r->header_count; i++) {
        if (strcasecmp(r->headers[i].name, "Accept") != 0)
            continue;
        asked |= r->headers[i].value[0] != '\0';
        weigh_header(r->headers[i].value, forms, count, &best);
    }
    if (asked && best.q <= 0)
        return false;
    *ret = best.form;
    return true;
}

bool accept_json(const struct http_request *r)
{
    static const struct accept_form plain = {0};
    size_t unused;

    return accept_choose(r, &plain, 1, &unused);
}

struct http_reply accept_refusal(void)
{
    return status_reply(406, "only application/json is served: put it into the Accept header");
}
