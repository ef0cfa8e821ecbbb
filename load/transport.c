// SPDX-License-Identifier: MIT
#include "load/transport.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/version.h"
#include "http/hosts.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define EVENTS_MAX 256
#define RECEIVE_BUFFER_BYTES 4096L /* one for each handle */
#define OTHER_DESCRIPTORS 64       /* besides one for each connection */

const char *const failure_names[FAILURE_COUNT] = {
    [FAILURE_NONE] = "none",
    [FAILURE_REFUSED] = "connection refused",
    [FAILURE_TIMEOUT] = "timeout",
    [FAILURE_RESET] = "connection reset",
    [FAILURE_NO_HOST] = "host not found",
    [FAILURE_CONNECT] = "cannot connect",
    [FAILURE_CUT] = "answer cut short",
    [FAILURE_TLS] = "tls",
    [FAILURE_PROTOCOL] = "not http",
    [FAILURE_OTHER] = "other",
    [FAILURE_UNFINISHED] = "unfinished",
};

struct shot { /* an easy handle, set up once for many requests */
    CURL *curl;
    struct shot *next; /* in transport.idle */
    bool running;
    uint64_t tag, intended_ns, body_bytes;
    char reason[CURL_ERROR_SIZE];
};

struct transport {
    struct transport_config config;
    CURLM *multi;
    struct curl_slist *headers, *connect_to;
    int epoll_fd, timer_fd;
    uint64_t curl_due_ns; /* when libcurl wants to be called; UINT64_MAX: not at all */
    struct shot **shots;  /* all that were ever needed, at most max_in_flight */
    size_t shot_count, in_flight;
    struct shot *idle;
};

const char *transport_version(void)
{
    return curl_version_info(CURLVERSION_NOW)->version;
}

int transport_check_url(const char *url, struct err *err)
{
    CURLU *parsed = curl_url();
    char *scheme = NULL;
    CURLUcode code = parsed ? curl_url_set(parsed, CURLUPART_URL, url, 0) : CURLUE_OUT_OF_MEMORY;

    if (code == CURLUE_OK)
        code = curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0);
    bool http = scheme && (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
    curl_free(scheme);
    curl_url_cleanup(parsed);
    if (code != CURLUE_OK)
        return err_set(err, -EINVAL, "'%s' is not a URL: %s", url, curl_url_strerror(code));
    if (!http)
        return err_set(err, -EINVAL, "'%s' must begin with http:// or https://", url);
    return 0;
}

/* libcurl's own bookkeeping: which descriptors it waits for, and until when. */

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
    struct transport *t = arg;
    struct epoll_event event = {.data.fd = fd};
    (void)easy;

    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(t->epoll_fd, EPOLL_CTL_DEL, fd, NULL); /* may be closed already */
        return 0;
    }
    if (what & CURL_POLL_IN)
        event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT)
        event.events |= EPOLLOUT;
    if (epoll_ctl(t->epoll_fd, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) < 0)
        return -1;
    if (!known)
        curl_multi_assign(t->multi, fd, t); /* any pointer but NULL: "known" from now on */
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *arg)
{
    struct transport *t = arg;
    (void)multi;

    t->curl_due_ns =
        timeout_ms < 0 ? UINT64_MAX : clock_mono_ns() + (uint64_t)timeout_ms * NS_PER_MS;
    return 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    struct shot *s = arg;
    (void)data;

    s->body_bytes += size * count;
    return size * count;
}

static int append(struct curl_slist **list, const char *text)
{
    struct curl_slist *longer = curl_slist_append(*list, text);

    if (!longer)
        return -ENOMEM;
    *list = longer;
    return 0;
}

static int build_lists(struct transport *t)
{
    const struct transport_config *c = &t->config;
    int r = 0;

    t->connect_to = hosts_new();
    for (size_t i = 0; i < c->header_count && r == 0; i++)
        r = append(&t->headers, c->headers[i]);
    if (r == 0 && !c->keepalive)
        r = append(&t->headers, "Connection: close");
    return r == 0 ? append(&t->headers, "Expect:") : r; /* no 100-continue round trip */
}

