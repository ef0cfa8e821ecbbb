// SPDX-License-Identifier: MIT
#include "files.h"

#include "base/err.h"
#include "base/log.h"
#include "lab/env.h"
#include "lab/images.h"
#include "lab/manifests.h"
#include "lab/statedir.h"
#include "lab/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct env env;
static struct images images;
static char dir[] = "/tmp/swell-test-manifests-XXXXXX";

static int make_env(void **state)
{
    (void)state;
    (void)strcpy(dir + sizeof(dir) - 7, "XXXXXX");
    images = (struct images){.count = 1};
    (void)strcpy(images.rows[0].name, "web");
    env = (struct env){.images = &images};
    env.clock = labclock_start(1);
    env.store = store_new(&env.clock);
    return mkdtemp(dir) && env.store ? 0 : -1;
}

static int free_env(void **state)
{
    (void)state;
    store_free(env.store);
    statedir_remove(dir);
    return 0;
}

static size_t stored(enum kind_id kind)
{
    json_auto_t *all = store_list(env.store, kind, NULL, NULL);

    return json_array_size(all);
}

static void assert_refused(const char *text, const char *says)
{
    struct err e = {0};

    write_file_in(dir, "b.yaml", text);
    assert_int_equal(manifests_load(&env, dir, &e), -EINVAL);
    if (!strstr(e.text, says))
        fail_msg("says '%s'", e.text);
}

#define CONFIG(name) "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " name "\n"

static void stores_what_is_in_order(void **state)
{
    (void)state;
    write_file_in(dir, "a.yaml", CONFIG("one") "---\n" CONFIG("two.b-2"));
    write_file_in(dir, "scene.yaml", "not: a manifest\n");
    assert_int_equal(manifests_load(&env, dir, NULL), 0);
    assert_int_equal(stored(KIND_CONFIGMAP), 2);
}

static void stores_nothing_when_anything_is_wrong(void **state)
{
    (void)state;
    write_file_in(dir, "a.yaml", CONFIG("one"));
    assert_refused(CONFIG("one"), "b.yaml:4: ConfigMap one is already defined at ");
    assert_int_equal(stored(KIND_CONFIGMAP), 0);
}

static void refuses_names_that_an_api_server_refuses(void **state)
{
    static const char *const texts[] = {CONFIG("../../etc"), CONFIG("Web"),  CONFIG("-web"),
                                        CONFIG("web."),      CONFIG("a..b"), CONFIG("a b")};
    (void)state;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_refused(texts[i], "b.yaml:4: the name '");
    assert_refused(CONFIG("a") "  namespace: a/b\n", "b.yaml:5: the namespace 'a/b'");
    assert_refused("apiVersion: v1\nkind: ConfigMap\n", "metadata.name is required");
}

static void refuses_kinds_that_it_does_not_know(void **state)
{
    (void)state;
    assert_refused("apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: a\n",
                   "b.yaml:2: the lab does not know kind CronJob of batch/v1");
}

static void passes_over_what_only_a_cluster_has(void **state)
{
    (void)state;
    write_file_in(dir, "a.yaml", CONFIG("one") "---\napiVersion: batch/v1\nkind: Job\n");
    assert_int_equal(manifests_load(&env, dir, NULL), 0);
    assert_int_equal(stored(KIND_CONFIGMAP), 1);
}

static void a_kustomization_says_which_files_and_in_which_namespace(void **state)
{
    (void)state;
    write_file_in(dir, "named.yaml", CONFIG("one"));
    write_file_in(dir, "component.yaml", CONFIG("two") "  namespace: elsewhere\n");
    write_file_in(dir, "not-named.yaml", CONFIG("three"));
    write_file_in(dir, "kustomization.yaml",
                  "resources: [named.yaml]\ncomponents: [component.yaml]\n"
                  "namespace: ns\npatches: []\n");
    assert_int_equal(manifests_load(&env, dir, NULL), 0);
    json_auto_t *all = store_list(env.store, KIND_CONFIGMAP, "ns", NULL);
    assert_int_equal(json_array_size(all), 2);
    assert_int_equal(stored(KIND_CONFIGMAP), 2);

    struct err e = {0};
    write_file_in(dir, "kustomization.yaml", "resources: [named.yaml]\nnamespace: ../up\n");
    assert_int_equal(manifests_load(&env, dir, &e), -EINVAL);
    assert_non_null(strstr(e.text, "kustomization.yaml:2: the namespace '../up' is not"));
}

static void a_kustomization_may_name_folders_but_not_itself(void **state)
{
    struct err e = {0};
    char folder[200];
    (void)state;

    (void)snprintf(folder, sizeof(folder), "%s/inner", dir);
    assert_int_equal(mkdir(folder, 0700), 0);
    write_file_in(dir, "inner/a.yaml", CONFIG("one"));
    write_file_in(dir, "kustomization.yaml", "resources: [inner]\n");
    assert_int_equal(manifests_load(&env, dir, NULL), 0);
    assert_int_equal(stored(KIND_CONFIGMAP), 1);

    write_file_in(dir, "kustomization.yaml", "resources: [inner/..]\n");
    assert_int_equal(manifests_load(&env, dir, &e), -EINVAL);
    assert_non_null(strstr(e.text, "nested more than 16 deep"));
    write_file_in(dir, "kustomization.yaml", "resources: [inner, gone.yaml]\n");
    assert_int_equal(manifests_load(&env, dir, &e), -ENOENT);
    assert_non_null(strstr(e.text, "gone.yaml"));
}

#define DEPLOYMENT(port)                                                                           \
    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  selector:\n"          \
    "    matchLabels: {app: web}\n  template:\n    metadata:\n      labels: {app: web}\n"          \
    "    spec:\n      containers:\n      - name: c\n        image: web\n        ports:\n"          \
    "        - {name: " port ", containerPort: 80}\n"
#define SERVICE                                                                                    \
    "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  selector: {app: web}\n"       \
    "  ports:\n  - {port: 80, targetPort: http}\n"

static void a_service_may_name_a_port_that_the_container_has(void **state)
{
    (void)state;
    write_file_in(dir, "a.yaml", DEPLOYMENT("http"));
    write_file_in(dir, "b.yaml", SERVICE);
    assert_int_equal(manifests_load(&env, dir, NULL), 0);
    write_file_in(dir, "a.yaml", DEPLOYMENT("web"));
    assert_refused(SERVICE, "Service web points to port \"http\", which the container of "
                            "Deployment web does not have");
}

static void says_that_there_is_nothing_to_run(void **state)
{
    struct err e = {0};
    (void)state;

    assert_int_equal(manifests_load(&env, dir, &e), -EINVAL);
    assert_non_null(strstr(e.text, "has no manifests"));
    assert_int_equal(manifests_load(&env, "/nonexistent", &e), -ENOENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_env, free_env)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(stores_what_is_in_order),
        TEST(stores_nothing_when_anything_is_wrong),
        TEST(refuses_names_that_an_api_server_refuses),
        TEST(refuses_kinds_that_it_does_not_know),
        TEST(passes_over_what_only_a_cluster_has),
        TEST(a_kustomization_says_which_files_and_in_which_namespace),
        TEST(a_kustomization_may_name_folders_but_not_itself),
        TEST(a_service_may_name_a_port_that_the_container_has),
        TEST(says_that_there_is_nothing_to_run),
    };
    json_object_seed(0);
    log_init(stderr, LOG_LOGFMT, LOG_ERROR);
    return cmocka_run_group_tests_name("manifests", tests, NULL, NULL);
}
