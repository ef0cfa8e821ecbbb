// SPDX-License-Identifier: MIT
/* lab: one machine's control plane, put together: clock, store, loop, CPU limits, proxies, the
 * server with API and page, and the stage that runs on it. Control thread. */
#ifndef LAB_LAB_H
#define LAB_LAB_H

#include "base/options.h"

#include <stdbool.h>
#include <stdint.h>

struct err;
struct lab;
struct player;

struct lab_options { /* of every command that runs manifests */
    const char *address;
    uint64_t port;
    double speed;
    uint64_t sync_period_ns, metrics_interval_ns; /* control time */
    int cpu_limits;                               /* enum cpu_way */
    struct opt_list images;
    int log_level, log_format;
    bool show_table; /* not a flag: whether the command prints the table on stdout */
};

/* Rows of an options table for a struct that begins with a struct lab_options. The two that differ
 * between commands come as texts. */
// clang-format off
#define LAB_OPTION_ROWS(default_speed, default_log_level)                                          \
    {"address", OPT_STRING, offsetof(struct lab_options, address), "127.0.0.1",                    \
     "Numeric IP address on which page and API listen; loopback, since neither asks who you are."},\
    {"port", OPT_U64, offsetof(struct lab_options, port), "8000",                                  \
     "TCP port of page and API; 0 picks a free one.", .max = 65535},                               \
    {"speed", OPT_DOUBLE, offsetof(struct lab_options, speed), default_speed,                      \
     "How many times faster than the wall clock the control clock runs: sync period, metrics "     \
     "interval, windows, probe periods. Work and load are always real.", .min = 1, .max = 100},    \
    {"sync-period", OPT_DURATION, offsetof(struct lab_options, sync_period_ns), "15s",             \
     "Control time between two evaluations of an HPA "                                             \
     "(--horizontal-pod-autoscaler-sync-period).", .min = 1, .max = 3600},                         \
    {"metrics-interval", OPT_DURATION, offsetof(struct lab_options, metrics_interval_ns), "15s",   \
     "Control time between two samples of the pods (metrics-server's --metric-resolution).",       \
     .min = 1, .max = 3600},                                                                       \
    {"cpu-limits", OPT_CHOICE, offsetof(struct lab_options, cpu_limits), "auto",                   \
     "How pods are held to their CPU limit; auto takes the first that works.",                     \
     .choices = cpu_way_names},                                                                    \
    {"image", OPT_LIST, offsetof(struct lab_options, images), NULL,                                \
     "NAME=PROGRAM [ARGS]: what runs for a container image of that name."},                        \
    {"log-level", OPT_CHOICE, offsetof(struct lab_options, log_level), default_log_level,          \
     "The least important lines that are written.", .choices = log_level_names,                    \
     .env = "LOG_LEVEL"},                                                                          \
    {"log-format", OPT_CHOICE, offsetof(struct lab_options, log_format), "logfmt",                 \
     "The form of log lines.", .choices = log_format_names}
// clang-format on

/* Everything but manifests: page and API answer when this returns. -EINVAL, -EADDRINUSE, ... with
 * one sentence. argv0 is for logs. */
int lab_open(struct lab **ret, const struct lab_options *options, struct err *err);

uint16_t lab_port(const struct lab *lab);

/* Stops the stage, if there is one, and the server. */
void lab_close(struct lab *lab);

/* Runs a folder's manifests. */
int lab_start_stage(struct lab *lab, const char *folder, struct err *err);
void lab_stop_stage(struct lab *lab);

/* Serves until a signal asks to end. */
void lab_run(struct lab *lab);

/* Plays folder's scene to its end, or until a signal. Sets *ret_passed. The stage stays.
 * *ret_summary is the line for a person; free() it. */
int lab_play(struct lab *lab, const char *folder, bool *ret_passed, char **ret_summary,
             struct err *err);

/* Tells page viewers that the demo is over. */
void lab_announce_end(struct lab *lab, const char *summary, bool ok);

int lab_write_report(struct lab *lab, const char *path, bool ok, struct err *err);

bool lab_was_asked_to_end(const struct lab *lab);

#endif
