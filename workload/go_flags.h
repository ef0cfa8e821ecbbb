// SPDX-License-Identifier: MIT
/* go_flags: flags as Go's package flag takes them, for the twins of programs that use it: -port=80
 * is --port=80, and -port 80 is --port 80. Any thread. */
#ifndef WORKLOAD_GO_FLAGS_H
#define WORKLOAD_GO_FLAGS_H

/* A copy of argv in which every flag has two dashes, up to "--". A single dash before anything but
 * two letters is left alone: it is a flag of one letter or a negative number. Ends with NULL;
 * released by one free(). NULL when out of memory. */
char **go_flags_new(int argc, char **argv);

#endif
