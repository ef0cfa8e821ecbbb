// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/err.h"
#include "base/log.h"
#include "base/reload.h"

#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[64];
static sem_t applied;    /* posted at each call */
static char content[64]; /* reload's thread's own until that has ended */

static void write_file(const char *text)
{
    char next[80];

    (void)snprintf(next, sizeof(next), "%s.new", path);
    FILE *f = fopen(next, "w");
    assert_non_null(f);
    (void)fputs(text, f);
    (void)fclose(f);
    assert_int_equal(rename(next, path), 0);
}

/* Refuses what begins with "bad". */
static int apply(void *arg, const char *text, size_t len, struct err *err)
{
    (void)arg;
    (void)snprintf(content, sizeof(content), "%.*s", (int)len, text);
    (void)sem_post(&applied);
    return strncmp(text, "bad", 3) == 0 ? err_set(err, -EINVAL, "it is bad") : 0;
}

static int make_file(void **state)
{
    (void)state;
    (void)snprintf(path, sizeof(path), "/tmp/swell-reload-XXXXXX");
    int fd = mkstemp(path);
    log_init(stderr, LOG_LOGFMT, LOG_ERROR);
    return fd < 0 || close(fd) < 0 || sem_init(&applied, 0, 0) < 0 ? -1 : 0;
}

static int remove_file(void **state)
{
    (void)state;
    (void)sem_destroy(&applied);
    return unlink(path);
}

static void applies_at_once_and_then_each_new_content(void **state)
{
    struct reload *r = NULL;
    (void)state;

    write_file("one");
    assert_int_equal(reload_new(&r, path, 100, apply, NULL, NULL), 0);
    assert_int_equal(sem_trywait(&applied), 0);
    write_file("bad");
    (void)sem_wait(&applied);
    write_file("two");
    (void)sem_wait(&applied);
    reload_free(r);
    assert_string_equal(content, "two");
    assert_int_equal(sem_trywait(&applied), -1); /* each of them once */
}

static void a_start_without_a_good_file_fails_and_names_it(void **state)
{
    struct reload *r = NULL;
    struct err err = {0};
    (void)state;

    write_file("bad");
    assert_int_equal(reload_new(&r, path, 100, apply, NULL, &err), -EINVAL);
    assert_string_equal(err.text, "it is bad");
    write_file("too long");
    assert_int_equal(reload_new(&r, path, 3, apply, NULL, &err), -E2BIG);
    assert_int_equal(reload_new(&r, "/nowhere/at/all", 3, apply, NULL, &err), -ENOENT);
    assert_non_null(strstr(err.text, "/nowhere/at/all"));
    assert_null(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(applies_at_once_and_then_each_new_content, make_file,
                                        remove_file),
        cmocka_unit_test_setup_teardown(a_start_without_a_good_file_fails_and_names_it, make_file,
                                        remove_file),
    };
    return cmocka_run_group_tests_name("reload", tests, NULL, NULL);
}
