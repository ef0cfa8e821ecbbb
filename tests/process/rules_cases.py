# SPDX-License-Identifier: MIT
"""Configurations such as prometheus-adapter's documentation and its deploy folder have, and the
queries that they make. test_adapter_queries.py holds ours to them, tests/e2e/rules.py the original.

A case is a configuration, the series of each seriesQuery as (name, labels), and reads: a path and the
query that Prometheus is then sent."""

CUSTOM = "/apis/custom.metrics.k8s.io/v1beta1"
USAGE = "/apis/metrics.k8s.io/v1beta1"
EXTERNAL = "/apis/external.metrics.k8s.io/v1beta1"

CADVISOR = '{__name__=~"^container_.*",container!="POD",namespace!="",pod!=""}'
CADVISOR_LABELS = ("container", "namespace", "pod")
PODS = "{overrides: {namespace: {resource: namespace}, pod: {resource: pod}}}"
NOT_CADVISOR = '{namespace!="",__name__!="^container_.*"}'


def rate(series, matchers, by, more=',container!="POD"', window="2m"):
    return f"sum(rate({series}{{{matchers}{more}}}[{window}])) by ({by})"


CASES = {
    "cadvisor seconds": (f"""\
rules:
- seriesQuery: '{CADVISOR}'
  resources: {PODS}
  name: {{matches: "^container_(.*)_seconds_total$"}}
  metricsQuery: 'sum(rate(<<.Series>>{{<<.LabelMatchers>>,container!="POD"}}[2m])) by (<<.GroupBy>>)'
""", {CADVISOR: [("container_cpu_seconds_total", CADVISOR_LABELS),
                 ("container_fs_writes_total", CADVISOR_LABELS)]}, [
        (CUSTOM + "/namespaces/shop/pods/web-1/cpu",
         rate("container_cpu_seconds_total", 'namespace="shop",pod="web-1"', "pod")),
        (CUSTOM + "/namespaces/shop/pods/*/cpu?labelSelector=app%3Dweb",
         rate("container_cpu_seconds_total", 'namespace="shop",pod=~"web-1|web-2"', "pod")),
        (CUSTOM + "/namespaces/shop/pods/*/cpu?labelSelector=app%3Ddb",
         rate("container_cpu_seconds_total", 'namespace="shop",pod="db-1"', "pod")),
        (CUSTOM + "/namespaces/shop/metrics/cpu",
         rate("container_cpu_seconds_total", 'namespace="shop"', "namespace"))]),

    "cadvisor but no seconds": (f"""\
rules:
- seriesQuery: '{CADVISOR}'
  seriesFilters: [{{isNot: "^container_.*_seconds_total$"}}]
  resources: {PODS}
  name: {{matches: "^container_(.*)_total$"}}
  metricsQuery: 'sum(rate(<<.Series>>{{<<.LabelMatchers>>,container!="POD"}}[2m])) by (<<.GroupBy>>)'
- seriesQuery: '{CADVISOR}'
  seriesFilters: [{{isNot: "^container_.*_total$"}}]
  resources: {PODS}
  name: {{matches: "^container_(.*)$"}}
  metricsQuery: 'sum(<<.Series>>{{<<.LabelMatchers>>,container!="POD"}}) by (<<.GroupBy>>)'
""", {CADVISOR: [("container_fs_writes_total", CADVISOR_LABELS),
                 ("container_memory_bytes", CADVISOR_LABELS)]}, [
        (CUSTOM + "/namespaces/shop/pods/web-1/fs_writes",
         rate("container_fs_writes_total", 'namespace="shop",pod="web-1"', "pod")),
        (CUSTOM + "/namespaces/shop/pods/web-1/memory_bytes?metricLabelSelector=id%3Da",
         'sum(container_memory_bytes{id="a",namespace="shop",pod="web-1",container!="POD"})'
         ' by (pod)')]),

    "every resource by a template": (f"""\
rules:
- seriesQuery: '{NOT_CADVISOR}'
  name: {{matches: "^(.*)_total$"}}
  resources: {{template: "<<.Resource>>"}}
  metricsQuery: 'sum(rate(<<.Series>>{{<<.LabelMatchers>>}}[5m])) by (<<.GroupBy>>)'
""", {NOT_CADVISOR: [("hits_total", ("namespace", "pod", "service", "deployment", "node"))]}, [
        (CUSTOM + "/namespaces/shop/pods/web-1/hits",
         rate("hits_total", 'namespace="shop",pod="web-1"', "pod", "", "5m")),
        (CUSTOM + "/namespaces/shop/deployments.apps/web/hits",
         rate("hits_total", 'namespace="shop",deployment="web"', "deployment", "", "5m")),
        (CUSTOM + "/namespaces/shop/services/web/hits?metricLabelSelector=verb+in+(GET,PUT),!x",
         rate("hits_total", 'verb=~"GET|PUT",x="",namespace="shop",service="web"', "service", "",
              "5m")),
        (CUSTOM + "/nodes/n1/hits", rate("hits_total", 'node="n1"', "node", "", "5m"))]),

    "labels with a prefix": ("""\
rules:
- seriesQuery: 'hits_total{kube_namespace!=""}'
  resources: {template: "kube_<<.Resource>>"}
  metricsQuery: sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)
""", {'hits_total{kube_namespace!=""}': [("hits_total", ("kube_namespace", "kube_pod"))]}, [
        (CUSTOM + "/namespaces/shop/pods/web-1/hits_total",
         'sum(hits_total{kube_namespace="shop",kube_pod="web-1"}) by (kube_pod)')]),

    "a resource of its own group and a query of its own": ("""\
rules:
- seriesQuery: 'cheddar{sharp="true"}'
  name: {as: "cheesy_goodness"}
  resources:
    overrides: {namespace: {resource: namespace}, brand: {group: "cheese.io", resource: "brand"}}
  metricsQuery: 'count(cheddar{sharp="true"})'
""", {'cheddar{sharp="true"}': [("cheddar", ("brand", "namespace", "sharp"))]}, [
        (CUSTOM + "/namespaces/shop/brands.cheese.io/gouda/cheesy_goodness",
         'count(cheddar{sharp="true"})')]),

    "a name by a group": ("""\
rules:
- seriesQuery: 'http_requests_total{kubernetes_namespace!="",kubernetes_pod_name!=""}'
  resources:
    overrides:
      kubernetes_namespace: {resource: "namespace"}
      kubernetes_pod_name: {resource: "pod"}
  name: {matches: "^(.*)_total", as: "${1}_per_second"}
  metricsQuery: 'sum(rate(<<.Series>>{<<.LabelMatchers>>}[2m])) by (<<.GroupBy>>)'
""", {'http_requests_total{kubernetes_namespace!="",kubernetes_pod_name!=""}': [
        ("http_requests_total", ("kubernetes_namespace", "kubernetes_pod_name"))]}, [
        (CUSTOM + "/namespaces/shop/pods/*/http_requests_per_second?labelSelector=app%3Dweb",
         rate("http_requests_total",
              'kubernetes_namespace="shop",kubernetes_pod_name=~"web-1|web-2"',
              "kubernetes_pod_name", ""))]),

    "two series in one query": ("""\
rules:
- seriesQuery: 'foo_total'
  resources: {overrides: {system_name: {resource: "node"}}}
  name: {matches: 'foo_total', as: 'foo'}
  metricsQuery: >-
    sum(foo_total{<<.LabelMatchers>>}) by (<<.GroupBy>>)
    / sum(foo_count{<<.LabelMatchers>>}) by (<<.GroupBy>>)
""", {"foo_total": [("foo_total", ("system_name",))]}, [
        (CUSTOM + "/nodes/n1/foo", 'sum(foo_total{system_name="n1"}) by (system_name) '
                                   '/ sum(foo_count{system_name="n1"}) by (system_name)')]),

    "external, in the namespace of the HPA": ("""\
externalRules:
- seriesQuery: '{__name__="queue_consumer_lag",name!=""}'
  metricsQuery: sum(<<.Series>>{<<.LabelMatchers>>}) by (name)
  resources:
    overrides: { namespace: {resource: "namespace"} }
""", {'{__name__="queue_consumer_lag",name!=""}': [("queue_consumer_lag", ("name", "namespace"))]},
        [(EXTERNAL + "/namespaces/shop/queue_consumer_lag",
          'sum(queue_consumer_lag{namespace="shop"}) by (name)'),
         (EXTERNAL + "/namespaces/shop/queue_consumer_lag?labelSelector=name%3Djobs,z%21%3Da,y",
          'sum(queue_consumer_lag{name="jobs",y!="",z!="a",namespace="shop"}) by (name)'),
         (EXTERNAL + "/namespaces/shop/queue_consumer_lag?labelSelector=name+notin+(b,a)",
          'sum(queue_consumer_lag{name!~"a|b",namespace="shop"}) by (name)')]),

    "external, in no namespace": ("""\
externalRules:
- seriesQuery: '{__name__="queue_depth",name!=""}'
  metricsQuery: sum(<<.Series>>{<<.LabelMatchers>>}) by (name)
  resources:
    namespaced: false
""", {'{__name__="queue_depth",name!=""}': [("queue_depth", ("name",))]}, [
        (EXTERNAL + "/namespaces/shop/queue_depth", "sum(queue_depth{}) by (name)"),
        (EXTERNAL + "/namespaces/shop/queue_depth?labelSelector=name%3Djobs,namespace%3Dqueue",
         'sum(queue_depth{name="jobs",namespace="queue"}) by (name)')]),

    "what a template language can do": ("""\
externalRules:
- seriesQuery: 'q'
  resources: {overrides: {namespace: {resource: namespace}}}
  metricsQuery: >-
    <<.Series>>{<<range $k, $v := .LabelValuesByName>><<$k>>=~"<<$v>>",<<end>>}
    <<- if eq (index .LabelValuesByName "mode") "fast" >>[1m]<<else if .LabelMatchers>>[5m]
    <<- end>> <<len .GroupBySlice>> <<printf "%q" .GroupBy>> <<with .LabelValuesByName.mode>>
    <<- . | print "m=">><<end>>
""", {"q": [("q", ("namespace", "mode"))]}, [
        (EXTERNAL + "/namespaces/shop/q?labelSelector=mode%3Dfast",
         'q{mode=~"fast",namespace=~"shop",}[1m] 0 "" m=fast'),
        (EXTERNAL + "/namespaces/shop/q?labelSelector=mode+in+(a,b)",
         'q{mode=~"a|b",namespace=~"shop",}[5m] 0 "" m=a|b')]),

    "what pods and nodes use": ("""\
resourceRules:
  cpu:
    containerLabel: container
    containerQuery: |
      sum by (<<.GroupBy>>) (
        irate (container_cpu_usage_seconds_total{<<.LabelMatchers>>,container!="",pod!=""}[4m])
      )
    nodeQuery: sum by (<<.GroupBy>>) (irate(node_cpu_usage_seconds_total{<<.LabelMatchers>>}[4m]))
    resources: &resources
      overrides:
        node: {resource: node}
        namespace: {resource: namespace}
        pod: {resource: pod}
  memory:
    containerLabel: container
    containerQuery: sum by (<<.GroupBy>>) (working_set{<<.LabelMatchers>>,container!="",pod!=""})
    nodeQuery: sum by (<<.GroupBy>>) (node_working_set{<<.LabelMatchers>>})
    resources: *resources
  window: "5m"
""", {}, [
        (USAGE + "/namespaces/shop/pods?labelSelector=app%3Dweb",
         "sum by (pod,container) (\n  irate (container_cpu_usage_seconds_total{"
         'namespace="shop",pod=~"web-1|web-2",container!="",pod!=""}[4m])\n)\n'),
        (USAGE + "/namespaces/shop/pods?labelSelector=app%3Dweb",
         'sum by (pod,container) (working_set{namespace="shop",pod=~"web-1|web-2",'
         'container!="",pod!=""})'),
        (USAGE + "/nodes/n1",
         'sum by (node) (irate(node_cpu_usage_seconds_total{node="n1"}[4m]))'),
        (USAGE + "/nodes/n1", 'sum by (node) (node_working_set{node="n1"})')]),
}

PODS_OF_THE_CLUSTER = (("web-1", "web"), ("web-2", "web"), ("db-1", "db"))


def series_of(case):
    """What Prometheus answers to a match[]."""
    return {match: [{"__name__": name, **{label: "x" for label in labels}}
                    for name, labels in shapes] for match, shapes in case[1].items()}
