// SPDX-License-Identifier: MIT

package generate

import "fmt"

// other is one more HPA of the namespace, whose target's pods may be ours too.
type other struct {
	name, selector string
	replicas       int
}

func (s *Scene) addOthers() {
	if !s.chance(12) {
		return
	}
	hpas := []any{}
	for i := range s.between(1, 2) {
		o := other{fmt.Sprintf("other-%d", i), one(s.dice, "app=web", "app=other", "tier=front", "app in (web,other)", ""), s.between(0, 6)}
		s.others = append(s.others, o)
		spec := object{
			"scaleTargetRef": object{"apiVersion": "apps/v1", "kind": "Deployment", "name": o.name}, "minReplicas": 1, "maxReplicas": 5,
		}
		if s.chance(50) {
			spec["metrics"] = []any{object{"type": "External", "external": object{
				"metric": object{"name": "queue_depth_0"}, "target": object{"type": "Value", "value": "10"}}}}
		}
		hpas = append(hpas, object{"metadata": object{"name": o.name}, "spec": spec})
	}
	s.head["otherHpas"] = hpas
}

func (s *Scene) othersAnswers(r object) {
	for i := range s.others {
		o := &s.others[i]
		if s.chance(10) {
			o.replicas = s.between(0, 6)
		}
		if s.chance(5) {
			o.selector = one(s.dice, "app=web", "app=nothing", "tier=back")
		}
		path := fmt.Sprintf("/apis/apps/v1/namespaces/%s/deployments/%s/scale", s.namespace, o.name)
		r[path] = scaleOf(o.name, s.namespace, o.replicas, o.replicas, o.selector)
		if s.chance(5) {
			r[path] = nil
		}
	}
}
