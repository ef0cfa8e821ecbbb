// SPDX-License-Identifier: MIT
/* hpa: the HorizontalPodAutoscaler's algorithm. No I/O and no clock: the caller reads the world,
 * the module decides, the caller acts and says how the write of the scale went.
 *
 *     hpa_spec_parse(object, &spec, &bad);             when the object is new or has changed
 *     hpa_new(NULL, &hpa);                             once per HPA; lost on a controller's restart
 *
 *     if (hpa_needs_metrics(spec, &input))             every sync period
 *         ...                                          ask for what the metrics want, fill answers
 *     hpa_evaluate(hpa, spec, &input, &decision);
 *     if (decision.rescale)
 *         hpa_commit(hpa, spec, &decision, write_error_or_NULL, now_ns);
 *     status = hpa_status(spec, &decision, old_status, now_ns);
 *     record = hpa_record(hpa, spec, &input, &decision, old_status);
 *
 * Source: Kubernetes v1.36 with default feature gates. The files follow the steps of one
 * evaluation: spec, pods, metric, combine, stabilise, limit, status, record; hpa.c puts them in
 * order.
 *
 * Units: replicas are int32_t as in the API, metric values int64_t thousandths ("milli"; memory is
 * thousandths of a byte), times nanoseconds of the control clock since 1970.
 * Memory: a struct hpa keeps its working memory, so an evaluation allocates only when there are
 * more pods or metrics than ever before, or an error to word. History is bounded by its windows.
 * Threads: a struct hpa belongs to one thread at a time; a parsed spec does not change. */
#ifndef LAB_HPA_HPA_H
#define LAB_HPA_HPA_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- The object --- */

enum hpa_source {
    HPA_RESOURCE,
    HPA_CONTAINER_RESOURCE,
    HPA_PODS,
    HPA_OBJECT,
    HPA_EXTERNAL,
    HPA_UNKNOWN_SOURCE, /* only unchecked */
};
enum hpa_resource { HPA_CPU, HPA_MEMORY, HPA_OTHER_RESOURCE };
enum hpa_form {
    HPA_UTILIZATION,
    HPA_AVERAGE_VALUE,
    HPA_VALUE,
    HPA_NO_FORM, /* no target that fits; such a metric is refused */
};

struct hpa_object { /* what an Object metric describes */
    char *api_version, *kind, *name;
};

struct hpa_metric {
    enum hpa_source source;
    enum hpa_resource resource; /* HPA_RESOURCE, HPA_CONTAINER_RESOURCE */
    enum hpa_form form;
    int64_t target;           /* percent for HPA_UTILIZATION, else milli */
    char *name;               /* of the resource ("cpu") or the metric */
    char *container;          /* HPA_CONTAINER_RESOURCE */
    struct hpa_object object; /* HPA_OBJECT */
    char *selector;           /* of the metric, canonical; "" when there is none */

    /* Why the controller fails this metric at each evaluation without asking for it (a selector in
     * error, no target that fits). NULL: it asks. */
    char *refused;

    char *selector_print; /* as the controller's messages show it: "nil", "&LabelSelector{...}" */
    json_t *identifier;   /* HPA_PODS, HPA_OBJECT, HPA_EXTERNAL: {name, selector} as given */
    json_t *described;    /* HPA_OBJECT: describedObject as given */
    char *description;    /* "cpu resource utilization (percentage of request)" */
    char *valid_message;  /* of ScalingActive when this metric wins */
};

enum hpa_select { HPA_SELECT_MAX, HPA_SELECT_MIN, HPA_SELECT_DISABLED };

enum hpa_policy_type {
    HPA_POLICY_PODS,
    HPA_POLICY_PERCENT,
    HPA_POLICY_UNKNOWN, /* only unchecked */
};

struct hpa_policy {
    enum hpa_policy_type type;
    int32_t value;
    int32_t period_s;
};

struct hpa_rules {       /* behavior.scaleUp or .scaleDown */
    bool default_window; /* the controller's setting (scale down only) */
    int32_t window_s;    /* else */
    enum hpa_select select;
    struct hpa_policy *policies;
    size_t policy_count;
    double tolerance; /* NaN: the controller's setting */
};

