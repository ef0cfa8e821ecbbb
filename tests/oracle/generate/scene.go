// SPDX-License-Identifier: MIT

// Package generate makes up scenarios: realistic clusters to which every bad thing happens that the
// format can express. The same seed and index make the same scenario, as long as the controller that
// it is played to decides the same: the target's replicas follow what the controller writes.
package generate

import (
	"encoding/json"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"swell/tests/oracle/scenario"
)

// Scene is one scenario in the making.
type Scene struct {
	dice
	head  object // the scenario without its steps
	steps []any

	name, namespace, targetName string
	target                      target
	selector, canonical         string // as the scale has it, as the controller sends it
	labels                      map[string]string
	customVersion               string
	min, max                    int
	metrics                     []*metric
	behaves                     bool
	others                      []other

	// What kind of day it is.
	calmFor         int     // steps before anything fails
	rough           bool    // pods misbehave too
	odd             bool    // quantities at the edges
	noisy           bool    // pods are not alike
	unvalidated     bool    // the HPA has what no API server would have let in
	closedLoop      bool    // replicas follow the writes
	twoContainers   bool    // in each pod
	podLevel        bool    // some pods have requests of their own
	missingRequests float64 // percent
	missingSamples  float64 // percent
	failures        float64 // percent of requests

	now            time.Time
	left           int // steps still to come
	pods           []*pod
	podsMade       int
	replicas       int
	statusReplicas int
}

// New starts the scenario with this seed and index.
func New(seed, index uint64) *Scene {
	s := &Scene{dice: newDice(seed, index)}
	s.left = s.between(3, 25)
	s.now = time.Date(2026, 1, 1, 0, 0, s.between(0, 59), 0, time.UTC)
	s.mood()
	s.name = one(s.dice, "web", "web", "api-v2", "a.b")
	s.namespace = one(s.dice, "default", "default", "default", "shop")
	s.targetName = one(s.dice, "web", "web", "backend")
	if s.unvalidated && s.chance(10) {
		s.targetName = one(s.dice, "we b", "a%b", "..", "a/b")
	}
	s.target = choose(s.dice, targets)
	s.customVersion = "v1beta2"
	s.behaves = s.chance(60)
	s.pickSelector()
	s.metrics = s.newMetrics()
	hpa := s.hpa()
	if s.chance(12) {
		hpa["status"] = s.status()
	}
	s.head = object{"name": fmt.Sprintf("random-%d-%d", seed, index), "hpa": hpa}
	if s.chance(20) {
		s.head["controller"] = s.flags()
	}
	s.addOthers()
	s.replicas = choose(s.dice, []weighted[int]{{20, s.between(1, 6)}, {5, s.max}, {2, s.max + 3}, {2, 0}, {3, s.min}})
	s.replicas = min(s.replicas, 100000)
	s.statusReplicas = s.replicas
	return s
}

func (s *Scene) mood() {
	s.rough = s.chance(60)
	s.odd = s.chance(15)
	s.noisy = s.chance(25)
	s.unvalidated = s.chance(8)
	s.closedLoop = s.chance(70)
	s.twoContainers = s.chance(20)
	s.podLevel = s.chance(15)
	s.calmFor = s.between(0, 6)
	if s.rough {
		s.missingSamples = one(s.dice, 0.0, 5, 20)
		s.failures = one(s.dice, 0.5, 3, 10)
		s.missingRequests = one(s.dice, 0.0, 0, 0, 2)
	}
}

// selectors that an API server may have in a scale, with the labels they are meant for.
var selectors = []weighted[string]{
	{60, "app=web"}, {3, "app==web"}, {3, "app in (web,api)"}, {3, "tier in (front,back),app=web"}, {3, "app=web,tier!=back"},
	{3, "app=web,tier notin (back)"}, {3, "app,!canary"}, {2, "tier=front,app=web"}, {2, "app in (web)"}, {1, "app = web"},
	{1, "app=api,app=web"}, {1, "size>1"}, {1, "app=web,,"}, {1, "=web"}, {1, ""}, {1, "app in (web, api, web)"}, {1, "example.com/x=1,app=web"},
	{1, "app=web,app in (web,api)"}, {1, "app notin (api,old)"},
}

func (s *Scene) pickSelector() {
	s.selector = choose(s.dice, selectors)
	s.labels = map[string]string{"app": "web"}
	s.canonical = s.selector
	if parsed, err := metav1.ParseToLabelSelector(s.selector); err == nil {
		if canonical, err := metav1.LabelSelectorAsSelector(parsed); err == nil {
			s.canonical = canonical.String()
		}
	}
}

func (s *Scene) flags() object {
	f := object{}
	set := func(name string, value any) {
		if s.chance(50) {
			f["horizontal-pod-autoscaler-"+name] = value
		}
	}
	set("sync-period", "30s")
	set("tolerance", one(s.dice, 0, 0.05, 0.2, 0.5, 1))
	set("downscale-stabilization", one(s.dice, "0s", "30s", "1m0s", "15s", "1m30.5s"))
	set("cpu-initialization-period", one(s.dice, "0s", "1m", "300s", "30s"))
	set("initial-readiness-delay", one(s.dice, "0s", "10s", "1m"))
	return f
}

