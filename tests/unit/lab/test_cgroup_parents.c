// SPDX-License-Identifier: MIT
#include "unit.h"

#include "lab/cgroup_parents.h"

#include <stdlib.h>

/* A machine with version 1, cpu and cpuacct mounted apart, and version 2 without controllers. */
static const char *const hybrid_mounts =
    "23 1 8:1 / / rw,relatime - ext4 /dev/vda rw\n"
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
    "33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime shared:9 - cgroup cgroup rw,cpu\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

static const char *const joint_mounts =
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n";

static const char *const container_mounts =
    "32 31 0:29 /docker/4f /sys/fs/cgroup ro,nosuid master:9 - cgroup2 cgroup rw,nsdelegate\n";

struct expectation {
    const char *mounts, *self, *controller;
    const char *parents[CGROUP_PARENTS + 1];
};

static void finds_the_own_group_and_the_root_of_the_mount(void **state)
{
    const struct expectation cases[] = {
        {hybrid_mounts, "2:cpuacct:/\n1:cpu:/\n0::/\n", "cpu", {"/sys/fs/cgroup/cpu"}},
        {hybrid_mounts,
         "2:cpuacct:/a\n1:cpu:/\n",
         "cpuacct",
         {"/sys/fs/cgroup/cpuacct/a", "/sys/fs/cgroup/cpuacct"}},
        {hybrid_mounts,
         "1:cpu:/b\n0::/user.slice/x.scope\n",
         NULL,
         {"/sys/fs/cgroup/unified/user.slice/x.scope", "/sys/fs/cgroup/unified"}},
        {hybrid_mounts, "", "cpu", {"/sys/fs/cgroup/cpu"}},
        {hybrid_mounts, "1:memory:/\n", "memory", {NULL}},
        {joint_mounts,
         "4:cpu,cpuacct:/x\n",
         "cpu",
         {"/sys/fs/cgroup/cpu,cpuacct/x", "/sys/fs/cgroup/cpu,cpuacct"}},
        {joint_mounts,
         "4:cpu,cpuacct:/x\n",
         "cpuacct",
         {"/sys/fs/cgroup/cpu,cpuacct/x", "/sys/fs/cgroup/cpu,cpuacct"}},
        {joint_mounts, "0::/x\n", NULL, {NULL}},
        {container_mounts, "0::/docker/4f\n", NULL, {"/sys/fs/cgroup"}},
        {container_mounts, "0::/docker/4f/sub\n", NULL, {"/sys/fs/cgroup/sub", "/sys/fs/cgroup"}},
        {container_mounts, "0::/docker/4fee\n", NULL, {"/sys/fs/cgroup"}},
        {container_mounts, "0::/\n", NULL, {"/sys/fs/cgroup"}},
        {container_mounts, "0::/../other\n", NULL, {"/sys/fs/cgroup"}},
        {"7 1 0:9 / /mnt/a\\040b rw - cgroup2 none rw\n", "0::/\n", NULL, {"/mnt/a b"}},
        {"", "", NULL, {NULL}},
        {"7 1 0:9 / /m rw - cgroup2\n7 1 - cgroup2 none rw\n-\n", "::\n:\n\n", NULL, {NULL}},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char untouched[1], *parents[CGROUP_PARENTS] = {untouched, untouched};
        int n = cgroup_parents(cases[i].mounts, cases[i].self, cases[i].controller, parents);
        int at = 0;

        for (; cases[i].parents[at]; at++) {
            assert_true(at < n);
            assert_string_equal(parents[at], cases[i].parents[at]);
            free(parents[at]);
        }
        assert_int_equal(n, at);
        if (n == 1)
            assert_null(parents[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_own_group_and_the_root_of_the_mount),
    };
    return cmocka_run_group_tests_name("cgroup_parents", tests, NULL, NULL);
}
