// SPDX-License-Identifier: MIT
#include "base/command.h"
#include "base/err.h"
#include "base/log.h"
#include "base/scoped.h"
#include "lab/api/api.h"
#include "lab/commands.h"
#include "lab/cpu.h"
#include "lab/lab.h"
#include "lab/live.h"
#include "lab/scrape/scrape.h"
#include "lab/scrape/targets.h"
#include "metrics/service.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct options {
    struct lab_options lab; /* first: LAB_OPTION_ROWS counts on it */
    const char *folder;
};

static const struct opt rows[] = {
    {"f", OPT_STRING, offsetof(struct options, folder), NULL,
     "File or folder with manifests (Deployment, Service, HorizontalPodAutoscaler, ConfigMap, "
     "APIService); of a folder with a kustomization.yaml, what that names.",
     .env = "SWELL_MANIFESTS"},
    LAB_OPTION_ROWS("1", "info"),
};

static void more_help(FILE *out)
{
    (void)fprintf(out, "\nEndpoints:\n");
    http_routes_help(live_routes, live_route_count, out);
    http_routes_help(targets_routes, targets_route_count, out);
    http_routes_help(api_routes, api_route_count, out);
    service_help(out);
    scrape_help(out);
}

static const struct opt_table table = {
    .program = "swell-lab up",
    .summary = "runs Kubernetes manifests on this machine, without a cluster, until Ctrl-C.",
    OPT_TABLE(rows),
    .more_help = more_help,
};

static int serve(struct lab *lab, const char *folder)
{
    struct err e = {0};
    int r = lab_start_stage(lab, folder, &e);

    if (r < 0)
        return command_refuse(table.program, r, &e);
    lab_run(lab);
    return EXIT_SUCCESS;
}

int run_up(int argc, char **argv)
{
    struct options o = {0};
    struct lab *lab = NULL;
    struct err e = {0};
    int r = options_parse(&table, argc, argv, &o, &e);

    if (r >= 0 && !o.folder)
        r = err_set(&e, -1, "-f FILE or -f FOLDER is needed: the manifests to run");
    if (r < 0)
        return command_refuse(table.program, r, &e);
    o.lab.show_table = isatty(STDOUT_FILENO);
    log_init(stdout, (enum log_format)o.lab.log_format, (enum log_level)o.lab.log_level);
    r = lab_open(&lab, &o.lab, &e);
    if (r < 0)
        return command_refuse(table.program, r, &e);
    r = serve(lab, o.folder);
    lab_close(lab);
    return r;
}
