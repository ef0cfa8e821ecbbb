// SPDX-License-Identifier: MIT
#include "load/drive.h"

#include "base/clock.h"

#define SIGNAL_GRACE_NS NS_PER_S
#define BURST_MAX 64 /* requests sent before answers are looked at again */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static int send_due(struct drive *d)
{
    int r = 0;

    for (int i = 0; i < BURST_MAX && r == 0; i++) {
        uint64_t due_ns = d->ops->next_due_ns(d->app);
        if (due_ns >= d->end_ns || due_ns > clock_mono_ns())
            return 0;
        r = d->ops->send(d->app);
    }
    return r;
}

static int tell_progress(struct drive *d)
{
    uint64_t now_ns = clock_mono_ns();

    if (d->progress_ns == 0 || now_ns < d->next_progress_ns)
        return 0;
    /* Also after a pause of the whole process, the next line is on the grid. */
    d->next_progress_ns += ((now_ns - d->next_progress_ns) / d->progress_ns + 1) * d->progress_ns;
    return d->ops->progress(d->app, now_ns);
}

/* Sends, waits for an event until until_ns at the latest, and reports. */
static int step(struct drive *d, uint64_t until_ns, bool *ret_signal)
{
    int r = send_due(d);

    if (r < 0)
        return r;
    until_ns = earlier(until_ns, d->ops->next_due_ns(d->app));
    if (d->progress_ns)
        until_ns = earlier(until_ns, d->next_progress_ns);
    *ret_signal = transport_wait(d->transport, until_ns);
    d->interrupted |= *ret_signal;
    return tell_progress(d);
}

static int send_until_end(struct drive *d)
{
    bool signal = false;
    int r = 0;

    while (r == 0 && !signal && clock_mono_ns() < d->end_ns)
        r = step(d, d->end_ns, &signal);
    if (r == 0 && !signal)
        r = send_due(d); /* what fell due while the last wait woke up */

    d->ended_ns = earlier(clock_mono_ns(), d->end_ns);
    d->ops->ended(d->app, d->ended_ns);
    return r;
}

static int wait_for_the_rest(struct drive *d)
{
    uint64_t grace_ns = d->interrupted ? earlier(d->grace_ns, SIGNAL_GRACE_NS) : d->grace_ns;
    uint64_t until_ns = d->ended_ns + grace_ns;
    bool signal = false;
    int r = 0;

    d->end_ns = UINT64_MAX; /* what the app still wants is a repetition */
    while (r == 0 && !signal && !d->ops->idle(d->app) && clock_mono_ns() < until_ns)
        r = step(d, until_ns, &signal);
    return r;
}

int drive_run(struct drive *d)
{
    d->next_progress_ns = d->start_ns + d->progress_ns;
    int r = send_until_end(d);

    if (r == 0)
        r = wait_for_the_rest(d);
    transport_abandon(d->transport);
    d->done_ns = clock_mono_ns();
    return r;
}
