// SPDX-License-Identifier: MIT
#include "adapter/commands.h"

#include "adapter/config.h"
#include "base/command.h"
#include "base/err.h"
#include "base/options.h"

#include <errno.h>
#include <stdlib.h>

static const struct opt_table table = {
    .program = "swell-adapter check",
    .summary = "reads a configuration file, says what is wrong with it, contacts nothing",
    .positional = "FILE",
    .more_help = config_help,
};

int adapter_check(int argc, char **argv)
{
    struct adapter_config config = {0};
    struct err err = {0};
    char unused;
    int first = options_parse(&table, argc, argv, &unused, &err);
    int r = first;

    if (r >= 0 && first + 1 != argc)
        r = err_set(&err, -EINVAL, "needs one FILE; see '%s --help'", table.program);
    if (r >= 0)
        r = config_read_file(argv[first], &config, &err);
    if (r < 0)
        return command_refuse(table.program, r, &err);

    config_print(&config, stdout);
    size_t rules = config.rules.custom_count + config.rules.external_count;
    (void)printf("%s: valid, metrics: %zu, rules: %zu\n", argv[first],
                 config.count + config.custom.count, rules);
    config_done(&config);
    return EXIT_SUCCESS;
}