struct hpa_spec { /* read it, leave writing to spec.c */
    char *namespace, *name;
    char *target_api_version, *target_kind, *target_name;
    int32_t min, max;
    struct hpa_metric *metrics;
    size_t metric_count;
    bool has_behavior; /* false: the legacy rules, and up and down mean only tolerance */
    struct hpa_rules up, down;
};

struct hpa_spec_error {
    char path[160]; /* of the first error, in the form of jpath.h: "spec.metrics[0].type" */
    struct err err; /* all of them as the API server words them: one "path: message", or several as
                     * "[path: message, path: message]" */
    size_t count;   /* how many of them; 0 when the object could not be read */
};

/* Reads, defaults and validates a HorizontalPodAutoscaler of autoscaling/v2 or autoscaling/v1 (with
 * targetCPUUtilizationPercentage and the annotations autoscaling.alpha.kubernetes.io/metrics and
 * /behavior). New in *ret. -EINVAL for what the API refuses, -ENOMEM; *ret_error says where. */
int hpa_spec_parse(const json_t *object, struct hpa_spec **ret, struct hpa_spec_error *ret_error);

/* The same without validation, as for an object that a controller finds: minReplicas may be 0, a
 * metric may have no target. -EINVAL only for members of a wrong JSON type. */
int hpa_spec_parse_unchecked(const json_t *object, struct hpa_spec **ret,
                             struct hpa_spec_error *ret_error);
void hpa_spec_free(struct hpa_spec *spec);

/* --- What the controller remembers --- */

struct hpa_settings {                    /* flags of kube-controller-manager */
    uint64_t downscale_window_ns;        /* --horizontal-pod-autoscaler-downscale-stabilization */
    uint64_t cpu_initialization_ns;      /* ...-cpu-initialization-period */
    uint64_t initial_readiness_delay_ns; /* ...-initial-readiness-delay */
    double tolerance;                    /* ...-tolerance */
};

#define HPA_SETTINGS_DEFAULT                                                                       \
    ((struct hpa_settings){.downscale_window_ns = UINT64_C(300000000000),                          \
                           .cpu_initialization_ns = UINT64_C(300000000000),                        \
                           .initial_readiness_delay_ns = UINT64_C(30000000000),                    \
                           .tolerance = 0.1})

struct hpa;

/* settings are copied; NULL for the defaults. New in *ret, or -ENOMEM. */
int hpa_new(const struct hpa_settings *settings, struct hpa **ret);
void hpa_free(struct hpa *hpa);

/* --- What the caller has read. All of it is the caller's; nothing is kept. Texts are UTF-8. --- */

enum hpa_phase { HPA_PENDING, HPA_RUNNING, HPA_SUCCEEDED, HPA_FAILED, HPA_PHASE_UNKNOWN };
enum hpa_ready { HPA_READY_ABSENT, HPA_READY_TRUE, HPA_READY_FALSE, HPA_READY_UNKNOWN };

struct hpa_request { /* what a pod requests of a metric's resource */
    int64_t milli;
    const char *error; /* "missing request for cpu in container web of Pod web-1"; NULL: none */
};

struct hpa_pod {
    const char *name;
    enum hpa_phase phase;
    bool deleted;              /* has a deletion timestamp */
    bool started;              /* start_ns is known */
    uint64_t start_ns;         /* status.startTime */
    enum hpa_ready ready;      /* status of the Ready condition */
    uint64_t ready_changed_ns; /* its lastTransitionTime */

    /* One per metric of the spec, in its order; looked at only for those in form HPA_UTILIZATION.
     * Several pods may share it. */
    const struct hpa_request *requests;
};

/* What a Pod object requests of the metric's resource: of one container, of the pod as a whole, or
 * the sum of its containers, as the controller finds it. 0, or -ENOENT with the text for
 * hpa_request.error. */
int hpa_pod_request(const json_t *pod, const struct hpa_metric *metric, int64_t *ret_milli,
                    struct err *err);