// Head returns the scenario without its steps.
func (s *Scene) Head() *scenario.Scenario {
	head, err := scenario.Parse(s.Line())
	if err != nil {
		panic(err) // a defect of this package
	}
	head.Steps = nil
	return head
}

// Line returns the scenario with the steps made so far.
func (s *Scene) Line() []byte {
	s.head["steps"] = s.steps
	line, err := json.Marshal(s.head)
	if err != nil {
		panic(err)
	}
	return line
}

// Next makes the next step, nil after the last one. last is what came of the one before; nil at first.
func (s *Scene) Next(last *scenario.Result) *scenario.Step {
	if s.left == 0 {
		return nil
	}
	s.left--
	s.calmFor--
	if last != nil {
		s.pass()
		s.scale(last)
	}
	step := object{"time": s.now.Format(time.RFC3339Nano)}
	if last != nil && s.chance(2) {
		step["restart"] = true
	}
	if last != nil && s.chance(4) {
		step["hpa"] = s.changed()
	}
	s.follow(s.now)
	step["responses"] = s.responses()
	s.steps = append(s.steps, step)
	return parseStep(step)
}

func parseStep(step object) *scenario.Step {
	data, err := json.Marshal(step)
	if err != nil {
		panic(err)
	}
	parsed := &scenario.Step{}
	if err := json.Unmarshal(data, parsed); err != nil {
		panic(err)
	}
	return parsed
}

// Time passes: mostly a sync period, so that steps meet the edges of windows and periods.
func (s *Scene) pass() {
	ms := choose(s.dice, []weighted[int]{
		{60, 15000}, {6, 30000}, {4, 60000}, {3, 1000}, {3, 5000}, {2, 14999}, {2, 15001}, {2, 500}, {2, 15250}, {3, 300000},
		{1, 299999}, {1, 300001}, {2, 45000}, {1, 3600000}, {1, 90000}})
	s.now = s.now.Add(time.Duration(ms) * time.Millisecond)
}

func (s *Scene) scale(last *scenario.Result) {
	s.statusReplicas = s.replicas
	switch {
	case s.closedLoop && last.ScaleTo != nil:
		s.replicas = int(*last.ScaleTo)
	case s.replicas == 0 && s.chance(30):
		s.replicas = s.between(1, 6)
	case s.chance(5):
		s.replicas = one(s.dice, 0, 1, s.min, s.max, s.max+1, s.between(1, 20))
	case !s.closedLoop && s.chance(30):
		s.replicas = max(s.replicas+s.between(-3, 3), 0)
	}
	if s.chance(70) {
		s.statusReplicas = s.replicas
	}
}

// The HPA, edited.
func (s *Scene) changed() object {
	if s.chance(30) {
		s.metrics = s.newMetrics()
	}
	if s.chance(20) {
		s.behaves = !s.behaves
	}
	return s.hpa()
}

// responses are the answers that this step changes.
func (s *Scene) responses() object {
	r := object{}
	if s.rough && s.chance(3) {
		r["/apis"], s.customVersion = s.groups()
		if s.customVersion == "" {
			s.customVersion = "v1beta2"
		}
	}
	if !s.stale() {
		r["/api/v1/namespaces/"+s.namespace+"/pods"] = s.podList()
	}
	for _, m := range s.metrics {
		s.drift(m)
		if good := m.answer(s, m); s.fails() {
			r[m.key(s)] = s.trouble(good)
		} else if !s.stale() {
			r[m.key(s)] = good
		}
	}
	s.scaleAnswers(r)
	status := "PUT /apis/autoscaling/v2/namespaces/" + s.namespace + "/horizontalpodautoscalers/" + s.name + "/status"
	r[status] = nil
	// Whether a status with an ambiguous selector is written again is chance: the names in its message
	// come in any order, and another order is another status. So with others these writes succeed.
	if len(s.others) == 0 && s.fails() {
		r[status] = s.statusWrites()
	}
	s.othersAnswers(r)
	return r
}

func (s *Scene) fails() bool {
	return s.calmFor < 0 && s.chance(s.failures)
}

// An answer stays what it was.
func (s *Scene) stale() bool {
	return len(s.steps) > 0 && s.chance(5)
}

func (s *Scene) scaleAnswers(r object) {
	if s.target.path == "" {
		return
	}
	path := escaped(fmt.Sprintf(s.target.path, s.namespace, s.targetName))
	good := scaleOf(s.targetName, s.namespace, s.replicas, s.statusReplicas, s.selector)
	r["PUT "+path] = nil
	switch {
	case s.fails():
		r[path] = s.trouble(good)
	case s.fails():
		r["PUT "+path] = s.scaleWrites()
		r[path] = one[any](s.dice, good, []any{good, failure(s.dice)},
			[]any{good, scaleOf(s.targetName+"-b", s.namespace, s.replicas+1, s.replicas, s.selector)})
	case !s.closedLoop && s.stale():
	default:
		r[path] = good
	}
}

// A scale as a server sends it: zeros and empty strings may be left out.
func scaleOf(name, namespace string, replicas, statusReplicas int, selector string) object {
	spec, status := object{}, object{"replicas": statusReplicas}
	if replicas != 0 {
		spec["replicas"] = replicas
	}
	if selector != "" {
		status["selector"] = selector
	}
	return object{"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": object{"name": name, "namespace": namespace},
		"spec": spec, "status": status}
}
