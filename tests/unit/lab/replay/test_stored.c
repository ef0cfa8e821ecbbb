// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/scoped.h"
#include "lab/replay/stored.h"

#include <string.h>

static void keeps_quantities_in_canonical_form(void **state)
{
    json_auto_t *given =
        json_pack("{s:[{s:s, s:{s:{s:s, s:i}}}, {s:{s:{s:s}}}]}", "currentMetrics", "type",
                  "Resource", "resource", "current", "averageValue", "5000m", "averageUtilization",
                  5, "external", "current", "value", "2048Ki");
    json_auto_t *kept = stored_status(given);
    scoped(free_at) char *text = json_dumps(kept, JSON_COMPACT | JSON_SORT_KEYS);
    (void)state;

    assert_non_null(strstr(text, "\"averageValue\":\"5\""));
    assert_non_null(strstr(text, "\"value\":\"2Mi\""));
}

static void writes_conditions_without_their_times(void **state)
{
    json_auto_t *status = json_pack("{s:i, s:i, s:[{s:s, s:s, s:s}]}", "observedGeneration", 3,
                                    "desiredReplicas", 2, "conditions", "type", "AbleToScale",
                                    "status", "True", "lastTransitionTime", "2026-01-01T00:00:00Z");
    scoped(buf_done) struct buf text = {.max = KIB};
    struct json_writer w = json_write_begin(&text);
    (void)state;

    stored_write(status, &w);
    assert_int_equal(w.result, 0);
    assert_string_equal(text.data,
                        "{\"currentReplicas\":0,\"desiredReplicas\":2,\"lastScaleTime\":null,"
                        "\"currentMetrics\":null,\"conditions\":[{\"type\":\"AbleToScale\","
                        "\"status\":\"True\",\"reason\":\"\",\"message\":\"\"}]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_quantities_in_canonical_form),
        cmocka_unit_test(writes_conditions_without_their_times),
    };
    return cmocka_run_group_tests_name("stored", tests, NULL, NULL);
}