struct hpa_sample {
    const char *pod;
    int64_t milli;    /* over all containers, or of the one; leave out a pod that lacks it */
    uint64_t time_ns; /* end of the window */
    uint64_t window_ns;
};

struct hpa_answer { /* to one metric of the spec; not looked at if the metric is refused */
    /* Why there is no answer, as the client's library says it ("the server is currently unable to
     * handle the request"); what was tried is put in front of it here. NULL: there is an answer. */
    const char *error;
    size_t item_count; /* of its list; none is an error of its own, but not every item need give a
                        * sample */
    const struct hpa_sample *samples; /* HPA_RESOURCE, HPA_CONTAINER_RESOURCE, HPA_PODS; of one pod
                                       * the last counts */
    size_t sample_count;
    const int64_t *values; /* HPA_EXTERNAL: one per item, HPA_OBJECT: one; milli */
};

struct hpa_input {
    uint64_t now_ns;
    const char *scale_error; /* why the scale could not be read; NULL: the next three hold */
    int32_t spec_replicas;
    int32_t status_replicas;
    const char *selector; /* the scale's status.selector, canonical; "" is an error of its own */
    /* When another HPA selects these pods too: "pods by selector app=web are controlled by multiple
     * HPAs: [shop/a shop/b]"; NULL: none does. */
    const char *ambiguous;
    const struct hpa_pod *pods; /* those that the selector matches */
    size_t pod_count;
    const struct hpa_answer *answers; /* spec->metric_count of them, in the order of the spec. May
                                       * be NULL when hpa_needs_metrics() is false. */
};

/* Whether this evaluation will look at pods and answers: not without a scale, at zero replicas,
 * outside min..max, or with a selector in error. The real controller sends no metric request then.
 * With ambiguous still unset it says whether the HPA gets as far as that test, which is where the
 * controller registers its selector. */
bool hpa_needs_metrics(const struct hpa_spec *spec, const struct hpa_input *in);

/* --- What was decided --- */

enum hpa_outcome {
    HPA_NO_SCALE,   /* the scale could not be read */
    HPA_DISABLED,   /* zero replicas */
    HPA_ABOVE_MAX,  /* corrected without metrics */
    HPA_BELOW_MIN,  /* the same */
    HPA_NO_METRICS, /* the evaluation failed */
    HPA_DECIDED,
    HPA_NOT_WRITTEN, /* after hpa_commit with an error */
};

enum hpa_class { HPA_POD_READY, HPA_POD_UNREADY, HPA_POD_MISSING, HPA_POD_IGNORED };

struct hpa_result {     /* of one metric */
    const char *error;  /* as in the event; NULL: it has a proposal */
    const char *cause;  /* with error: its innermost part, for people in a hurry */
    const char *reason; /* with error: "FailedGetResourceMetric" */
    bool has_value;     /* value, average and the ratios are known */
    int64_t value;      /* HPA_UTILIZATION: percent; HPA_OBJECT, HPA_EXTERNAL: the whole; else as
                         * average */
    int64_t average;    /* per pod, milli; not for HPA_VALUE */
    double ratio;       /* of value to target */
    double final_ratio; /* with unready and missing pods filled in; else as ratio */
    bool within;        /* final_ratio is within tolerance */
    int64_t multiplier; /* how many pods the ratio was multiplied with; 0: it was not */
    int32_t proposal;
    const uint8_t *classes; /* enum hpa_class of each pod of the input; NULL for HPA_OBJECT,
                             * HPA_EXTERNAL and early errors */
    size_t ready, unready, missing, ignored;
};

struct hpa_condition {
    const char *type, *reason, *message;
    bool status;
    bool flipped; /* it was the other way earlier in this run, so that its time moves in any case */
};

struct hpa_event {
    const char *type, *reason, *message; /* type is Normal or Warning */
};

enum hpa_held { HPA_NOT_HELD, HPA_HELD_UP, HPA_HELD_DOWN }; /* up: it wants to grow, and waits */

enum hpa_limited {
    HPA_WITHIN_RANGE,
    HPA_TOO_FEW,
    HPA_TOO_MANY,
    HPA_SCALE_UP_LIMIT,
    HPA_SCALE_DOWN_LIMIT,
};

