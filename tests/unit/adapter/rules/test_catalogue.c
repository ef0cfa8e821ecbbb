// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/rules/catalogue.h"

static void finds_by_plural_singular_and_group(void **state)
{
    struct catalogue *c = catalogue_new();
    const struct resource *pods = catalogue_find(c, "", "pods");
    (void)state;

    assert_string_equal(pods->kind, "Pod");
    assert_ptr_equal(catalogue_find(c, "", "pod"), pods);
    assert_ptr_equal(catalogue_find(c, "", "Pod"), pods);
    assert_string_equal(catalogue_find(c, "", "deployment")->group, "apps");
    assert_ptr_equal(catalogue_find_path(c, "ingresses.networking.k8s.io"),
                     catalogue_find(c, "networking.k8s.io", "ingress"));
    assert_ptr_equal(catalogue_find_path(c, "deployments"),
                     catalogue_find(c, "apps", "deployments"));
    assert_null(catalogue_find_path(c, "deployments.extensions"));
    assert_null(catalogue_find_path(c, "deploy"));
    assert_null(catalogue_find_path(c, ""));
    catalogue_free(c);
}

static void learns_what_a_cluster_has(void **state)
{
    struct catalogue *c = catalogue_new();
    const struct resource widgets = {"shop.io", "v2", "widgets", "", "Widget", false};
    const struct resource pods = {"", "v1", "pods", "pod", "Pod", true};
    size_t before = catalogue_count(c);
    (void)state;

    assert_int_equal(catalogue_add(c, &widgets), 0);
    assert_int_equal(catalogue_add(c, &pods), 0); /* is known */
    assert_int_equal(catalogue_count(c), before + 1);
    assert_string_equal(catalogue_find(c, "", "widget")->version, "v2");
    assert_false(catalogue_find_path(c, "widgets.shop.io")->namespaced);
    catalogue_free(c);
}

static void guesses_the_names_of_what_it_does_not_know(void **state)
{
    static const struct {
        const char *name, *plural, *singular, *kind;
    } cases[] = {
        {"brand", "brands", "brand", "Brand"},
        {"brands", "brands", "brand", "Brand"},
        {"factory", "factories", "factory", "Factory"},
        {"factories", "factories", "factory", "Factory"},
        {"buses", "buses", "bus", "Bus"},
    };
    struct catalogue *c = catalogue_new();
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct resource *r = catalogue_find_or_guess(c, "x.io", cases[i].name);
        assert_string_equal(r->plural, cases[i].plural);
        assert_string_equal(r->singular, cases[i].singular);
        assert_string_equal(r->kind, cases[i].kind);
        assert_ptr_equal(catalogue_find_or_guess(c, "x.io", cases[i].name), r);
    }
    catalogue_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_by_plural_singular_and_group),
        cmocka_unit_test(learns_what_a_cluster_has),
        cmocka_unit_test(guesses_the_names_of_what_it_does_not_know),
    };
    return cmocka_run_group_tests_name("catalogue", tests, NULL, NULL);
}
