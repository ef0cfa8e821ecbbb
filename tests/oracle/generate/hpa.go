// SPDX-License-Identifier: MIT

package generate

import "math"

// target is what an HPA scales.
type target struct {
	apiVersion string
	kind       string
	path       string // of its scale, from the root; empty if there is none
}

const maxInt32 = math.MaxInt32

var targets = []weighted[target]{
	{60, target{"apps/v1", "Deployment", "/apis/apps/v1/namespaces/%s/deployments/%s/scale"}},
	{8, target{"apps/v1", "StatefulSet", "/apis/apps/v1/namespaces/%s/statefulsets/%s/scale"}},
	{4, target{"apps/v1", "ReplicaSet", "/apis/apps/v1/namespaces/%s/replicasets/%s/scale"}},
	{4, target{"v1", "ReplicationController", "/api/v1/namespaces/%s/replicationcontrollers/%s/scale"}},
	{4, target{"argoproj.io/v1alpha1", "Rollout", "/apis/argoproj.io/v1alpha1/namespaces/%s/rollouts/%s/scale"}},
	{4, target{"apps/v1beta2", "Deployment", "/apis/apps/v1/namespaces/%s/deployments/%s/scale"}},
	{2, target{"apps/v1", "DaemonSet", "/apis/apps/v1/namespaces/%s/daemonsets/%s/scale"}},
	{1, target{"apps/v1", "Unicorn", ""}},
	{1, target{"apps/v1/v2", "Deployment", ""}},
	{1, target{"", "Deployment", ""}},
}

// hpa makes an HPA on the scene's target with the scene's metrics.
func (s *Scene) hpa() object {
	spec := object{
		"scaleTargetRef": object{"apiVersion": s.target.apiVersion, "kind": s.target.kind, "name": s.targetName},
		"maxReplicas":    s.maxReplicas(),
	}
	s.max, s.min = spec["maxReplicas"].(int), 1
	if given := s.minReplicas(); given >= 0 {
		spec["minReplicas"], s.min = given, given
	}
	var metrics []any
	for _, m := range s.metrics {
		metrics = append(metrics, m.spec)
	}
	if metrics != nil {
		spec["metrics"] = metrics
	}
	if s.behaves {
		spec["behavior"] = s.behavior()
	}
	meta := object{"name": s.name}
	if s.namespace != "default" || s.chance(50) {
		meta["namespace"] = s.namespace
	}
	return object{"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": meta, "spec": spec}
}

func (s *Scene) maxReplicas() int {
	if s.unvalidated && s.chance(20) {
		return one(s.dice, 0, 1, -1)
	}
	return choose(s.dice, []weighted[int]{
		{10, s.between(1, 5)}, {30, s.between(5, 20)}, {15, s.between(20, 100)}, {3, 5000}, {2, maxInt32}})
}

// Below zero: left out.
func (s *Scene) minReplicas() int {
	return choose(s.dice, []weighted[int]{{5, -1}, {6, 1}, {5, s.between(2, 4)}, {1, s.between(5, 12)}, {2, 0}})
}

func (s *Scene) behavior() object {
	b := object{}
	if s.chance(75) {
		b["scaleUp"] = s.rules()
	}
	if s.chance(75) {
		down := s.rules()
		if s.chance(40) { // most of the time nothing comes down within five minutes
			down["stabilizationWindowSeconds"] = one(s.dice, 0, 15, 30)
		}
		b["scaleDown"] = down
	}
	return b
}

func (s *Scene) rules() object {
	r := object{}
	if s.chance(60) {
		r["stabilizationWindowSeconds"] = one(s.dice, 0, 0, 10, 15, 30, 45, 60, 61, 120, 300, 600, 3600)
	}
	if s.chance(50) {
		r["selectPolicy"] = choose(s.dice, []weighted[string]{{4, "Max"}, {4, "Min"}, {2, "Disabled"}})
	}
	if s.chance(60) {
		policies := []any{}
		for range s.between(1, 3) {
			policies = append(policies, s.policy())
		}
		r["policies"] = policies
	}
	if s.chance(25) {
		r["tolerance"] = one[any](s.dice, "0", 0, "0.05", "50m", "0.1", "0.2", "0.35", "0.5", "1", "2", "100m", 0.15, "1e-2", "33e-2",
			"350000u", "0.3333333333", "999999999999999999", "0.1Ki", "10")
	}
	if s.unvalidated {
		s.spoil(r)
	}
	return r
}

// Makes of rules such that validation refuses.
func (s *Scene) spoil(r object) {
	if s.chance(20) {
		r["stabilizationWindowSeconds"] = one(s.dice, -1, -60, 86400, maxInt32)
	}
	if s.chance(20) {
		r["selectPolicy"] = one(s.dice, "Bogus", "")
	}
	if s.chance(20) {
		r["tolerance"] = one(s.dice, "-50m", "-2", "1e30", "1n")
	}
	if s.chance(30) {
		r["policies"] = one(s.dice, []any{},
			[]any{object{"type": "Bogus", "value": 3, "periodSeconds": 15}},
			[]any{s.policy(), object{"type": "Bogus", "value": 3, "periodSeconds": 15}},
			[]any{object{"type": "Pods", "value": one(s.dice, 0, -3, -maxInt32), "periodSeconds": 15}},
			[]any{object{"type": "Percent", "value": one(s.dice, 0, -50, -300), "periodSeconds": one(s.dice, 15, 0, -15, maxInt32)}})
	}
}

func (s *Scene) policy() object {
	period := one(s.dice, 1, 15, 15, 30, 45, 60, 60, 90, 300, 1800)
	if s.chance(50) {
		return object{"type": "Pods", "periodSeconds": period,
			"value": choose(s.dice, []weighted[int]{{20, s.between(1, 6)}, {3, 100}, {1, maxInt32}, {1, maxInt32 - 3}})}
	}
	return object{"type": "Percent", "periodSeconds": period,
		"value": choose(s.dice, []weighted[int]{
			{20, one(s.dice, 1, 10, 20, 25, 33, 50, 66, 99, 100)}, {6, one(s.dice, 150, 200, 900)}, {1, maxInt32}})}
}

// status is one that an HPA may have before the first step.
func (s *Scene) status() object {
	return object{
		"currentReplicas":    s.between(0, 5),
		"desiredReplicas":    s.between(0, 5),
		"observedGeneration": 3,
		"lastScaleTime":      "2025-12-31T23:00:00Z",
		"currentMetrics": []any{object{"type": "Resource", "resource": object{"name": "cpu",
			"current": object{"averageUtilization": 5, "averageValue": s.quantity(5000)}}}},
		"conditions": one(s.dice,
			[]any{condition("ScalingLimited", "True", "TooFewReplicas"), condition("AbleToScale", "True", "ReadyForNewScale")},
			[]any{condition("ScaledToZero", "True", "ScaledToZero"), condition("AbleToScale", "False", "FailedGetScale")},
			[]any{condition("AbleToScale", "True", "SucceededGetScale"), condition("ScaledToZero", "False", "NotScaledToZero"),
				condition("ScalingActive", "Unknown", "Own"), condition("Mine", "True", "Own")},
			[]any{}),
	}
}

func condition(kind, status, reason string) object {
	return object{"type": kind, "status": status, "reason": reason, "message": "as it was before",
		"lastTransitionTime": "2025-12-31T22:00:00Z"}
}