struct hpa_limit {
    enum hpa_limited kind;
    const char *reason; /* as in the condition: "DesiredWithinRange", "TooManyReplicas", ... */
    int32_t bound;      /* unless HPA_WITHIN_RANGE */
};

struct hpa_decision { /* everything it points to belongs to hpa, spec or input and lives until the
                       * next hpa_evaluate of that hpa */
    uint64_t now_ns;
    enum hpa_outcome outcome;
    const char *error; /* HPA_NO_SCALE, HPA_NO_METRICS, HPA_NOT_WRITTEN */
    int32_t current;   /* the scale's spec replicas */
    int32_t desired;   /* what to write if rescale, else current */
    bool rescale;
    const char *rescale_reason; /* as in the event; may be "" (decided before stabilisation) */

    double tolerance_low, tolerance_high;
    const struct hpa_result *results; /* one per metric of the spec; NULL when none was looked at */
    size_t result_count;

    bool recommendation_known; /* the metrics gave a number, and what follows down to limit holds */
    size_t winner;             /* index of the metric that gave it */
    int32_t recommendation;    /* 0 or more, before stabilisation */
    int32_t stabilised;        /* after it */
    enum hpa_held held;
    int32_t held_value; /* the recommendation that held, and its age */
    uint64_t held_age_ns;
    uint64_t held_window_ns; /* the window that it stands in */
    struct hpa_limit limit;

    struct hpa_condition conditions[3]; /* those set in this run, in the order first set */
    size_t condition_count;
    const struct hpa_event *events; /* in order */
    size_t event_count;
};

/* One evaluation. Remembers the recommendation. 0, or -ENOMEM with the history as it was. */
int hpa_evaluate(struct hpa *hpa, const struct hpa_spec *spec, const struct hpa_input *in,
                 struct hpa_decision *ret);

/* Says how the write of decision->desired went (only after rescale): completes the decision's
 * conditions, events and outcome, and remembers the scale event. */
void hpa_commit(struct hpa *hpa, const struct hpa_spec *spec, struct hpa_decision *decision,
                const char *write_error, uint64_t now_ns);

/* Says that the write of the status failed: adds the event. */
void hpa_commit_status(struct hpa *hpa, struct hpa_decision *decision, const char *write_error);

/* The whole status that replaces old_status (NULL: none): counts, lastScaleTime, currentMetrics,
 * conditions with lastTransitionTime. New, but what stays is shared with old_status: change neither
 * of them. NULL when out of memory. */
json_t *hpa_status(const struct hpa_spec *spec, const struct hpa_decision *decision,
                   const json_t *old_status, uint64_t now_ns);

/* Whether two statuses are the same to the controller: quantities and times by value, absent as
 * empty. NULL: empty. It writes what is not the same, and after each try to rescale: then a time
 * has moved, be it by less than the whole seconds of its text. */
bool hpa_status_same(const json_t *a, const json_t *b);

/* currentMetrics in API form, one entry per metric of the spec. New; NULL when there is none in
 * this decision or no memory. */
json_t *hpa_current_metrics(const struct hpa_spec *spec, const struct hpa_decision *decision);

#define HPA_RECORD_VERSION 1

/* The decision record, for the page, `why` and tests: docs/decision-record.md describes it. New;
 * NULL when out of memory. Costs more than the evaluation, so call it where somebody reads it:
 * after hpa_commit, before the next hpa_evaluate of this hpa, with the input of this one.
 * old_status: as in hpa_status; the record says which conditions are new. */
json_t *hpa_record(const struct hpa *hpa, const struct hpa_spec *spec, const struct hpa_input *in,
                   const struct hpa_decision *decision, const json_t *old_status);

#define HPA_SENTENCE_MAX 384

/* The decision in one sentence to be read aloud; UTF-8. Returns text. */
char *hpa_sentence(const struct hpa_spec *spec, const struct hpa_decision *decision,
                   char text[HPA_SENTENCE_MAX]);

#endif
