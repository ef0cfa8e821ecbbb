// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/err.h"
#include "base/options.h"
#include "base/scoped.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct options {
    bool quiet;
    const char *name;
    uint64_t port;
    double rate;
    uint64_t period_ns;
    int color;
    struct opt_list targets;
    const char *file;
};

static const char *const colors[] = {"red", "green", NULL};
static const struct opt rows[] = {
    {"quiet", OPT_BOOL, offsetof(struct options, quiet), "false", "Say less."},
    {"name", OPT_STRING, offsetof(struct options, name), NULL, "A name."},
    {"port", OPT_U64, offsetof(struct options, port), "8080", "TCP port.", .max = 65535},
    {"rate", OPT_DOUBLE, offsetof(struct options, rate), "1", "Per second.", .min = 0.5},
    {"sync-period", OPT_DURATION, offsetof(struct options, period_ns), "15s", "How often.",
     .min = 0.001, .max = 3600},
    {"color", OPT_CHOICE, offsetof(struct options, color), "green", "Which.", .choices = colors},
    {"target", OPT_LIST, offsetof(struct options, targets), "a", "Where to.",
     .env = "TEST_TARGETS"},
    {"f", OPT_STRING, offsetof(struct options, file), NULL, "A file."},
};
static const struct opt_table table = {"prog run", "Runs.", NULL, OPT_TABLE(rows), NULL};
static const struct opt_table files = {"prog cat", "Prints.", "FILE...", OPT_TABLE(rows), NULL};

/* As a program made of modules has it: each with a struct and flags of its own. */
struct modular {
    bool quiet;
    struct options module;
};
static const struct opt own_rows[] = {
    {"silent", OPT_BOOL, offsetof(struct modular, quiet), "false", "Say nothing."},
};
static const struct opt_group module_group = {rows, ARRAY_LEN(rows)};
static const struct opt_part module_parts[] = {{&module_group, offsetof(struct modular, module)}};
static const struct opt_table modular = {"prog mix",          "Mixes.", NULL,
                                         OPT_TABLE(own_rows), NULL,     OPT_PARTS(module_parts)};

static struct options got;
static struct err err;

/* Parses the arguments given, up to NULL. */
static int parse(const struct opt_table *t, ...)
{
    char *argv[64] = {"prog"};
    int argc = 1;
    va_list args;

    va_start(args, t);
    while (argc < 63 && (argv[argc] = va_arg(args, char *)))
        argc++;
    va_end(args);
    memset(&got, 0xee, sizeof(got)); /* what is not set would show */
    err = (struct err){0};
    return options_parse(t, argc, argv, &got, &err);
}

static int forget_environment(void **state)
{
    (void)state;
    return unsetenv("SWELL_PORT") | unsetenv("SWELL_SYNC_PERIOD") | unsetenv("TEST_TARGETS") |
           unsetenv("SWELL_TARGET") | unsetenv("SWELL_QUIET");
}

static void defaults_fill_everything(void **state)
{
    (void)state;
    assert_int_equal(parse(&table, NULL), 1);
    assert_false(got.quiet);
    assert_null(got.name);
    assert_int_equal(got.port, 8080);
    assert_float_equal(got.rate, 1, 0);
    assert_int_equal(got.period_ns, UINT64_C(15000000000));
    assert_int_equal(got.color, 1);
    assert_int_equal(got.targets.count, 1);
    assert_string_equal(got.targets.values[0], "a");
}

static void a_flag_takes_its_value_in_two_forms(void **state)
{
    (void)state;
    assert_int_equal(parse(&table, "--port=1", "--name", "x", "--rate=0.5", "--sync-period",
                           "1m30s", "--color=red", "--quiet", NULL),
                     9);
    assert_int_equal(got.port, 1);
    assert_string_equal(got.name, "x");
    assert_float_equal(got.rate, .5, 0);
    assert_int_equal(got.period_ns, UINT64_C(90000000000));
    assert_int_equal(got.color, 0);
    assert_true(got.quiet);

    assert_int_equal(parse(&table, "--quiet=false", "--name=a=b", "--port=1", "--port=2", NULL), 5);
    assert_false(got.quiet);
    assert_string_equal(got.name, "a=b");
    assert_int_equal(got.port, 2);
    assert_int_equal(parse(&table, "--name=", NULL), 2);
    assert_string_equal(got.name, "");
}

