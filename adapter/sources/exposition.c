// SPDX-License-Identifier: MIT
#include "adapter/sources/exposition.h"

#include "adapter/sources/endpoint.h"
#include "adapter/sources/scrape.h"
#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX (16 * MIB)

struct exposition {
    struct endpoint *endpoint;
    struct scrape_wish wish;
};

static void done(void *settings)
{
    struct exposition *e = settings;

    if (!e)
        return;
    endpoint_unref(e->endpoint);
    scrape_wish_done(&e->wish);
    free(e);
}

static void memory_done(void *memory)
{
    scrape_memory_done(memory);
}

static int read_config(const struct strict *s, const json_t *mapping, const char *path,
                       struct source *ret)
{
    static const struct strict_member members[] = {ENDPOINT_MEMBERS, SCRAPE_WISH_MEMBERS, {0}};
    struct exposition *e = ret->settings = calloc(1, sizeof(*e));

    if (!e)
        return err_set(s->err, -ENOMEM, "out of memory");
    int r = strict_mapping(s, mapping, path, members);
    if (r == 0)
        r = endpoint_read_config(s, mapping, path, &e->endpoint);
    if (r == 0)
        r = scrape_wish_read_config(s, mapping, path, &e->wish);
    if (r < 0)
        return r;
    ret->timeout_ns = endpoint_timeout_ns(e->endpoint);
    ret->shown_as = strdup(endpoint_shown_as(e->endpoint));
    return ret->shown_as ? 0 : err_set(s->err, -ENOMEM, "out of memory");
}

static int request(const struct source *s, struct source_poll *p, struct source_request *ret,
                   struct err *err)
{
    const struct exposition *e = s->settings;

    (void)p;
    ret->call.headers[0] = SCRAPE_ACCEPT;
    return endpoint_request(e->endpoint, NULL, NULL, 0, ret, err);
}

static int read_answer(const struct source *s, struct source_poll *p, int status,
                       const struct buf *body, struct samples *ret, struct err *err)
{
    const struct exposition *e = s->settings;
    int r = endpoint_check_status(status, err);

    return r == 0 ? scrape_read(&e->wish, p->memory, body, p->started_ns, ret, err) : r;
}

static void help(FILE *out)
{
    (void)fputs("      exposition:             a /metrics page; every series is a value\n"
                "        url: http://app:8080/metrics\n" SCRAPE_WISH_HELP,
                out);
}

const struct source_kind exposition_kind = {
    .name = "exposition",
    .read_config = read_config,
    .done = done,
    .request = request,
    .read_answer = read_answer,
    .body_max = BODY_MAX,
    .memory_size = sizeof(struct scrape_memory),
    .memory_done = memory_done,
    .help = help,
};
