// SPDX-License-Identifier: MIT

package replay

import (
	"context"
	"fmt"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/scale"
	"k8s.io/kubernetes/pkg/controller/podautoscaler/metrics"

	"swell/tests/oracle/scenario"
)

// Rate returns how many evaluations a second the controller does when all it reads is in memory, and
// the scale and the samples are at hand without a request: an HPA with one cpu metric, every 15 s of
// virtual time, with nothing to change. It measures for at least span.
func (p *Player) Rate(pods int, span time.Duration) (float64, error) {
	const round = 20000
	count, elapsed := 0, time.Duration(0)
	for elapsed < span {
		start := time.Now() // outside of the bubble: wall-clock time
		err := inBubble(p.t, func() error { return p.evaluateAgain(pods, round) })
		if err != nil {
			return 0, err
		}
		elapsed += time.Since(start)
		count += round
	}
	return float64(count) / elapsed.Seconds(), nil
}

func (p *Player) evaluateAgain(pods, times int) error {
	const name = "web"
	ctx, stop := context.WithCancel(quiet())
	defer stop()
	r, err := p.start(ctx, &scenario.Scenario{
		Controller: scenario.DefaultFlags(),
		HPA: &autoscalingv2.HorizontalPodAutoscaler{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
				ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{
					APIVersion: "apps/v1", Kind: "Deployment", Name: name},
				MaxReplicas: int32(2 * pods),
			},
		},
	})
	if err != nil {
		return err
	}
	inMemory := *p.clients
	inMemory.scales = memoryScales{replicas: int32(pods)}
	samples := &memoryMetrics{}
	inMemory.metrics = samples
	r.Player = &Player{p.t, p.server, &inMemory}
	for i := range pods {
		pod := readyPod(fmt.Sprintf("%s-%d", name, i))
		r.pods.pods = append(r.pods.pods, pod)
		samples.pods = append(samples.pods, pod.Name)
	}
	r.restart()
	// The first one writes the status, which the others find as they would write it.
	result, err := r.evaluate(r.scenario.HPA)
	if err != nil {
		return err
	}
	if result.DesiredReplicas != int32(pods) || len(result.Events) > 0 {
		return fmt.Errorf("an evaluation that was to change nothing: %+v", result)
	}
	for range times {
		time.Sleep(15 * time.Second)
		if _, err := reconcileKey(r.controller, r.ctx, "default/"+name); err != nil {
			return err
		}
	}
	return nil
}

// A pod that asks for 100m, and has been ready for long.
func readyPod(name string) *corev1.Pod {
	started := metav1.NewTime(time.Now().Add(-24 * time.Hour))
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "web"}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m")}}}}},
		Status: corev1.PodStatus{
			Phase:      corev1.PodRunning,
			StartTime:  &started,
			Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: started}},
		},
	}
}

// memoryScales has one scale.
type memoryScales struct {
	scale.ScalesGetter
	scale.ScaleInterface
	replicas int32
}

func (m memoryScales) Scales(string) scale.ScaleInterface {
	return m
}

func (m memoryScales) Get(context.Context, schema.GroupResource, string, metav1.GetOptions) (*autoscalingv1.Scale, error) {
	return &autoscalingv1.Scale{
		Spec:   autoscalingv1.ScaleSpec{Replicas: m.replicas},
		Status: autoscalingv1.ScaleStatus{Replicas: m.replicas, Selector: "app=web"},
	}, nil
}

// memoryMetrics has a sample of each pod, of 80 % of its request.
type memoryMetrics struct {
	metrics.MetricsClient
	pods []string
}

func (m *memoryMetrics) GetResourceMetric(context.Context, corev1.ResourceName, string, labels.Selector, string) (
	metrics.PodMetricsInfo, time.Time, error) {
	samples := make(metrics.PodMetricsInfo, len(m.pods))
	for _, name := range m.pods {
		samples[name] = metrics.PodMetric{Timestamp: time.Now(), Window: 30 * time.Second, Value: 80}
	}
	return samples, time.Now(), nil
}