static void a_flag_wins_over_environment_over_default(void **state)
{
    (void)state;
    (void)setenv("SWELL_PORT", "9", 1);
    (void)setenv("SWELL_SYNC_PERIOD", "2s", 1);
    (void)setenv("SWELL_QUIET", "1", 1);
    assert_true(parse(&table, "--port=10", NULL) > 0);
    assert_int_equal(got.port, 10);
    assert_int_equal(got.period_ns, UINT64_C(2000000000));
    assert_true(got.quiet);
}

static void a_list_keeps_the_order_given(void **state)
{
    (void)state;
    assert_true(parse(&table, "--target=x", "--target", "y", NULL) > 0);
    assert_int_equal(got.targets.count, 2);
    assert_string_equal(got.targets.values[0], "x");
    assert_string_equal(got.targets.values[1], "y");
}

static void a_lists_flags_replace_its_environment(void **state)
{
    (void)state;
    (void)setenv("SWELL_TARGET", "wrong: .env names another", 1);
    (void)setenv("TEST_TARGETS", "e", 1);
    assert_true(parse(&table, NULL) > 0);
    assert_int_equal(got.targets.count, 1);
    assert_string_equal(got.targets.values[0], "e");
    assert_true(parse(&table, "--target=x", NULL) > 0);
    assert_int_equal(got.targets.count, 1);
    assert_string_equal(got.targets.values[0], "x");
}

static void a_list_has_an_end(void **state)
{
    char *argv[OPT_LIST_MAX + 2] = {"prog"};
    (void)state;

    for (size_t i = 1; i < ARRAY_LEN(argv); i++)
        argv[i] = "--target=x";
    assert_int_equal(options_parse(&table, OPT_LIST_MAX + 1, argv, &got, &err), OPT_LIST_MAX + 1);
    assert_int_equal(options_parse(&table, OPT_LIST_MAX + 2, argv, &got, &err), -EINVAL);
    assert_string_equal(err.text, "--target takes at most 32 values, not 'x'");
}

