// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/scoped.h"
#include "workload/cpu_limit.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct file {
    const char *path, *content;
};

static void make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *ftw)
{
    (void)s;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void make_machine(char *root, const struct file *files)
{
    char path[PATH_MAX];

    assert_non_null(mkdtemp(root));
    for (; files->path; files++) {
        (void)snprintf(path, sizeof(path), "%s/%s", root, files->path);
        make_folders(path);
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        (void)fputs(files->content, f);
        (void)fclose(f);
    }
}

/* The limit in a machine that has these files. */
static double limit_with(const struct file *files)
{
    char root[] = "/tmp/swell-cpu-limit-XXXXXX";

    make_machine(root, files);
    double limit = cpu_limit(root);
    (void)nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return limit;
}

static void reads_the_second_version(void **state)
{
    const struct file files[] = {
        {"proc/self/cgroup", "0::/\n"}, {"sys/fs/cgroup/cpu.max", "50000 100000\n"}, {0}};
    (void)state;

    assert_float_equal(limit_with(files), 0.5, 1e-9);
}

static void the_lowest_limit_of_all_groups_above_counts(void **state)
{
    const struct file files[] = {{"proc/self/cgroup", "0::/kubepods/pod/app\n"},
                                 {"sys/fs/cgroup/kubepods/cpu.max", "800000 100000\n"},
                                 {"sys/fs/cgroup/kubepods/pod/cpu.max", "150000 100000\n"},
                                 {"sys/fs/cgroup/kubepods/pod/app/cpu.max", "max 100000\n"},
                                 {0}};
    (void)state;

    assert_float_equal(limit_with(files), 1.5, 1e-9);
}

static void reads_the_first_version(void **state)
{
    const struct file files[] = {
        {"proc/self/cgroup", "5:memory:/a\n4:cpu,cpuacct:/docker/x\n1:name=systemd:/a\n0::/\n"},
        {"sys/fs/cgroup/cpu/docker/x/cpu.cfs_quota_us", "250000\n"},
        {"sys/fs/cgroup/cpu/docker/x/cpu.cfs_period_us", "100000\n"},
        {"sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"},
        {"sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"},
        {0}};
    (void)state;

    assert_float_equal(limit_with(files), 2.5, 1e-9);
}

/* /proc/self/cgroup names a group of the host, of which the container sees only its own part. */
static void in_a_container_the_mount_itself_has_the_limit(void **state)
{
    const struct file files[] = {{"proc/self/cgroup", "4:cpu,cpuacct:/docker/0123/x\n"},
                                 {"sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000\n"},
                                 {"sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"},
                                 {0}};
    (void)state;

    assert_float_equal(limit_with(files), 0.5, 1e-9);
}

static void no_limit_is_zero(void **state)
{
    const struct file unlimited[] = {
        {"proc/self/cgroup", "0::/a\n"}, {"sys/fs/cgroup/a/cpu.max", "max 100000\n"}, {0}};
    const struct file nothing[] = {{"proc/other", ""}, {0}};
    const struct file nonsense[] = {
        {"proc/self/cgroup", "x\n4:cpu\n\n0::/a\n"}, {"sys/fs/cgroup/a/cpu.max", "1000 0\n"}, {0}};
    (void)state;

    assert_float_equal(limit_with(unlimited), 0, 0);
    assert_float_equal(limit_with(nothing), 0, 0);
    assert_float_equal(limit_with(nonsense), 0, 0);
}

static void there_is_always_a_worker(void **state)
{
    (void)state;

    assert_in_range(cpu_limit_workers(), 1, 100000);
}

static bool throttling_with(const struct file *files, struct cpu_throttling *ret)
{
    char root[] = "/tmp/swell-cpu-limit-XXXXXX";

    make_machine(root, files);
    bool there = cpu_throttling(root, ret);
    (void)nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return there;
}

static void throttling_is_that_of_the_nearest_group_with_a_limit(void **state)
{
    const struct file files[] = {
        {"proc/self/cgroup", "0::/pod/app\n"},
        {"sys/fs/cgroup/pod/cpu.max", "50000 100000\n"},
        {"sys/fs/cgroup/pod/cpu.stat",
         "usage_usec 9\nnr_periods 40\nnr_throttled 7\nthrottled_usec 1500\n"},
        {"sys/fs/cgroup/pod/app/cpu.max", "max 100000\n"},
        {"sys/fs/cgroup/pod/app/cpu.stat",
         "usage_usec 9\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n"},
        {0}};
    struct cpu_throttling seen = {0};
    (void)state;

    assert_true(throttling_with(files, &seen));
    assert_int_equal(seen.periods, 40);
    assert_int_equal(seen.throttled_periods, 7);
    assert_int_equal(seen.throttled_ns, 1500000);
}

static void throttling_of_the_first_version_is_in_nanoseconds(void **state)
{
    const struct file files[] = {
        {"proc/self/cgroup", "4:cpu,cpuacct:/app\n"},
        {"sys/fs/cgroup/cpu/app/cpu.cfs_quota_us", "50000\n"},
        {"sys/fs/cgroup/cpu/app/cpu.cfs_period_us", "100000\n"},
        {"sys/fs/cgroup/cpu/app/cpu.stat", "nr_periods 3\nnr_throttled 2\nthrottled_time 123\n"},
        {0}};
    struct cpu_throttling seen = {0};
    (void)state;

    assert_true(throttling_with(files, &seen));
    assert_int_equal(seen.periods, 3);
    assert_int_equal(seen.throttled_periods, 2);
    assert_int_equal(seen.throttled_ns, 123);
}

static void without_a_limit_nothing_is_throttled(void **state)
{
    const struct file files[] = {
        {"proc/self/cgroup", "0::/\n"}, {"sys/fs/cgroup/cpu.stat", "nr_periods 0\n"}, {0}};
    struct cpu_throttling seen = {0};
    (void)state;

    assert_false(throttling_with(files, &seen));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_second_version),
        cmocka_unit_test(the_lowest_limit_of_all_groups_above_counts),
        cmocka_unit_test(reads_the_first_version),
        cmocka_unit_test(in_a_container_the_mount_itself_has_the_limit),
        cmocka_unit_test(no_limit_is_zero),
        cmocka_unit_test(there_is_always_a_worker),
        cmocka_unit_test(throttling_is_that_of_the_nearest_group_with_a_limit),
        cmocka_unit_test(throttling_of_the_first_version_is_in_nanoseconds),
        cmocka_unit_test(without_a_limit_nothing_is_throttled),
    };
    return cmocka_run_group_tests_name("cpu_limit", tests, NULL, NULL);
}
