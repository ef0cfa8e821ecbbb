// SPDX-License-Identifier: MIT
/* `swell-lab evaluate`: plays recorded scenarios to the autoscaler. */
#include "base/buf.h"
#include "base/command.h"
#include "base/err.h"
#include "base/options.h"
#include "base/scoped.h"
#include "base/signals.h"
#include "lab/commands.h"
#include "lab/replay/lines.h"
#include "lab/replay/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES (512 * MIB)

struct options {
    bool record;
};

static const struct opt rows[] = {
    {"record", OPT_BOOL, offsetof(struct options, record), "false",
     "adds the decision record to each line, for `swell-lab why`"},
};

static void more_help(FILE *out)
{
    (void)fputs(
        "\nReads standard input without a FILE, or where FILE is \"-\". A scenario is an HPA "
        "and, step by\nstep, what an API server answers; docs/evaluate.md has the format. "
        "Exit code 2: a line could not\nbe read; the others were played.\n",
        out);
}

static const struct opt_table table = {
    .program = "swell-lab evaluate",
    .summary = "plays scenarios (JSON Lines) to the autoscaler and writes what it does, one line a "
               "step.",
    .positional = "[FILE...]",
    OPT_TABLE(rows),
    .more_help = more_help,
};

struct player {
    struct options options;
    struct buf out;   /* a line of it */
    const char *file; /* being read */
    bool refused;     /* some line could not be read */
};

static int play_step(struct player *p, struct replay *replay)
{
    buf_clear(&p->out);
    int r = replay_step(replay, p->options.record, &p->out);

    if (r == 0)
        r = buf_puts(&p->out, "\n");
    if (r < 0)
        return r;
    return fwrite(p->out.data, p->out.len, 1, stdout) == 1 ? 0 : -errno;
}

static int play(struct player *p, const struct scenario *s)
{
    struct replay *replay = NULL;
    int r = replay_new(s, &replay);

    while (r == 0)
        r = play_step(p, replay);
    replay_free(replay);
    return r == -ENOENT ? 0 : r;
}

static void refuse(struct player *p, size_t number, const char *why)
{
    (void)fflush(stdout);
    (void)fprintf(stderr, "%s: %s line %zu: %s\n", table.program, p->file, number, why);
    p->refused = true;
}

static bool is_blank(struct json_text line)
{
    while (line.len && memchr(" \t\r", line.at[line.len - 1], 3))
        line.len--;
    return line.len == 0;
}

static int play_line(struct player *p, size_t number, struct json_text line)
{
    struct scenario *s = NULL;
    struct err err = {0};

    if (is_blank(line))
        return 0;
    int r = scenario_parse(line, &s, &err);
    if (r == 0)
        r = play(p, s);
    else if (r == -EINVAL)
        refuse(p, number, err.text);
    scenario_free(s);
    return r == -EINVAL ? 0 : r;
}

static int play_lines(struct player *p, int fd)
{
    scoped(lines_done) struct lines lines = {.fd = fd, .text.max = LINE_MAX_BYTES};
    struct json_text line;
    size_t number = 1;
    int r = 0, left;

    while (r == 0 && (left = lines_next(&lines, &line.at, &line.len)) > 0)
        r = play_line(p, number++, line);
    if (r == 0 && left == -E2BIG)
        refuse(p, number, "is longer than 512 MiB; nothing behind it was read");
    else if (r == 0 && left < 0)
        refuse(p, number, strerror(-left));
    return r;
}

static int play_file(struct player *p, const char *path)
{
    const bool standard = strcmp(path, "-") == 0;
    scoped(close_at) int own = standard ? -1 : open(path, O_RDONLY | O_CLOEXEC);

    p->file = standard ? "standard input" : path;
    if (!standard && own < 0) {
        (void)fprintf(stderr, "%s: '%s': %s\n", table.program, path, strerror(errno));
        p->refused = true;
        return 0;
    }
    return play_lines(p, standard ? STDIN_FILENO : own);
}

int run_evaluate(int argc, char **argv)
{
    struct player p = {.out.max = LINE_MAX_BYTES};
    struct err err = {0};
    int first = options_parse(&table, argc, argv, &p.options, &err);
    int r = 0;

    if (first < 0)
        return command_refuse(table.program, first, &err);
    signals_restore(); /* Ctrl-C ends it at once */
    if (first == argc)
        r = play_file(&p, "-");
    for (int i = first; r == 0 && i < argc; i++)
        r = play_file(&p, argv[i]);
    buf_done(&p.out);
    if (fflush(stdout) != 0 && r == 0)
        r = -errno;
    if (r < 0) {
        (void)fprintf(stderr, "%s: cannot go on: %s\n", table.program, strerror(-r));
        return EXIT_FAILURE;
    }
    return p.refused ? EXIT_USAGE : EXIT_SUCCESS;
}
