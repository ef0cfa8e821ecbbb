// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/err.h"
#include "lab/statedir.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char parent[64]; /* TMPDIR of each test */

static int make_parent(void **state)
{
    (void)state;
    (void)snprintf(parent, sizeof(parent), "/tmp/swell-test-statedir-XXXXXX");
    return mkdtemp(parent) ? setenv("TMPDIR", parent, 1) : -1;
}

static int remove_parent(void **state)
{
    (void)state;
    statedir_remove(parent);
    return unsetenv("TMPDIR");
}

static bool is_there(const char *path)
{
    struct stat what;

    return lstat(path, &what) == 0;
}

static pid_t pid_that_is_gone(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    return pid;
}

/* A folder with a file in a folder, as a lab leaves it. */
static void make_lab_folder(char path[128], pid_t pid)
{
    char inner[160];

    (void)snprintf(path, 128, "%s/swell-lab-%d-abcdef", parent, (int)pid);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(inner, sizeof(inner), "%s/pod", path);
    assert_int_equal(mkdir(inner, 0700), 0);
}

static void makes_a_private_folder_and_removes_it(void **state)
{
    char path[256], inner[300];
    struct stat what;
    (void)state;

    assert_int_equal(statedir_make(path, sizeof(path), NULL), 0);
    assert_int_equal(stat(path, &what), 0);
    assert_int_equal(what.st_mode & 0777, 0700);
    (void)snprintf(inner, sizeof(inner), "%s/pod", path);
    assert_int_equal(mkdir(inner, 0700), 0);
    statedir_remove(path);
    assert_false(is_there(path));
}

static void removes_what_a_killed_lab_left_behind(void **state)
{
    char left[128], path[256];
    (void)state;

    make_lab_folder(left, pid_that_is_gone());
    assert_int_equal(statedir_make(path, sizeof(path), NULL), 0);
    assert_false(is_there(left));
    assert_true(is_there(path));
}

static void leaves_the_folder_of_a_living_lab_alone(void **state)
{
    char living[128], path[256];
    (void)state;

    make_lab_folder(living, getppid());
    assert_int_equal(statedir_make(path, sizeof(path), NULL), 0);
    assert_true(is_there(living));
}

static void leaves_links_and_other_names_alone(void **state)
{
    char target[128], link_path[128], other[128], path[256];
    (void)state;

    (void)snprintf(target, sizeof(target), "%s/target", parent);
    assert_int_equal(mkdir(target, 0700), 0);
    (void)snprintf(link_path, sizeof(link_path), "%s/swell-lab-%d-link", parent,
                   (int)pid_that_is_gone());
    assert_int_equal(symlink(target, link_path), 0);
    (void)snprintf(other, sizeof(other), "%s/swell-lab-notes", parent);
    assert_int_equal(mkdir(other, 0700), 0);
    assert_int_equal(statedir_make(path, sizeof(path), NULL), 0);
    assert_true(is_there(target));
    assert_true(is_there(other));
}

static void names_no_folder_when_the_path_does_not_fit(void **state)
{
    char path[40];
    struct err e = {0};
    (void)state;

    assert_int_equal(statedir_make(path, sizeof(path), &e), -ENAMETOOLONG);
    assert_string_equal(path, "");
    assert_string_equal(e.text, "TMPDIR is too long");
}

static void names_no_folder_when_it_cannot_be_made(void **state)
{
    char path[256];
    struct err e = {0};
    (void)state;

    (void)setenv("TMPDIR", "/nonexistent", 1);
    assert_int_equal(statedir_make(path, sizeof(path), &e), -ENOENT);
    assert_string_equal(path, "");
    assert_non_null(strstr(e.text, "/nonexistent"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_parent, remove_parent)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(makes_a_private_folder_and_removes_it),
        TEST(removes_what_a_killed_lab_left_behind),
        TEST(leaves_the_folder_of_a_living_lab_alone),
        TEST(leaves_links_and_other_names_alone),
        TEST(names_no_folder_when_the_path_does_not_fit),
        TEST(names_no_folder_when_it_cannot_be_made),
    };
    return cmocka_run_group_tests_name("statedir", tests, NULL, NULL);
}