static void a_wrong_flag_is_named_with_what_it_takes(void **state)
{
    static const struct {
        const char *argument, *text;
    } cases[] = {
        {"--port=65536", "--port takes a whole number from 0 to 65535, not '65536'"},
        {"--port=-1", "--port takes a whole number from 0 to 65535, not '-1'"},
        {"--port=", "--port takes a whole number from 0 to 65535, not ''"},
        {"--rate=0.4", "--rate takes a number, at least 0.5, not '0.4'"},
        {"--sync-period=5",
         "--sync-period takes a duration such as 300ms or 1m30s from 0.001 to 3600 s, not '5'"},
        {"--sync-period=1h1s",
         "--sync-period takes a duration such as 300ms or 1m30s from 0.001 to 3600 s, not '1h1s'"},
        {"--color=blue", "--color takes one of red, green, not 'blue'"},
        {"--quiet=maybe", "--quiet takes true or false, not 'maybe'"},
        {"--port", "--port needs a value"},
        {"--por=1", "unknown flag '--por'; see 'prog run --help'"},
        {"--portal", "unknown flag '--portal'; see 'prog run --help'"},
        {"--=1", "unknown flag '--'; see 'prog run --help'"},
        {"-p", "unknown flag '-p'; see 'prog run --help'"},
        {"file", "unexpected argument 'file'; see 'prog run --help'"},
        {"-", "unexpected argument '-'; see 'prog run --help'"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(parse(&table, cases[i].argument, NULL), -EINVAL);
        assert_string_equal(err.text, cases[i].text);
    }
}

static void a_wrong_environment_is_named_as_such(void **state)
{
    (void)state;
    (void)setenv("SWELL_PORT", "many", 1);
    assert_int_equal(parse(&table, NULL), -EINVAL);
    assert_string_equal(err.text, "SWELL_PORT takes a whole number from 0 to 65535, not 'many'");
}

static void positional_arguments_stand_behind_the_flags(void **state)
{
    (void)state;
    assert_int_equal(parse(&files, "--port=1", "a", "b", NULL), 2);
    assert_int_equal(parse(&files, "--port=1", "--", "--port=2", NULL), 3);
    assert_int_equal(got.port, 1);
    assert_int_equal(parse(&files, "-", NULL), 1);
    assert_int_equal(parse(&files, "--quiet", "false", NULL), 2);
    assert_true(got.quiet);
}

static void flags_may_stand_behind_positional_arguments(void **state)
{
    char *argv[] = {"prog", "a", "--port=1", "b", "--name", "x", "--quiet", "c", NULL};

    (void)state;
    err = (struct err){0};
    assert_int_equal(options_parse(&files, 8, argv, &got, &err), 5);
    assert_int_equal(got.port, 1);
    assert_string_equal(got.name, "x");
    assert_true(got.quiet);
    assert_string_equal(argv[5], "a");
    assert_string_equal(argv[6], "b");
    assert_string_equal(argv[7], "c");
}

static void a_name_of_one_letter_has_one_dash(void **state)
{
    (void)state;
    assert_int_equal(parse(&table, "-f", "x.yaml", NULL), 3);
    assert_string_equal(got.file, "x.yaml");
    assert_int_equal(parse(&table, "-f=y.yaml", NULL), 2);
    assert_string_equal(got.file, "y.yaml");
    assert_int_equal(parse(&table, "-f", NULL), -EINVAL);
    assert_string_equal(err.text, "-f needs a value");
    assert_int_equal(parse(&table, "-x=1", NULL), -EINVAL);
    assert_string_equal(err.text, "unknown flag '-x'; see 'prog run --help'");
}

static void help_says_everything_about_a_flag(void **state)
{
    scoped(free_at) char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    (void)state;

    options_help(&table, out);
    (void)fclose(out);
    assert_non_null(strstr(text, "prog run: Runs.\n\nUsage: prog run [flags]\n"));
    assert_non_null(strstr(text,
                           "  --sync-period\n        How often.\n        Takes a duration such "
                           "as 300ms or 1m30s from 0.001 to 3600 s; default 15s. "
                           "Environment: SWELL_SYNC_PERIOD\n"));
    assert_non_null(
        strstr(text, "Takes one of red, green; default green. Environment: SWELL_COLOR"));
    assert_non_null(strstr(text, "Environment: TEST_TARGETS\n"));
}

static void asking_for_help_ends_parsing(void **state)
{
    (void)state;
    assert_int_equal(parse(&table, "--port=1", "--help", "--nonsense", NULL), -ECANCELED);
}

static void a_modules_flags_land_in_its_own_struct(void **state)
{
    char *argv[] = {"prog", "--silent", "--port=9", "--target=b"};
    struct modular mixed;

    (void)state;
    memset(&mixed, 0xee, sizeof(mixed));
    assert_int_equal(options_parse(&modular, 4, argv, &mixed, &err), 4);
    assert_true(mixed.quiet);
    assert_false(mixed.module.quiet);
    assert_int_equal(mixed.module.port, 9);
    assert_null(mixed.module.name);
    assert_int_equal(mixed.module.targets.count, 1);
    assert_string_equal(mixed.module.targets.values[0], "b");
}

static void one_value_can_be_set_by_its_name(void **state)
{
    (void)state;
    assert_int_equal(parse(&table, NULL), 1);
    assert_int_equal(options_set(&table, "port", "99", &got, &err), 0);
    assert_int_equal(got.port, 99);
    assert_int_equal(options_set(&table, "port", "99999", &got, &err), -EINVAL);
    assert_string_equal(err.text, "port takes a whole number from 0 to 65535, not '99999'");
    assert_int_equal(options_set(&table, "ports", "1", &got, &err), -ENOENT);
    assert_string_equal(err.text, "there is no 'ports'");
    assert_int_equal(got.port, 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_value_can_be_set_by_its_name, forget_environment),
        cmocka_unit_test_setup(a_modules_flags_land_in_its_own_struct, forget_environment),
        cmocka_unit_test_setup(defaults_fill_everything, forget_environment),
        cmocka_unit_test_setup(a_flag_takes_its_value_in_two_forms, forget_environment),
        cmocka_unit_test_setup(a_flag_wins_over_environment_over_default, forget_environment),
        cmocka_unit_test_setup(a_list_keeps_the_order_given, forget_environment),
        cmocka_unit_test_setup(a_lists_flags_replace_its_environment, forget_environment),
        cmocka_unit_test_setup(a_list_has_an_end, forget_environment),
        cmocka_unit_test_setup(a_wrong_flag_is_named_with_what_it_takes, forget_environment),
        cmocka_unit_test_setup(a_wrong_environment_is_named_as_such, forget_environment),
        cmocka_unit_test_setup(positional_arguments_stand_behind_the_flags, forget_environment),
        cmocka_unit_test_setup(flags_may_stand_behind_positional_arguments, forget_environment),
        cmocka_unit_test_setup(a_name_of_one_letter_has_one_dash, forget_environment),
        cmocka_unit_test_setup(help_says_everything_about_a_flag, forget_environment),
        cmocka_unit_test_setup(asking_for_help_ends_parsing, forget_environment),
    };
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
