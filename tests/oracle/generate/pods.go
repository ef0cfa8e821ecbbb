// SPDX-License-Identifier: MIT

package generate

import (
	"fmt"
	"time"
)

// pod is one of the target's. What can change from step to step is not kept as JSON.
type pod struct {
	name       string
	spec       object
	labels     object
	start      time.Time
	ready      string // status of the condition; empty if there is none
	transition time.Time
	phase      string
	deleted    bool
	requests   map[string]int64 // milli-units, the sum over its containers
	noStart    bool
}

func stamp(t time.Time) string {
	return t.UTC().Format(time.RFC3339)
}

// follow makes the number of pods that of the target, and lets some of them change.
func (s *Scene) follow(now time.Time) {
	want := min(s.replicas, 12)
	if s.rough {
		want += one(s.dice, 0, 0, 0, 0, 1, 2, -1)
	}
	want = max(want, 0) // the controller can write less than zero replicas
	for len(s.pods) < want {
		s.pods = append(s.pods, s.newPod(now))
	}
	s.pods = s.pods[:want]
	for _, p := range s.pods {
		s.age(p, now)
	}
}

func (s *Scene) newPod(now time.Time) *pod {
	s.podsMade++
	p := &pod{
		name:     fmt.Sprintf("%s-%d", s.targetName, s.podsMade),
		labels:   s.podLabels(),
		start:    now.Add(-time.Duration(choose(s.dice, []weighted[int]{{3, 0}, {3, 20}, {3, 299}, {3, 300}, {2, 301}, {6, 86400}})) * time.Second),
		ready:    choose(s.dice, []weighted[string]{{20, "True"}, {3, "False"}, {1, "Unknown"}, {1, ""}}),
		phase:    choose(s.dice, []weighted[string]{{30, "Running"}, {3, "Pending"}, {1, "Failed"}, {1, "Succeeded"}, {1, "Unknown"}}),
		noStart:  s.chance(2),
		requests: map[string]int64{},
	}
	p.transition = p.start.Add(time.Duration(one(s.dice, 0, 5, 10, 29, 30, 31, 60, 300)) * time.Second)
	p.spec = s.podSpec(p)
	return p
}

func (s *Scene) podLabels() object {
	labels := object{}
	for k, v := range s.labels {
		labels[k] = v
	}
	if s.chance(20) {
		labels["tier"] = one(s.dice, "front", "back")
	}
	if s.rough && s.chance(4) {
		labels["app"] = "other"
	}
	return labels
}

// age lets time and chance act on a pod.
func (s *Scene) age(p *pod, now time.Time) {
	if p.phase == "Pending" && s.chance(50) {
		p.phase, p.ready, p.transition = "Running", "True", now.Add(-time.Duration(s.between(0, 15))*time.Second)
	}
	if !s.rough {
		return
	}
	if s.chance(5) {
		p.ready = one(s.dice, "True", "False", "False", "Unknown")
		p.transition = now.Add(-time.Duration(s.between(0, 60)) * time.Second)
	}
	if s.chance(2) {
		p.phase = one(s.dice, "Running", "Failed", "Succeeded", "Pending")
	}
	if s.chance(2) {
		p.deleted = true
	}
}

func (s *Scene) podSpec(p *pod) object {
	containers := []any{s.container("app", p, true)}
	if s.twoContainers {
		containers = append(containers, s.container("proxy", p, true))
	}
	spec := object{"containers": containers}
	if s.chance(15) {
		sidecar := s.container("side", p, true)
		sidecar["restartPolicy"] = "Always"
		spec["initContainers"] = []any{s.container("init", p, false), sidecar}
	}
	if s.podLevel && s.chance(80) {
		spec["resources"] = object{"requests": one(s.dice,
			object{"cpu": s.quantity(int64(s.between(1, 20)) * 50)},
			object{"memory": s.quantity(int64(s.between(1, 20)) * 1024 * 1024000)},
			object{"cpu": s.quantity(700), "memory": "100Mi"},
			object{"hugepages-2Mi": "4Mi"},
			object{"ephemeral-storage": "1Gi"})}
		if s.chance(40) {
			spec["overhead"] = object{"cpu": s.quantity(int64(s.between(1, 60))), "memory": "1Mi"}
		}
	}
	return spec
}

func (s *Scene) container(name string, p *pod, counts bool) object {
	requests := object{}
	c := object{"name": name, "image": "swell", "resources": object{"requests": requests}}
	add := func(resource string, milli int64) {
		if s.chance(s.missingRequests) {
			return
		}
		requests[resource] = s.quantity(milli)
		if counts {
			p.requests[resource] += milli
		}
	}
	add("cpu", one(s.dice, int64(100), 100, 100, 250, 1000, 1, 333))
	add("memory", one(s.dice, int64(64), 100, 1)*1024*1024*1000)
	return c
}

// podList is the pods as an API server lists them.
func (s *Scene) podList() object {
	items := []any{}
	for _, p := range s.pods {
		meta := object{"name": p.name, "namespace": s.namespace, "labels": p.labels}
		if p.deleted {
			meta["deletionTimestamp"] = stamp(s.now)
		}
		status := object{"phase": p.phase}
		if !p.noStart {
			status["startTime"] = stamp(p.start)
		}
		if p.ready != "" {
			status["conditions"] = []any{
				object{"type": "Initialized", "status": "True"},
				object{"type": "Ready", "status": p.ready, "lastTransitionTime": stamp(p.transition)},
			}
		}
		items = append(items, object{"metadata": meta, "spec": p.spec, "status": status})
	}
	return object{"kind": "PodList", "apiVersion": "v1", "items": items}
}
