// SPDX-License-Identifier: MIT

package generate

import (
	"fmt"
	"math"
	"net/url"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// metric is one of the HPA's: what it says there, and how to answer the request for it.
type metric struct {
	spec    object
	target  int64 // milli-units, or percent of the request
	percent bool
	perPod  bool // the answer is the sum of what so many replicas are to have
	ratio   float64
	key     func(s *Scene) string
	answer  func(s *Scene, m *metric) object
}

func (s *Scene) newMetrics() []*metric {
	var metrics []*metric
	for range choose(s.dice, []weighted[int]{{1, 0}, {12, 1}, {4, 2}, {2, 3}, {1, 4}}) {
		metrics = append(metrics, s.newMetric(len(metrics)))
	}
	return metrics
}

func (s *Scene) newMetric(i int) *metric {
	ofType := choose(s.dice, []weighted[func(int) *metric]{
		{6, s.resourceMetric}, {3, s.containerMetric}, {4, s.podsMetric}, {4, s.objectMetric}, {4, s.externalMetric}})
	m := ofType(i)
	m.ratio = 1
	if s.rough && s.chance(1) {
		m.spec["type"] = "Unheard"
	}
	return m
}

// drift moves the load: often to an edge of the tolerance, sometimes anywhere.
func (s *Scene) drift(m *metric) {
	if s.chance(40) {
		return
	}
	m.ratio = choose(s.dice, []weighted[float64]{
		{4, 1}, {3, 1.1}, {3, 0.9}, {2, 1.11}, {2, 0.89}, {1, 1.05}, {1, 1.35}, {1, 0.65}, {3, 0.5}, {3, 2}, {1, 0}, {1, 0.01},
		{8, s.Float64() * 2}, {4, s.Float64() * 6}, {1, 1000}, {1, 1e7}})
}

func (s *Scene) resource() string {
	return choose(s.dice, []weighted[string]{{8, "cpu"}, {4, "memory"}, {2, "ephemeral-storage"}})
}

// A target of a resource: of utilization, or a plain value.
func (s *Scene) resourceTarget(m *metric, resource string) object {
	if s.chance(65) {
		m.percent = true
		if s.unvalidated && s.chance(20) {
			m.target = int64(one(s.dice, 0, -5, 2147483647))
			return object{"type": "Utilization", "averageUtilization": m.target}
		}
		m.target = int64(one(s.dice, 50, 50, 80, 100, 10, 1, 60, 150, 300, 33, 100000))
		return object{"type": "Utilization", "averageUtilization": m.target}
	}
	m.target = int64(one(s.dice, 100, 500, 50, 1000, 7))
	if resource == "memory" {
		m.target *= 1024 * 1024 * 1000
	}
	return object{"type": one(s.dice, "AverageValue", "AverageValue", "Utilization"), "averageValue": s.targetQuantity(m)}
}

func (s *Scene) resourceMetric(int) *metric {
	m := &metric{key: (*Scene).podMetricsKey, answer: (*Scene).podMetrics}
	name := s.resource()
	target := s.resourceTarget(m, name)
	if s.rough && s.chance(2) {
		target = object{"type": "Value", "value": "3"}
	}
	m.spec = object{"type": "Resource", "resource": object{"name": name, "target": target}}
	return m
}

func (s *Scene) containerMetric(int) *metric {
	m := &metric{key: (*Scene).podMetricsKey, answer: (*Scene).podMetrics}
	name := s.resource()
	container := choose(s.dice, []weighted[string]{{8, "app"}, {2, "side"}, {1, "nowhere"}})
	if s.twoContainers && s.chance(40) {
		container = "proxy"
	}
	m.spec = object{"type": "ContainerResource",
		"containerResource": object{"name": name, "container": container, "target": s.resourceTarget(m, name)}}
	return m
}

func (s *Scene) targetQuantity(m *metric) any {
	if s.unvalidated && s.chance(30) || s.odd && s.chance(5) {
		return s.oddQuantity()
	}
	return s.quantity(m.target)
}

func (s *Scene) valueTarget(m *metric) {
	m.target = choose(s.dice, []weighted[int64]{{4, 1000}, {4, 10000}, {4, 100000}, {2, 500}, {1, 1}, {1, 333}, {1, 30000}, {1, 1e12}})
}

func (s *Scene) podsMetric(i int) *metric {
	m := &metric{answer: (*Scene).podsValues}
	s.valueTarget(m)
	name := s.metricName("http_requests", i)
	identifier, selector := s.identifier(name)
	m.spec = object{"type": "Pods", "pods": object{"metric": identifier,
		"target": object{"type": "AverageValue", "averageValue": s.targetQuantity(m)}}}
	m.key = func(s *Scene) string {
		return s.customPath("/pods/*/"+name, "labelSelector", s.canonical, "metricLabelSelector", selector)
	}
	return m
}

// A metric's name: any that can be a segment of a path.
func (s *Scene) metricName(usual string, i int) string {
	name := choose(s.dice, []weighted[string]{
		{40, usual}, {2, "queue:length"}, {1, "a b"}, {1, "x?y=z"}, {1, "Jobs"}, {1, "rps|max"}, {1, "größe"}, {1, "a+b&c"}, {1, "'*'!(#)"}})
	if s.unvalidated && s.chance(20) {
		name = one(s.dice, "req/s", "50%", "a%2Fb")
	}
	return fmt.Sprintf("%s_%d", name, i)
}

// escaped is a path as it is sent.
func escaped(path string) string {
	return (&url.URL{Path: path}).EscapedPath()
}

var described = []struct{ apiVersion, kind, resource string }{
	{"v1", "Service", "services"},
	{"networking.k8s.io/v1", "Ingress", "ingresses.networking.k8s.io"},
	{"networking.k8s.io/v1beta1", "Ingress", "ingresses.networking.k8s.io"},
	{"apps/v1", "Deployment", "deployments.apps"},
	{"v1", "Namespace", "metrics"},
	{"v1", "Node", "nodes"},
	{"batch/v1", "Job", "jobs.batch"},
	{"apps/v1", "Namespace", ""},
	{"example.com/v1", "Unheard", ""},
	{"", "Pod", "pods"},
}

func (s *Scene) objectMetric(i int) *metric {
	m := &metric{answer: (*Scene).objectValue}
	s.valueTarget(m)
	name := s.metricName("hits", i)
	identifier, selector := s.identifier(name)
	of := described[min(s.IntN(len(described)), s.IntN(len(described)))]
	path := "/" + of.resource + "/main/" + name
	if of.kind == "Namespace" {
		path = "/metrics/" + name
	}
	m.spec = object{"type": "Object", "object": object{
		"describedObject": object{"apiVersion": of.apiVersion, "kind": of.kind, "name": "main"},
		"metric":          identifier,
		"target":          s.valueOrAverage(m, s.rough && s.chance(4)),
	}}
	m.key = func(s *Scene) string { return s.customPath(path, "metricLabelSelector", selector) }
	return m
}

func (s *Scene) valueOrAverage(m *metric, confused bool) object {
	target := object{"type": "Value", "value": s.targetQuantity(m)}
	if s.chance(50) {
		m.perPod = true
		target = object{"type": "AverageValue", "averageValue": s.targetQuantity(m)}
	}
	if confused {
		target["type"] = one(s.dice, "Value", "AverageValue", "Utilization")
	}
	return target
}

func (s *Scene) externalMetric(i int) *metric {
	m := &metric{answer: (*Scene).externalValues}
	s.valueTarget(m)
	name := s.metricName("queue_depth", i)
	identifier, selector := s.identifier(name)
	target := s.valueOrAverage(m, s.chance(4))
	if s.rough && s.chance(2) {
		target = object{"type": "Value"}
	}
	m.spec = object{"type": "External", "external": object{"metric": identifier, "target": target}}
	m.key = func(s *Scene) string {
		return withQuery("/apis/external.metrics.k8s.io/v1beta1/namespaces/"+s.namespace+"/"+strings.ToLower(name), "labelSelector", selector)
	}
	return m
}

// A metric's name with, sometimes, a selector; and that selector as it is in a request.
func (s *Scene) identifier(name string) (object, string) {
	identifier := object{"name": name}
	if s.chance(55) {
		return identifier, ""
	}
	selector := metav1.LabelSelector{}
	asGiven := object{}
	if s.chance(70) {
		selector.MatchLabels = map[string]string{"queue": "q1"}
		if s.chance(50) {
			selector.MatchLabels["a"] = "1"
		}
		asGiven["matchLabels"] = selector.MatchLabels
	}
	if s.chance(40) {
		expressions := []any{}
		for range s.between(1, 2) {
			e, given := s.expression()
			selector.MatchExpressions = append(selector.MatchExpressions, e)
			expressions = append(expressions, given)
		}
		asGiven["matchExpressions"] = expressions
	}
	identifier["selector"] = asGiven
	parsed, err := metav1.LabelSelectorAsSelector(&selector)
	if err != nil {
		return identifier, ""
	}
	return identifier, parsed.String()
}

func (s *Scene) expression() (metav1.LabelSelectorRequirement, object) {
	key := one(s.dice, "verb", "zone", "queue", "example.com/path")
	operator := choose(s.dice, []weighted[metav1.LabelSelectorOperator]{
		{4, metav1.LabelSelectorOpIn}, {3, metav1.LabelSelectorOpNotIn}, {2, metav1.LabelSelectorOpExists},
		{2, metav1.LabelSelectorOpDoesNotExist}, {1, "Near"}})
	e := metav1.LabelSelectorRequirement{Key: key, Operator: operator}
	given := object{"key": key, "operator": operator}
	if operator == metav1.LabelSelectorOpIn || operator == metav1.LabelSelectorOpNotIn || s.chance(5) {
		e.Values = one(s.dice, []string{"z", "a"}, []string{"get"}, []string{"b", "b", "a"})
		given["values"] = e.Values
	}
	return e, given
}

func withQuery(path string, nameValue ...string) string {
	path = escaped(path)
	query := url.Values{}
	for i := 0; i < len(nameValue); i += 2 {
		if nameValue[i+1] != "" {
			query.Set(nameValue[i], nameValue[i+1])
		}
	}
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

func (s *Scene) customPath(rest string, nameValue ...string) string {
	return withQuery("/apis/custom.metrics.k8s.io/"+s.customVersion+"/namespaces/"+s.namespace+rest, nameValue...)
}

func (s *Scene) podMetricsKey() string {
	return withQuery("/apis/metrics.k8s.io/v1beta1/namespaces/"+s.namespace+"/pods", "labelSelector", s.canonical)
}

// podMetrics answers for all resource metrics at once: they share a request. The last one's ratio
// is what the pods use.
func (s *Scene) podMetrics(m *metric) object {
	items := []any{}
	for _, p := range s.pods {
		if s.chance(s.missingSamples) {
			continue
		}
		items = append(items, s.podSample(p.name, p, m))
	}
	if s.rough && s.chance(8) {
		items = append(items, s.podSample("stranger", s.newPod(s.now), m))
	}
	return object{"kind": "PodMetricsList", "apiVersion": "metrics.k8s.io/v1beta1", "metadata": object{}, "items": items}
}

func (s *Scene) podSample(name string, p *pod, m *metric) object {
	names := []string{"app"}
	if s.twoContainers {
		names = append(names, "proxy")
	}
	if p.spec["initContainers"] != nil && s.chance(70) {
		names = append(names, "side")
	}
	containers := []any{}
	for _, c := range names {
		usage := object{}
		for _, resource := range []string{"cpu", "memory", "ephemeral-storage"} {
			if (s.rough && s.chance(1)) || (resource == "ephemeral-storage" && s.chance(30)) {
				continue
			}
			usage[resource] = s.usage(p, m, resource, int64(len(names)))
		}
		containers = append(containers, object{"name": c, "usage": usage})
	}
	if s.rough && s.chance(1) {
		containers = []any{}
	}
	window := one(s.dice, "30s", "30s", "15s", "1m0s", "0s", "1m0.5s", "20.123s")
	age := time.Duration(one(s.dice, 0, 0, 10, 15, 30, 60, 300)) * time.Second
	if s.chance(20) {
		age = s.now.Sub(p.transition.Add(30 * time.Second)) // its window starts at the transition
	}
	return object{"metadata": object{"name": name, "namespace": s.namespace}, "timestamp": stamp(s.now.Add(-age)),
		"window": window, "containers": containers}
}

// What one of so many containers uses of a resource, so that all of them hit the ratio.
func (s *Scene) usage(p *pod, m *metric, resource string, containers int64) any {
	if s.odd && s.chance(5) {
		return s.oddQuantity()
	}
	perPod := float64(m.target) * m.ratio
	if m.percent {
		perPod = math.Round(float64(p.requests[resource]) * perPod / 100)
	}
	if s.noisy {
		perPod *= s.Float64() * 2
	}
	return s.quantity(int64(math.Min(perPod, 1e17)) / containers)
}

func (s *Scene) value(m *metric, share float64) any {
	if s.odd && s.chance(12) {
		return s.oddQuantity()
	}
	return s.quantity(int64(math.Min(math.Round(float64(m.target)*m.ratio*share), 9e18)))
}

func (s *Scene) podsValues(m *metric) object {
	items := []any{}
	for _, p := range s.pods {
		if s.chance(s.missingSamples) {
			continue
		}
		share := 1.0
		if s.noisy {
			share = s.Float64() * 2
		}
		items = append(items, s.customItem("Pod", p.name, s.value(m, share)))
	}
	if s.rough && s.chance(5) {
		items = append(items, s.customItem("Pod", one(s.dice, "stranger", s.targetName+"-1"), s.value(m, 1)))
	}
	return s.customList(items)
}

// How many times the target a value that is not per pod is at ratio 1.
func (s *Scene) share(m *metric) float64 {
	if m.perPod {
		return float64(s.statusReplicas)
	}
	return 1
}

func (s *Scene) objectValue(m *metric) object {
	items := []any{s.customItem("Service", "main", s.value(m, s.share(m)))}
	if s.rough && s.chance(3) {
		items = append(items, items[0])
	}
	return s.customList(items)
}

func (s *Scene) customItem(kind, name string, value any) object {
	item := object{"describedObject": object{"kind": kind, "namespace": s.namespace, "name": name, "apiVersion": "/v1"},
		"timestamp": stamp(s.now.Add(-10 * time.Second)), "value": value}
	if s.customVersion == "v1beta1" {
		item["metricName"] = "m"
		if s.chance(30) {
			item["window"] = 30
		}
		return item
	}
	item["metric"] = object{"name": "m"}
	if s.chance(30) {
		item["windowSeconds"] = 30
	}
	return item
}

func (s *Scene) customList(items []any) object {
	return object{"kind": "MetricValueList", "apiVersion": "custom.metrics.k8s.io/" + s.customVersion, "metadata": object{}, "items": items}
}

func (s *Scene) externalValues(m *metric) object {
	items := []any{}
	parts := one(s.dice, 1, 1, 1, 2, 3)
	for range parts {
		items = append(items, object{"metricName": "m", "metricLabels": object{"queue": "q1"},
			"timestamp": stamp(s.now), "value": s.value(m, s.share(m)/float64(parts))})
	}
	return object{"kind": "ExternalMetricValueList", "apiVersion": "external.metrics.k8s.io/v1beta1", "metadata": object{}, "items": items}
}
