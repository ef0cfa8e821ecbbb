// SPDX-License-Identifier: MIT
/* commands: the subcommands of swell-load, each of which returns the program's exit code:
 * 0; 1 when nothing was answered or the run could not be made; 2 for a wrong flag. main has blocked
 * the end signals and set up libcurl. */
#ifndef LOAD_COMMANDS_H
#define LOAD_COMMANDS_H

int run_command(int argc, char **argv);
int produce_command(int argc, char **argv);

#endif
