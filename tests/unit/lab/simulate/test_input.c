// SPDX-License-Identifier: MIT
#include "files.h"

#include "base/err.h"
#include "kube/jpath.h"
#include "lab/simulate/input.h"
#include "lab/statedir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[] = "/tmp/swell-test-input-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    (void)strcpy(folder + sizeof(folder) - 7, "XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    statedir_remove(folder);
    return 0;
}

#define DEPLOYMENT                                                                                 \
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n"                        \
    "  selector: {matchLabels: {app: web}}\n"                                                      \
    "  template:\n    metadata: {labels: {app: web}}\n"                                            \
    "    spec: {containers: [{name: a, image: unknown:7}, {name: b, image: other}]}\n"

static void reads_manifests_whose_images_nobody_could_run(void **state)
{
    struct input in;
    struct err e = {0};
    (void)state;

    write_file_in(folder, "simulation.yaml", "title: T\n");
    write_file_in(folder, "web.yaml", DEPLOYMENT);
    if (input_read(folder, &in, &e) < 0)
        fail_msg("%s", e.text);
    assert_string_equal(jpath_str(in.plan, "title", ""), "T");
    assert_int_equal(json_array_size(in.deployments), 1);
    assert_int_equal(json_array_size(in.hpas), 0);
    input_done(&in);
}

static void assert_refused(int code, const char *says)
{
    struct input in;
    struct err e = {0};

    assert_int_equal(input_read(folder, &in, &e), code);
    if (!strstr(e.text, says))
        fail_msg("'%s' is not in '%s'", says, e.text);
    input_done(&in);
}

static void says_what_is_missing_or_wrong(void **state)
{
    (void)state;

    assert_refused(-ENOENT, "simulation.yaml");
    write_file_in(folder, "simulation.yaml", "a: 1\n---\nb: 2\n");
    assert_refused(-EINVAL, "a simulation is one document, not 2");
    write_file_in(folder, "simulation.yaml", "title: T\n");
    assert_refused(-EINVAL, "has no manifests");
    write_file_in(folder, "web.yaml",
                  "apiVersion: apps/v1\nkind: Deploiment\nmetadata: {name: web}\n");
    assert_refused(-EINVAL, "web.yaml:2: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_manifests_whose_images_nobody_could_run, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(says_what_is_missing_or_wrong, make_folder, remove_folder),
    };
    return cmocka_run_group_tests_name("input", tests, NULL, NULL);
}
