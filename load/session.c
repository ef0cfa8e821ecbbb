// SPDX-License-Identifier: MIT
#include "load/session.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/signals.h"
#include "load/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const output_names[] = {"text", "json", NULL};

int session_open(struct session *s, struct transport_config *config, struct err *err)
{
    s->tally = calloc(1, sizeof(*s->tally));
    if (!s->tally)
        return err_set(err, -ENOMEM, "out of memory");
    s->signal_fd = signals_fd();
    if (s->signal_fd < 0)
        return err_errno(err, -s->signal_fd, "signalfd");

    config->wake_fd = s->signal_fd;
    s->transport = transport_new(config, err);
    return s->transport ? 0 : -EIO;
}

void session_close(struct session *s)
{
    transport_free(s->transport);
    free(s->tally);
    if (s->signal_fd >= 0)
        close(s->signal_fd);
}

void session_start(struct session *s, uint64_t duration_ns, uint64_t progress_ns)
{
    uint64_t now_ns = clock_mono_ns();

    s->window_start_ns = now_ns;
    s->drive = (struct drive){
        .transport = s->transport,
        .start_ns = now_ns,
        .end_ns = duration_ns ? now_ns + duration_ns : UINT64_MAX,
        .progress_ns = progress_ns,
    };
}

void session_log_failure(const struct session *s, const struct outcome *o)
{
    if (o->failure == FAILURE_NONE || o->failure == FAILURE_UNFINISHED ||
        s->tally->failures[o->failure] > 0)
        return;
    log_warn("request failed; from now on such are only counted",
             LOG_STR("kind", failure_names[o->failure]), LOG_STR("reason", o->reason));
}

int session_print_progress(struct session *s, uint64_t now_ns)
{
    int r = report_line(
        report_progress(s->tally, now_ns - s->drive.start_ns, now_ns - s->window_start_ns), stdout);

    tally_next_window(s->tally);
    s->window_start_ns = now_ns;
    return r;
}

static int print_json(const struct report *report, json_t *more)
{
    json_auto_t *members = report_result(report);

    if (!members || (more && json_object_update_missing(more, members) < 0))
        return -ENOMEM;
    return report_line(json_pack("{s:O}", "result", more ? more : members), stdout);
}

int session_print_result(struct session *s, const char *mode, const char *url, enum output output,
                         json_t *more)
{
    json_auto_t *owned = more;
    const struct drive *d = &s->drive;
    const struct report report = {
        .tally = s->tally,
        .url = url,
        .mode = mode,
        .duration_ns = d->ended_ns - d->start_ns,
        .wait_ns = d->done_ns - d->ended_ns,
        .interrupted = d->interrupted,
    };

    if (output == OUTPUT_JSON && print_json(&report, owned) < 0)
        return EXIT_FAILURE;
    if (output == OUTPUT_TEXT)
        report_text(&report, stdout);
    if (fflush(stdout) == EOF)
        return EXIT_FAILURE;
    return s->tally->sent > 0 && s->tally->answered == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
