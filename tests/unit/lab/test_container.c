// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/err.h"
#include "lab/container.h"
#include "lab/env.h"
#include "lab/images.h"
#include "lab/statedir.h"
#include "lab/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct env env;
static struct images images;
static struct container container;
static char dir[] = "/tmp/swell-test-container-XXXXXX";

static void put(enum kind_id kind, const char *json)
{
    json_auto_t *object = json_loads(json, 0, NULL);

    assert_non_null(object);
    assert_int_equal(store_put(env.store, kind, object), 0);
}

static int make_env(void **state)
{
    (void)state;
    (void)strcpy(dir + sizeof(dir) - 7, "XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    env = (struct env){.images = &images};
    env.clock = labclock_start(1);
    env.store = store_new(&env.clock);
    (void)snprintf(env.state_dir, sizeof(env.state_dir), "%s", dir);
    (void)snprintf(env.hosts_path, sizeof(env.hosts_path), "%s/hosts", dir);
    images = (struct images){.folder = "/usr/bin", .count = 1};
    (void)strcpy(images.rows[0].name, "web");
    images.rows[0].program = strdup("/bin/sh");
    images.rows[0].args[0] = strdup("serve");
    return 0;
}

static int free_env(void **state)
{
    (void)state;
    container_done(&container);
    images_done(&images);
    store_free(env.store);
    statedir_remove(dir);
    return 0;
}

/* A Pod "web-1" of one container with these members, and these volumes. */
static int prepare(const char *members, const char *volumes, struct err *e)
{
    char text[4096];

    (void)snprintf(text, sizeof(text),
                   "{\"metadata\":{\"name\":\"web-1\",\"namespace\":\"default\"},"
                   "\"status\":{\"podIP\":\"127.5.1.1\"},"
                   "\"spec\":{\"volumes\":[%s],\"containers\":[{%s}]}}",
                   volumes, members);
    json_auto_t *pod = json_loads(text, 0, NULL);
    assert_non_null(pod);
    container_done(&container);
    return container_prepare(&container, &env, pod, e);
}

static const char *variable(const char *name)
{
    const char *found = NULL;
    size_t len = strlen(name);

    for (char **at = container.envp; *at; at++) {
        if (strncmp(*at, name, len) != 0 || (*at)[len] != '=')
            continue;
        assert_null(found); /* a name stands once */
        found = *at + len + 1;
    }
    return found ? found : "(absent)";
}

static void assert_argv(const char *wanted)
{
    char text[2048] = "";

    for (char **at = container.argv; *at; at++) {
        (void)strcat(text, at == container.argv ? "" : "|");
        (void)strcat(text, *at);
    }
    assert_string_equal(text, wanted);
}

static void assert_refused(const char *members, const char *volumes, int code, const char *says)
{
    struct err e = {0};

    assert_int_equal(prepare(members, volumes, &e), code);
    if (!strstr(e.text, says))
        fail_msg("says '%s'", e.text);
}

static void runs_the_program_of_the_image(void **state)
{
    char path[100];
    (void)state;

    assert_int_equal(prepare("\"image\":\"r.io/web:1\"", "", NULL), 0);
    assert_string_equal(container.program, "/bin/sh");
    assert_argv("/bin/sh|serve");
    (void)snprintf(path, sizeof(path), "%s/web-1", dir);
    assert_string_equal(container.folder, path);
    (void)strcat(path, ".log");
    assert_string_equal(container.log, path);
}

static void args_follow_the_words_of_the_image(void **state)
{
    (void)state;
    assert_int_equal(prepare("\"image\":\"web\",\"args\":[\"--a\",\"b\"]", "", NULL), 0);
    assert_argv("/bin/sh|serve|--a|b");
    assert_int_equal(prepare("\"image\":\"web\",\"command\":[]", "", NULL), 0);
    assert_argv("/bin/sh|serve"); /* an empty command is none */
}

static void a_command_replaces_the_program_and_its_words(void **state)
{
    (void)state;
    assert_int_equal(
        prepare("\"image\":\"web\",\"command\":[\"env\",\"-i\"],\"args\":[\"x\"]", "", NULL), 0);
    assert_string_equal(container.program, "/usr/bin/env");
    assert_argv("env|-i|x");
    assert_int_equal(prepare("\"image\":\"unknown\",\"command\":[\"/bin/sh\"]", "", NULL), 0);
    assert_argv("/bin/sh");
}

static void expands_variables_that_are_known(void **state)
{
    (void)state;
    assert_int_equal(prepare("\"image\":\"web\",\"env\":[{\"name\":\"A\",\"value\":\"1\"},"
                             "{\"name\":\"B\",\"value\":\"$(A)2\"}],"
                             "\"args\":[\"$(A)$(B)\",\"$$(A)\",\"$(NO)\",\"$(A\",\"$A\"]",
                             "", NULL),
                     0);
    assert_string_equal(variable("B"), "12");
    assert_argv("/bin/sh|serve|112|$(A)|$(NO)|$(A|$A");
}

static void reads_fields_of_the_pod(void **state)
{
    (void)state;
    assert_int_equal(prepare("\"image\":\"web\",\"env\":[{\"name\":\"NAME\",\"valueFrom\":"
                             "{\"fieldRef\":{\"fieldPath\":\"metadata.name\"}}},"
                             "{\"name\":\"IP\",\"valueFrom\":"
                             "{\"fieldRef\":{\"fieldPath\":\"status.podIP\"}}}]",
                             "", NULL),
                     0);
    assert_string_equal(variable("NAME"), "web-1");
    assert_string_equal(variable("IP"), "127.5.1.1");
    assert_string_equal(variable("HOSTNAME"), "web-1");
    assert_string_equal(variable("SWELL_ADDRESS"), "127.5.1.1");
    assert_string_equal(variable("SWELL_HOSTS"), env.hosts_path);
}

static void names_the_services_of_its_namespace(void **state)
{
    (void)state;
    put(KIND_SERVICE, "{\"metadata\":{\"name\":\"my-db\"},"
                      "\"spec\":{\"clusterIP\":\"127.5.0.1\",\"ports\":[{\"port\":6379}]}}");
    put(KIND_SERVICE, "{\"metadata\":{\"name\":\"far\",\"namespace\":\"other\"},\"spec\":{}}");
    assert_int_equal(prepare("\"image\":\"web\"", "", NULL), 0);
    assert_string_equal(variable("MY_DB_SERVICE_HOST"), "127.5.0.1");
    assert_string_equal(variable("MY_DB_SERVICE_PORT"), "6379");
    assert_string_equal(variable("FAR_SERVICE_HOST"), "(absent)");
}

static void a_manifest_may_set_any_variable_anew(void **state)
{
    (void)state;
    assert_int_equal(prepare("\"image\":\"web\",\"env\":[{\"name\":\"PATH\",\"value\":\"/x\"},"
                             "{\"name\":\"A\",\"value\":\"1\"},{\"name\":\"A\",\"value\":\"2\"}]",
                             "", NULL),
                     0);
    assert_string_equal(variable("PATH"), "/x");
    assert_string_equal(variable("A"), "2");
}

static void a_volume_is_a_folder_wherever_its_path_is_mentioned(void **state)
{
    char wanted[512];
    (void)state;

    assert_int_equal(prepare("\"image\":\"web\",\"volumeMounts\":["
                             "{\"name\":\"outer\",\"mountPath\":\"/data/\"},"
                             "{\"name\":\"inner\",\"mountPath\":\"/data/in\"}],"
                             "\"args\":[\"/data\",\"--f=/data/x\",\"/data/in/y\",\"/database\","
                             "\"/var/data\",\"http://h/data\"]",
                             "{\"name\":\"outer\"},{\"name\":\"inner\"}", NULL),
                     0);
    (void)snprintf(wanted, sizeof(wanted),
                   "/bin/sh|serve|%s/web-1/outer|--f=%s/web-1/outer/x|%s/web-1/inner/y|/database|"
                   "/var/data|http://h/data",
                   dir, dir, dir);
    assert_argv(wanted);
}

static void writes_a_config_map_into_files(void **state)
{
    char path[200], text[20] = "";
    (void)state;

    put(KIND_CONFIGMAP, "{\"metadata\":{\"name\":\"conf\"},\"data\":{\"a.yaml\":\"x: 1\\n\"}}");
    assert_int_equal(prepare("\"image\":\"web\",\"volumeMounts\":["
                             "{\"name\":\"c\",\"mountPath\":\"/etc/c\"}]",
                             "{\"name\":\"c\",\"configMap\":{\"name\":\"conf\"}}", NULL),
                     0);
    (void)snprintf(path, sizeof(path), "%s/web-1/c/a.yaml", dir);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(fread(text, 1, sizeof(text) - 1, f), 5);
    (void)fclose(f);
    assert_string_equal(text, "x: 1\n");
}

static void refuses_what_cannot_run(void **state)
{
    (void)state;
    assert_refused("\"image\":\"nginx\"", "", -EINVAL, "image 'nginx'; it knows web");
    assert_refused("\"image\":\"web\",\"command\":[\"no-such-program\"]", "", -EINVAL,
                   "'no-such-program' is not on this machine");
    assert_refused("\"image\":\"web\",\"args\":[\"a\",80]", "", -EINVAL, "args[1] is not a string");
    assert_refused("\"image\":\"web\",\"command\":[5]", "", -EINVAL, "command[0] is not a string");
    assert_refused("\"image\":\"web\",\"command\":[\"env\",true]", "", -EINVAL,
                   "command[1] is not a string");
}

static void refuses_volumes_that_are_not_there(void **state)
{
    static const char mount[] = "\"image\":\"web\",\"volumeMounts\":[{\"name\":\"v\"}]";
    (void)state;

    assert_refused(mount, "", -EINVAL, "no volume \"v\"");
    assert_refused(mount, "{\"name\":\"v\",\"configMap\":{\"name\":\"gone\"}}", -EINVAL,
                   "configmap \"gone\" not found");
    assert_refused("\"image\":\"web\",\"volumeMounts\":[{\"name\":\"..\"}]", "{\"name\":\"..\"}",
                   -EINVAL, "no volume \"..\"");
}

static void refuses_a_variable_that_is_too_long(void **state)
{
    json_auto_t *pod = json_loads("{\"metadata\":{\"name\":\"web-1\"},\"spec\":{\"containers\":["
                                  "{\"image\":\"web\",\"env\":[{\"name\":\"LONG\"}]}]}}",
                                  0, NULL);
    char *value = malloc(70000);
    struct err e = {0};
    (void)state;

    memset(value, 'x', 69999);
    value[69999] = '\0';
    json_t *row = json_array_get(
        json_object_get(
            json_array_get(json_object_get(json_object_get(pod, "spec"), "containers"), 0), "env"),
        0);
    (void)json_object_set_new(row, "value", json_string(value));
    free(value);
    assert_int_equal(container_prepare(&container, &env, pod, &e), -E2BIG);
    assert_non_null(strstr(e.text, "LONG"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_env, free_env)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(runs_the_program_of_the_image),
        TEST(args_follow_the_words_of_the_image),
        TEST(a_command_replaces_the_program_and_its_words),
        TEST(expands_variables_that_are_known),
        TEST(reads_fields_of_the_pod),
        TEST(names_the_services_of_its_namespace),
        TEST(a_manifest_may_set_any_variable_anew),
        TEST(a_volume_is_a_folder_wherever_its_path_is_mentioned),
        TEST(writes_a_config_map_into_files),
        TEST(refuses_what_cannot_run),
        TEST(refuses_volumes_that_are_not_there),
        TEST(refuses_a_variable_that_is_too_long),
    };
    json_object_seed(0);
    return cmocka_run_group_tests_name("container", tests, NULL, NULL);
}