/* A descriptor for each connection; the soft limit is often far below the hard one. */
static int allow_descriptors(size_t connections, struct err *err)
{
    struct rlimit limit;
    rlim_t needed = connections + OTHER_DESCRIPTORS;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return err_errno(err, errno, "getrlimit");
    if (limit.rlim_cur >= needed)
        return 0;
    if (limit.rlim_max < needed)
        return err_set(err, -EMFILE, "%zu connections need %llu descriptors, the limit is %llu",
                       connections, (unsigned long long)needed, (unsigned long long)limit.rlim_max);
    limit.rlim_cur = needed;
    return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? err_errno(err, errno, "setrlimit") : 0;
}

static int watch(const struct transport *t, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    return epoll_ctl(t->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int open_descriptors(struct transport *t)
{
    t->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (t->epoll_fd < 0)
        return -errno;
    t->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (t->timer_fd < 0)
        return -errno;

    int r = watch(t, t->timer_fd);
    return r == 0 && t->config.wake_fd >= 0 ? watch(t, t->config.wake_fd) : r;
}

static int build_multi(struct transport *t)
{
    t->multi = curl_multi_init();
    if (!t->multi)
        return -ENOMEM;
    curl_multi_setopt(t->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(t->multi, CURLMOPT_SOCKETDATA, t);
    curl_multi_setopt(t->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(t->multi, CURLMOPT_TIMERDATA, t);
    curl_multi_setopt(t->multi, CURLMOPT_MAXCONNECTS, (long)t->config.max_in_flight);
    return 0;
}

struct transport *transport_new(const struct transport_config *config, struct err *err)
{
    struct transport *t = calloc(1, sizeof(*t));

    if (!t) {
        (void)err_set(err, -ENOMEM, "out of memory");
        return NULL;
    }
    *t = (struct transport){
        .config = *config, .epoll_fd = -1, .timer_fd = -1, .curl_due_ns = UINT64_MAX};
    int r = allow_descriptors(config->max_in_flight, err);
    if (r < 0)
        goto fail;

    r = open_descriptors(t);
    t->shots = calloc(config->max_in_flight, sizeof(struct shot *));
    if (r == 0 && !t->shots)
        r = -ENOMEM;
    if (r == 0)
        r = build_lists(t);
    if (r == 0)
        r = build_multi(t);
    if (r == 0)
        return t;
    (void)err_errno(err, -r, "cannot start");
fail:
    transport_free(t);
    return NULL;
}

static void shot_free(struct shot *s)
{
    if (s)
        curl_easy_cleanup(s->curl);
    free(s);
}

void transport_free(struct transport *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->shot_count; i++) {
        if (t->shots[i]->running)
            curl_multi_remove_handle(t->multi, t->shots[i]->curl);
        shot_free(t->shots[i]);
    }
    free(t->shots);
    curl_multi_cleanup(t->multi); /* closes connections and calls on_socket for them */
    curl_slist_free_all(t->headers);
    curl_slist_free_all(t->connect_to);
    if (t->timer_fd >= 0)
        close(t->timer_fd);
    if (t->epoll_fd >= 0)
        close(t->epoll_fd);
    free(t);
}

static void set_options(const struct transport *t, struct shot *s)
{
    const struct transport_config *c = &t->config;
    long timeout_ms = (long)((c->timeout_ns + NS_PER_MS - 1) / NS_PER_MS);

    curl_easy_setopt(s->curl, CURLOPT_URL, c->url);
    curl_easy_setopt(s->curl, CURLOPT_PRIVATE, s);
    curl_easy_setopt(s->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(s->curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(s->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(s->curl, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(s->curl, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
    curl_easy_setopt(s->curl, CURLOPT_ERRORBUFFER, s->reason);
    curl_easy_setopt(s->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(s->curl, CURLOPT_WRITEDATA, s);
    curl_easy_setopt(s->curl, CURLOPT_BUFFERSIZE, RECEIVE_BUFFER_BYTES);
    curl_easy_setopt(s->curl, CURLOPT_USERAGENT, "Swell/" SWELL_VERSION);
    curl_easy_setopt(s->curl, CURLOPT_HTTPHEADER, t->headers);
    curl_easy_setopt(s->curl, CURLOPT_CONNECT_TO, t->connect_to);
    curl_easy_setopt(s->curl, CURLOPT_PROXY, ""); /* never a proxy from the environment */
    curl_easy_setopt(s->curl, CURLOPT_FRESH_CONNECT, c->keepalive ? 0L : 1L);
    curl_easy_setopt(s->curl, CURLOPT_FORBID_REUSE, c->keepalive ? 0L : 1L);
    if (c->method && strcmp(c->method, "HEAD") == 0)
        curl_easy_setopt(s->curl, CURLOPT_NOBODY, 1L); /* or it would wait for a body */
    else if (c->method)
        curl_easy_setopt(s->curl, CURLOPT_CUSTOMREQUEST, c->method);
}

static struct shot *shot_new(struct transport *t)
{
    struct shot *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->curl = curl_easy_init();
    if (!s->curl) {
        free(s);
        return NULL;
    }
    set_options(t, s);
    t->shots[t->shot_count++] = s;
    return s;
}

static struct shot *take_idle(struct transport *t)
{
    struct shot *s = t->idle;

    if (!s)
        return shot_new(t);
    t->idle = s->next;
    return s;
}

static void put_idle(struct transport *t, struct shot *s)
{
    s->running = false;
    s->next = t->idle;
    t->idle = s;
}

int transport_send(struct transport *t, uint64_t intended_ns, uint64_t tag, const char *body,
                   size_t body_len)
{
    if (t->in_flight == t->config.max_in_flight)
        return -EBUSY;
    struct shot *s = take_idle(t);
    if (!s)
        return -ENOMEM;

    s->tag = tag;
    s->intended_ns = intended_ns;
    s->body_bytes = 0;
    s->reason[0] = '\0';
    if (body) {
        curl_easy_setopt(s->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body_len);
        curl_easy_setopt(s->curl, CURLOPT_POSTFIELDS, body);
    }
    if (curl_multi_add_handle(t->multi, s->curl) != CURLM_OK) {
        put_idle(t, s);
        return -ENOMEM;
    }
    s->running = true;
    t->in_flight++;
    return 0;
}

size_t transport_in_flight(const struct transport *t)
{
    return t->in_flight;
}

static enum failure connect_failure(CURL *curl)
{
    long os_errno = 0;

    curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &os_errno);
    return os_errno == ECONNREFUSED ? FAILURE_REFUSED : FAILURE_CONNECT;
}

static enum failure failure_of(CURL *curl, CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return FAILURE_NONE;
    case CURLE_COULDNT_CONNECT:
        return connect_failure(curl);
    case CURLE_OPERATION_TIMEDOUT:
        return FAILURE_TIMEOUT;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        return FAILURE_RESET;
    case CURLE_COULDNT_RESOLVE_HOST:
        return FAILURE_NO_HOST;
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
        return FAILURE_CUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
        return FAILURE_TLS;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
        return FAILURE_PROTOCOL;
    default:
        return FAILURE_OTHER;
    }
}

/* libcurl counts from its own start; both its figures together give how long ago the request left.
 */
static uint64_t sent_ns(CURL *curl, uint64_t done_ns)
{
    curl_off_t total_us = 0, before_us = 0;

    curl_easy_getinfo(curl, CURLINFO_TOTAL_TIME_T, &total_us);
    curl_easy_getinfo(curl, CURLINFO_PRETRANSFER_TIME_T, &before_us);
    if (before_us <= 0)
        return 0;
    return total_us > before_us ? done_ns - (uint64_t)(total_us - before_us) * NS_PER_US : done_ns;
}

static void finish(struct transport *t, struct shot *s, enum failure failure, const char *reason)
{
    struct outcome o = {.tag = s->tag,
                        .intended_ns = s->intended_ns,
                        .done_ns = clock_mono_ns(),
                        .failure = failure,
                        .body_bytes = s->body_bytes,
                        .reason = reason};
    struct curl_header *pod;
    long status = 0;

    o.sent_ns = sent_ns(s->curl, o.done_ns);
    if (failure == FAILURE_NONE) {
        curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
        o.status = (int)status;
        if (curl_easy_header(s->curl, "X-Swell-Pod", 0, CURLH_HEADER, -1, &pod) == CURLHE_OK)
            o.pod = pod->value;
    }
    curl_multi_remove_handle(t->multi, s->curl);
    t->in_flight--;
    s->running = false;
    t->config.done(t->config.arg, &o);
    put_idle(t, s); /* only now: o.pod belongs to the handle */
}

/* Returns how many ended. */
static size_t finish_all(struct transport *t)
{
    CURLMsg *message;
    size_t count = 0;
    int left;

    while ((message = curl_multi_info_read(t->multi, &left))) {
        struct shot *s = NULL;
        CURLcode code = message->data.result;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&s);
        finish(t, s, failure_of(s->curl, code),
               s->reason[0] ? s->reason : curl_easy_strerror(code));
        count++;
    }
    return count;
}

/* Starts what was just sent and ends what is over time. Returns how many requests ended. */
static size_t run_due(struct transport *t)
{
    int running;

    if (t->curl_due_ns > clock_mono_ns())
        return 0;
    t->curl_due_ns = UINT64_MAX; /* on_timer sets it anew */
    (void)curl_multi_socket_action(t->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    return finish_all(t);
}

/* Arms the timer and returns the time-out for epoll_wait. */
static int arm_timer(const struct transport *t, uint64_t until_ns)
{
    struct itimerspec at = {.it_value = {.tv_sec = (time_t)(until_ns / NS_PER_S),
                                         .tv_nsec = (long)(until_ns % NS_PER_S)}};

    if (until_ns <= clock_mono_ns())
        return 0;
    if (until_ns == UINT64_MAX)
        at = (struct itimerspec){0}; /* off */
    return timerfd_settime(t->timer_fd, TFD_TIMER_ABSTIME, &at, NULL) < 0 ? 1 : -1;
}

/* A timer or a signal: that it came is all that matters. */
static void empty(int fd)
{
    char dropped[1024]; /* several signalfd_siginfo */

    (void)!read(fd, dropped, sizeof(dropped));
}

static void on_socket_event(struct transport *t, const struct epoll_event *event)
{
    int running, what = 0;

    if (event->events & EPOLLIN)
        what |= CURL_CSELECT_IN;
    if (event->events & EPOLLOUT)
        what |= CURL_CSELECT_OUT;
    if (event->events & (EPOLLERR | EPOLLHUP))
        what |= CURL_CSELECT_ERR;
    (void)curl_multi_socket_action(t->multi, event->data.fd, what, &running);
}

bool transport_wait(struct transport *t, uint64_t until_ns)
{
    struct epoll_event events[EVENTS_MAX];
    bool woken = false;
    bool ended = run_due(t) > 0; /* the caller may want to send again at once */
    uint64_t due_ns = t->curl_due_ns < until_ns ? t->curl_due_ns : until_ns;
    int n = epoll_wait(t->epoll_fd, events, EVENTS_MAX, ended ? 0 : arm_timer(t, due_ns));

    for (int i = 0; i < n; i++) {
        int fd = events[i].data.fd;
        woken |= fd == t->config.wake_fd;
        if (fd == t->config.wake_fd || fd == t->timer_fd)
            empty(fd);
        else
            on_socket_event(t, &events[i]);
    }
    (void)finish_all(t);
    return woken;
}

void transport_abandon(struct transport *t)
{
    for (size_t i = 0; i < t->shot_count; i++)
        if (t->shots[i]->running)
            finish(t, t->shots[i], FAILURE_UNFINISHED, "the run ended first");
}
