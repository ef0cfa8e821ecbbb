// SPDX-License-Identifier: MIT
/* session: what every kind of run has: a transport, a tally, a signal that ends it, and what it
 * prints on stdout. One thread. */
#ifndef LOAD_SESSION_H
#define LOAD_SESSION_H

#include "load/drive.h"
#include "load/tally.h"

#include <jansson.h>

enum output { OUTPUT_TEXT, OUTPUT_JSON };
extern const char *const output_names[]; /* for an options table */

struct session { /* {.signal_fd = -1} is ready for session_open and session_close */
    struct transport *transport;
    struct tally *tally;
    int signal_fd;
    struct drive drive;
    uint64_t window_start_ns;
};

/* Opens what a run needs and sets *config's wake_fd. 0, or a negative errno and why. */
int session_open(struct session *s, struct transport_config *config, struct err *err);
void session_close(struct session *s);

/* Sets the times of s->drive, starting now; duration 0 is without end. */
void session_start(struct session *s, uint64_t duration_ns, uint64_t progress_ns);

/* Logs the first failure of each kind. Before it is counted in the tally. */
void session_log_failure(const struct session *s, const struct outcome *o);

/* Prints a progress line. Errors as report_line. */
int session_print_progress(struct session *s, uint64_t now_ns);

/* Prints the result, with more's members (taken; NULL: none) put in front of it when it is JSON.
 * The exit code: 1 when something was sent and nothing answered, or stdout is gone. */
int session_print_result(struct session *s, const char *mode, const char *url, enum output output,
                         json_t *more);

#endif
