// SPDX-License-Identifier: MIT
/* commands: what swell-adapter does, one function per command; see base/command.h. */
#ifndef ADAPTER_COMMANDS_H
#define ADAPTER_COMMANDS_H

int adapter_run(int argc, char **argv);   /* serves until SIGTERM */
int adapter_check(int argc, char **argv); /* validates a configuration file, offline */

int adapter_explain(int argc, char **argv); /* reads a metric once and prints each step */

#endif
