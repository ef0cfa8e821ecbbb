// SPDX-License-Identifier: MIT

package replay

import (
	"strings"
	"testing"

	"swell/tests/oracle/scenario"
)

func play(t *testing.T, line string) []scenario.Result {
	t.Helper()
	player, err := New(t)
	if err != nil {
		t.Fatal(err)
	}
	s, err := scenario.Parse([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	results, err := player.Play(s)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

// An HPA from 1 to 10 on an external metric; the scenario goes on after it.
const start = `{"hpa":{"metadata":{"name":"web"},"spec":{"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment",
	"name":"web"},"maxReplicas":10,"metrics":[{"type":"External","external":{"metric":{"name":"q"},
	"target":{"type":"AverageValue","averageValue":"1"}}}]}},"steps":[
	{"time":"2026-01-01T00:00:15Z","responses":{
	"/apis/apps/v1/namespaces/default/deployments/web/scale":{"kind":"Scale","apiVersion":"autoscaling/v1",
		"metadata":{"name":"web"},"spec":{"replicas":2},"status":{"replicas":2,"selector":"app=web"}},
	"/apis/external.metrics.k8s.io/v1beta1/namespaces/default/q":{"kind":"ExternalMetricValueList",
		"apiVersion":"external.metrics.k8s.io/v1beta1","items":[{"metricName":"q","value":"4"}]}`

func TestAScaleThatIsWritten(t *testing.T) {
	r := play(t, start+`}}]}`)[0]
	if !r.Rescaled || r.ScaleTo == nil || *r.ScaleTo != 4 || r.DesiredReplicas != 4 {
		t.Errorf("%+v", r)
	}
	if r.Status.LastScaleTime == nil || *r.Status.LastScaleTime != "2026-01-01T00:00:15Z" {
		t.Errorf("last scale time: %v", r.Status.LastScaleTime)
	}
	if len(r.Events) != 1 || r.Events[0].Message != "New size: 4; reason: external metric q(nil) above target" {
		t.Errorf("events: %+v", r.Events)
	}
}

func TestAStatusWriteThatFailsLeavesTheStatusThatStands(t *testing.T) {
	r := play(t, start+`,"PUT /apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers/web/status":
		{"code":200,"body":"{"}}}]}`)[0]
	if !r.Rescaled || r.DesiredReplicas != 0 || len(r.Status.Conditions) != 0 {
		t.Errorf("%+v", r)
	}
	if len(r.Events) != 2 || r.Events[1].Reason != "FailedUpdateStatus" {
		t.Errorf("events: %+v", r.Events)
	}
}

func TestTimeIsTheSteps(t *testing.T) {
	later := `}},{"time":"2030-06-01T12:00:00.25Z"}]}`
	r := play(t, start+later)[1]
	if r.Time != "2030-06-01T12:00:00.25Z" || *r.Status.LastScaleTime != "2030-06-01T12:00:00Z" {
		t.Errorf("%+v", r)
	}
}

func TestAPanicOfTheControllerIsAnError(t *testing.T) {
	player, err := New(t)
	if err != nil {
		t.Fatal(err)
	}
	s, err := scenario.Parse([]byte(strings.Replace(start, `"external":`, `"ignored":`, 1) + `}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := player.Play(s); err == nil || !strings.Contains(err.Error(), "panics") {
		t.Errorf("got %v", err)
	}
}

func TestDefaultFeatureGates(t *testing.T) {
	r := play(t, `{"hpa":{"metadata":{"name":"web"},"spec":{"minReplicas":0,"scaleTargetRef":{"apiVersion":"apps/v1",
		"kind":"Deployment","name":"web"},"maxReplicas":10},"status":{"currentReplicas":0,"desiredReplicas":0,
		"conditions":[{"type":"ScaledToZero","status":"True"}]}},"steps":[{"time":"2026-01-01T00:00:15Z","responses":{
		"/apis/apps/v1/namespaces/default/deployments/web/scale":{"kind":"Scale","apiVersion":"autoscaling/v1",
		"metadata":{"name":"web"},"status":{"selector":"app=web"}}}}]}`)[0]
	for _, c := range r.Status.Conditions {
		if c.Type == "ScaledToZero" {
			t.Error("HPAScaleToZero is on")
		}
	}
}
