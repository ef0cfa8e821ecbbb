// SPDX-License-Identifier: MIT
#include "base/buf.h"
#include "base/command.h"
#include "base/err.h"
#include "base/log.h"
#include "base/scoped.h"
#include "lab/commands.h"
#include "lab/cpu.h"
#include "lab/lab.h"
#include "lab/scene.h"

#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCENES_MAX 16

struct options {
    struct lab_options lab; /* first: LAB_OPTION_ROWS counts on it */
    bool once;
    const char *report, *scenes;
};

static const struct opt rows[] = {
    {"once", OPT_BOOL, offsetof(struct options, once), "false",
     "End after the last scene instead of keeping the page up; so does a run without a terminal."},
    {"report", OPT_STRING, offsetof(struct options, report), NULL,
     "Write the run to this file as JSON: timelines, decisions, load, jobs."},
    {"scenes", OPT_STRING, offsetof(struct options, scenes), NULL,
     "Folder that the scenes are in; without it the ones that came with the program."},
    LAB_OPTION_ROWS("15", "warn"),
};

static const struct opt_table table = {
    .program = "swell-lab demo",
    .summary = "plays scenes that show autoscaling: all of them, or those named.",
    .positional = "[SCENE...]",
    OPT_TABLE(rows),
};

struct playlist {
    char folders[SCENES_MAX][4096];
    size_t count;
};

struct outcome {
    bool ok;
    struct buf summary; /* a line a scene */
};

/* Beside the programs: bin/../share/swell/scenes, as built and as installed. */
static int find_scenes(const struct options *o, char folder[3000], struct err *err)
{
    char own[2000];
    ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);

    if (o->scenes) {
        (void)snprintf(folder, 3000, "%s", o->scenes);
        return 0;
    }
    if (n < 0)
        return err_errno(err, errno, "cannot find the lab's own program");
    own[n] = '\0';
    *strrchr(own, '/') = '\0';
    (void)snprintf(folder, 3000, "%s/../share/swell/scenes", own);
    return 0;
}

static int is_scene(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Reads the scene already, so that a mistake in the last one is said before the first one plays. */
static int add(struct playlist *list, const char *folder, const char *name, struct err *err)
{
    struct scene *scene = NULL;

    if (list->count == SCENES_MAX)
        return err_set(err, -E2BIG, "more than %d scenes", SCENES_MAX);
    char *path = list->folders[list->count];
    (void)snprintf(path, sizeof(list->folders[0]), "%s/%s", folder, name);
    int r = scene_read(path, &scene, err);
    scene_free(scene);
    if (r < 0)
        return err_wrap(err, r, "scene '%s'", name);
    list->count++;
    return 0;
}

static int add_all(struct playlist *list, const char *folder, struct err *err)
{
    struct dirent **entries = NULL;
    int r = 0, count = scandir(folder, &entries, is_scene, alphasort);

    if (count < 0)
        return err_errno(err, errno, "cannot read the scenes in '%s'", folder);
    for (int i = 0; i < count; i++) {
        if (r == 0)
            r = add(list, folder, entries[i]->d_name, err);
        free(entries[i]);
    }
    free(entries);
    return r;
}

static int make_playlist(struct playlist *list, const struct options *o, char **names, int count,
                         struct err *err)
{
    char folder[3000];
    int r = find_scenes(o, folder, err);

    if (r == 0 && count == 0)
        return add_all(list, folder, err);
    for (int i = 0; r == 0 && i < count; i++)
        r = add(list, folder, names[i], err);
    return r;
}

static int play_one(struct lab *lab, const char *folder, struct outcome *outcome, struct err *err)
{
    bool passed = false;
    char *summary = NULL;
    int r = lab_play(lab, folder, &passed, &summary, err);

    if (r == 0 && !lab_was_asked_to_end(lab)) {
        (void)buf_printf(&outcome->summary, "%s\n", summary);
        outcome->ok = outcome->ok && passed;
    }
    free(summary);
    return r;
}

/* The last scene's stage stays up, so that the page has something to show. */
static int play_all(struct lab *lab, const struct playlist *list, struct outcome *outcome,
                    struct err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < list->count && !lab_was_asked_to_end(lab); i++) {
        if (i > 0)
            lab_stop_stage(lab);
        r = play_one(lab, list->folders[i], outcome, err);
    }
    return r;
}

static int end_demo(struct lab *lab, const struct options *o, const struct outcome *outcome)
{
    struct err e = {0};
    bool interactive = !o->once && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    bool ended_early = lab_was_asked_to_end(lab);
    bool ok = outcome->ok && !ended_early;

    (void)printf("\n%s", outcome->summary.data ? outcome->summary.data : "");
    (void)fflush(stdout);
    if (o->report && lab_write_report(lab, o->report, ok, &e) < 0) {
        (void)fprintf(stderr, "%s: %s\n", table.program, e.text);
        ok = false;
    }
    lab_announce_end(lab, outcome->summary.data ? outcome->summary.data : "", ok);
    if (interactive && !ended_early) {
        (void)printf("The page stays up; Ctrl-C ends.\n");
        lab_run(lab);
    }
    return ok || (ended_early && interactive) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run(struct lab *lab, const struct options *o, const struct playlist *list)
{
    struct outcome outcome = {.ok = true, .summary = {.max = 64 * KIB}};
    struct err e = {0};
    (void)printf("Page: http://%s:%u/\n", o->lab.address, lab_port(lab));
    int r = play_all(lab, list, &outcome, &e);
    int code = r < 0 ? command_refuse(table.program, r, &e) : end_demo(lab, o, &outcome);

    buf_done(&outcome.summary);
    return code;
}

int run_demo(int argc, char **argv)
{
    struct options o = {0};
    struct playlist *list = calloc(1, sizeof(*list));
    struct lab *lab = NULL;
    struct err e = {0};
    int r =
        list ? options_parse(&table, argc, argv, &o, &e) : err_set(&e, -ENOMEM, "out of memory");

    if (r >= 0)
        r = make_playlist(list, &o, argv + r, argc - r, &e);
    if (r == 0) {
        o.lab.show_table = true;
        log_init(stderr, (enum log_format)o.lab.log_format, (enum log_level)o.lab.log_level);
        r = lab_open(&lab, &o.lab, &e);
    }
    int code = r < 0 ? command_refuse(table.program, r, &e) : run(lab, &o, list);
    if (lab)
        lab_close(lab);
    free(list);
    return code;
}
