// SPDX-License-Identifier: MIT
#include "load/schedule.h"

void schedule_init_open(struct schedule *s, const struct pace *pace, uint64_t start_ns)
{
    *s = (struct schedule){.pace = *pace, .start_ns = start_ns};
}

int schedule_init_closed(struct schedule *s, size_t clients, uint64_t pause_ns, uint64_t start_ns)
{
    *s = (struct schedule){.closed = true, .pause_ns = pause_ns, .start_ns = start_ns};
    int r = due_init(&s->clients, clients);

    for (size_t i = 0; i < clients && r == 0; i++)
        due_push(&s->clients, start_ns + pause_ns / clients * i, 0);
    return r;
}

void schedule_done(struct schedule *s)
{
    due_done(&s->clients);
}

uint64_t schedule_next_ns(const struct schedule *s)
{
    uint64_t due_ns;

    if (s->closed)
        return due_first_ns(&s->clients);
    if (__builtin_add_overflow(s->start_ns, pace_offset_ns(&s->pace, s->index), &due_ns))
        return UINT64_MAX;
    return due_ns;
}

uint64_t schedule_take(struct schedule *s)
{
    uint64_t due_ns = schedule_next_ns(s);

    if (s->closed)
        (void)due_take(&s->clients);
    else
        s->index++;
    return due_ns;
}

void schedule_answered(struct schedule *s, uint64_t now_ns)
{
    if (s->closed)
        due_push(&s->clients, now_ns + s->pause_ns, 0);
}
