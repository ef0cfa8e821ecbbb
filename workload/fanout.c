// SPDX-License-Identifier: MIT
#include "workload/fanout.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "http/fetch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define AT_A_TIME_MAX 100
#define TIMEOUT_NS (10 * NS_PER_S)
#define ANSWER_MAX_BYTES (16 * KIB)

struct fanout {
    struct buf *answer;
    size_t running;
    int failed; /* the first error of buf, or 0 */
};

struct sent { /* what a call needs to know at its end; one for each post, not for each time */
    struct fanout *fanout;
    const struct fanout_post *post;
};

static void on_answer(void *arg, int result, int status, const struct buf *body,
                      const struct err *err)
{
    const struct sent *sent = arg;
    struct fanout *f = sent->fanout;
    int r;

    (void)status;
    (void)body;
    if (result < 0)
        r = buf_printf(f->answer, "Failed to connect to consumer: %s\n", err->text);
    else
        r = buf_printf(f->answer, "%s\n", sent->post->success);
    f->running--;
    if (f->failed == 0)
        f->failed = r;
}

static int send_one(struct fetcher *fetcher, struct sent *sent)
{
    const struct fanout_post *post = sent->post;
    const struct http_call call = {
        .method = "POST",
        .url = post->url,
        .headers = {"Content-Type: application/x-www-form-urlencoded", "Connection: close"},
        .body = post->form,
        .body_len = strlen(post->form),
        .timeout_ns = TIMEOUT_NS};

    if (fetcher_start(fetcher, &call, ANSWER_MAX_BYTES, on_answer, sent) < 0)
        return -ENOMEM;
    sent->fanout->running++;
    return 0;
}

static int send_all(struct fetcher *fetcher, struct sent *sent)
{
    for (size_t i = 0; i < sent->post->times; i++) {
        while (sent->fanout->running >= AT_A_TIME_MAX)
            fetcher_wait(fetcher, NULL, 0, NS_PER_S);
        if (send_one(fetcher, sent) < 0)
            return -ENOMEM;
    }
    return 0;
}

int fanout_run(const struct fanout_post *posts, size_t count, struct buf *answer)
{
    struct fanout f = {.answer = answer};
    struct fetcher *fetcher = fetcher_new();
    struct sent *sent = calloc(count ? count : 1, sizeof(*sent));
    int r = fetcher && sent ? 0 : -ENOMEM;

    for (size_t i = 0; i < count && r == 0; i++) {
        sent[i] = (struct sent){&f, &posts[i]};
        r = send_all(fetcher, &sent[i]);
    }
    while (r == 0 && f.running)
        fetcher_wait(fetcher, NULL, 0, NS_PER_S);
    fetcher_free(fetcher);
    free(sent);
    return r < 0 ? r : f.failed;
}
