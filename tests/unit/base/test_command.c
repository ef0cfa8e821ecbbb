// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/command.h"
#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int seen_argc;
static char **seen_argv;

static int run(int argc, char **argv)
{
    seen_argc = argc;
    seen_argv = argv;
    return 5;
}

static const struct command commands[] = {{"serve", "Serves.", run}};
static const struct program program = {"prog", "Does things.", commands, 1};

/* Calls command_run with stream going into text. */
static int capture(FILE *stream, char text[1024], int argc, char **argv)
{
    FILE *file = tmpfile();
    int saved = dup(fileno(stream));

    assert_non_null(file);
    (void)fflush(stream);
    (void)dup2(fileno(file), fileno(stream));
    int r = argv ? command_run(&program, argc, argv)
                 : command_refuse("prog serve", -EINVAL, &(struct err){.text = "no such file"});
    (void)fflush(stream);
    (void)dup2(saved, fileno(stream));
    (void)close(saved);
    rewind(file);
    text[fread(text, 1, 1023, file)] = '\0';
    (void)fclose(file);
    return r;
}

static void a_command_gets_its_arguments_and_gives_its_code(void **state)
{
    char *argv[] = {"prog", "serve", "--x", NULL};
    (void)state;

    assert_int_equal(command_run(&program, 3, argv), 5);
    assert_int_equal(seen_argc, 2);
    assert_string_equal(seen_argv[0], "serve");
    assert_string_equal(seen_argv[1], "--x");
}

static void help_lists_the_commands_on_stdout(void **state)
{
    char *argv[] = {"prog", "--help", NULL};
    char text[1024];
    (void)state;

    assert_int_equal(capture(stdout, text, 2, argv), 0);
    assert_non_null(strstr(text, "prog: Does things.\n"));
    assert_non_null(strstr(text, "  serve        Serves.\n"));
}

static void version_is_name_and_number(void **state)
{
    char *argv[] = {"prog", "--version", NULL};
    char text[1024];
    (void)state;

    assert_int_equal(capture(stdout, text, 2, argv), 0);
    assert_memory_equal(text, "prog ", 5);
    assert_in_range(text[5], '0', '9');
    assert_int_equal(text[strlen(text) - 1], '\n');
}

static void a_wrong_command_is_one_line_on_stderr_and_code_2(void **state)
{
    char *wrong[] = {"prog", "server", NULL}, *none[] = {"prog", NULL};
    char text[1024];
    (void)state;

    assert_int_equal(capture(stderr, text, 2, wrong), 2);
    assert_string_equal(text, "prog: unknown command 'server'; see 'prog --help'\n");
    assert_int_equal(capture(stderr, text, 1, none), 2);
    assert_string_equal(text, "prog: a command is missing; see 'prog --help'\n");
}

static void refusing_prints_the_reason_but_not_for_help(void **state)
{
    char text[1024];
    (void)state;

    assert_int_equal(capture(stderr, text, 0, NULL), 2);
    assert_string_equal(text, "prog serve: no such file\n");
    assert_int_equal(command_refuse("prog", -ECANCELED, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_gets_its_arguments_and_gives_its_code),
        cmocka_unit_test(help_lists_the_commands_on_stdout),
        cmocka_unit_test(version_is_name_and_number),
        cmocka_unit_test(a_wrong_command_is_one_line_on_stderr_and_code_2),
        cmocka_unit_test(refusing_prints_the_reason_but_not_for_help),
    };
    return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
