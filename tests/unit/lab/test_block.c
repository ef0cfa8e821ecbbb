// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/err.h"
#include "lab/block.h"

#include <errno.h>
#include <string.h>

static void two_labs_get_different_blocks(void **state)
{
    struct block *a = NULL, *b = NULL;
    char first[BLOCK_ADDRESS_MAX], second[BLOCK_ADDRESS_MAX];

    (void)state;
    assert_int_equal(block_new(&a, NULL), 0);
    assert_int_equal(block_new(&b, NULL), 0);
    assert_int_equal(block_take_pod(a, first, NULL), 0);
    assert_int_equal(block_take_pod(b, second, NULL), 0);
    assert_string_not_equal(first, second);
    block_free(a);
    block_free(b);
}

static void a_pods_address_is_not_given_out_again_at_once(void **state)
{
    struct block *b = NULL;
    char first[BLOCK_ADDRESS_MAX], second[BLOCK_ADDRESS_MAX];

    (void)state;
    assert_int_equal(block_new(&b, NULL), 0);
    assert_int_equal(block_take_pod(b, first, NULL), 0);
    block_return_pod(b, first);
    assert_int_equal(block_take_pod(b, second, NULL), 0);
    assert_string_not_equal(first, second);
    block_free(b);
}

static void a_full_block_says_so_and_takes_back(void **state)
{
    struct block *b = NULL;
    char address[BLOCK_ADDRESS_MAX], returned[BLOCK_ADDRESS_MAX] = "";
    struct err e = {0};

    (void)state;
    assert_int_equal(block_new(&b, NULL), 0);
    for (int i = 0; i < 250; i++)
        assert_int_equal(block_take_pod(b, i == 7 ? returned : address, NULL), 0);
    assert_int_equal(block_take_pod(b, address, &e), -EADDRNOTAVAIL);
    assert_string_equal(e.text, "no free pod address: 250 pods are running");
    block_return_pod(b, returned);
    assert_int_equal(block_take_pod(b, address, NULL), 0);
    assert_string_equal(address, returned);
    block_free(b);
}

static void services_and_pods_never_share_an_address(void **state)
{
    struct block *b = NULL;
    char service[BLOCK_ADDRESS_MAX], pod[BLOCK_ADDRESS_MAX];

    (void)state;
    assert_int_equal(block_new(&b, NULL), 0);
    assert_int_equal(block_take_service(b, service, NULL), 0);
    assert_int_equal(block_take_pod(b, pod, NULL), 0);
    assert_non_null(strstr(service, ".0.1"));
    assert_non_null(strstr(pod, ".1.1"));
    block_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_labs_get_different_blocks),
        cmocka_unit_test(a_pods_address_is_not_given_out_again_at_once),
        cmocka_unit_test(a_full_block_says_so_and_takes_back),
        cmocka_unit_test(services_and_pods_never_share_an_address),
    };
    return cmocka_run_group_tests_name("block", tests, NULL, NULL);
}
