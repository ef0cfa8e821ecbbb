// SPDX-License-Identifier: MIT
#include "adapter/forward/circuit.h"

#include "adapter/words.h"
#include "base/buf.h"

enum circuit_leave circuit_enter(struct circuit *c, uint64_t now_ns)
{
    if (!circuit_is_open(c))
        return CIRCUIT_YES;
    if (c->probing || now_ns < c->next_ns)
        return CIRCUIT_NO;
    c->probing = true;
    return CIRCUIT_PROBE;
}

void circuit_answered(struct circuit *c)
{
    *c = (struct circuit){0};
}

/* Those that were under way when it opened say nothing new. */
static void wait_longer(struct circuit *c, uint64_t now_ns)
{
    c->wait_ns = c->wait_ns ? 2 * c->wait_ns : CIRCUIT_WAIT_MIN_NS;
    if (c->wait_ns > CIRCUIT_WAIT_MAX_NS)
        c->wait_ns = CIRCUIT_WAIT_MAX_NS;
    c->next_ns = now_ns + c->wait_ns;
}

void circuit_failed(struct circuit *c, enum circuit_leave leave, const struct err *cause,
                    uint64_t now_ns, uint64_t now_wall_ns)
{
    if (c->failures++ == 0)
        c->since_wall_ns = now_wall_ns;
    c->cause = *cause;
    if (leave == CIRCUIT_PROBE || (!circuit_is_open(c) && c->failures >= CIRCUIT_FAILURES_MAX))
        wait_longer(c, now_ns);
    circuit_dropped(c, leave);
}

void circuit_dropped(struct circuit *c, enum circuit_leave leave)
{
    if (leave == CIRCUIT_PROBE)
        c->probing = false;
}

bool circuit_is_open(const struct circuit *c)
{
    return c->wait_ns != 0;
}

int circuit_explain(const struct circuit *c, uint64_t now_ns, struct buf *ret_text)
{
    char since[CLOCK_TEXT_MAX], wait[CLOCK_TEXT_MAX];
    int r =
        buf_printf(ret_text, "%s since %s", c->cause.text, words_moment(c->since_wall_ns, since));

    if (r < 0 || !circuit_is_open(c))
        return r;
    if (c->next_ns <= now_ns)
        return buf_puts(ret_text, "; next try now");
    return buf_printf(ret_text, "; next try in %s", words_roughly(c->next_ns - now_ns, wait));
}
