// SPDX-License-Identifier: MIT
/* signals: SIGTERM and SIGINT as events that main waits for, instead of handlers.
 *
 * signals_block before any thread starts; threads inherit the mask. */
#ifndef BASE_SIGNALS_H
#define BASE_SIGNALS_H

/* Blocks SIGTERM and SIGINT and ignores SIGPIPE. */
void signals_block(void);

/* Undoes signals_block in a child process between fork and exec. Async-signal-safe. */
void signals_restore(void);

/* Waits for SIGTERM or SIGINT and returns its number. */
int signals_wait(void);

/* A descriptor that becomes readable when one of the two arrives, for poll loops; close() it.
 * A negative errno when the kernel gives none. */
int signals_fd(void);

#endif
