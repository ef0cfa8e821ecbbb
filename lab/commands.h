// SPDX-License-Identifier: MIT
/* commands: swell-lab's subcommands. Each returns the exit code. */
#ifndef LAB_COMMANDS_H
#define LAB_COMMANDS_H

int run_up(int argc, char **argv);       /* runs manifests until Ctrl-C */
int run_demo(int argc, char **argv);     /* plays scenes */
int run_evaluate(int argc, char **argv); /* plays recorded scenarios */
int run_simulate(int argc, char **argv); /* runs autoscalers against a model */
int run_why(int argc, char **argv);      /* explains decisions */

#endif
