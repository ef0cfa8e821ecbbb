// SPDX-License-Identifier: MIT

// Package replay plays scenarios through the horizontal pod autoscaler of kube-controller-manager.
//
// The controller is the unmodified one, with its real clients. Ours are the transport below them
// (package apiserver), the caches, the event recorder and the time.
package replay

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/go-logr/logr"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
	defaults "k8s.io/kubernetes/pkg/apis/autoscaling/v2"
	"k8s.io/kubernetes/pkg/controller/podautoscaler"

	"swell/tests/oracle/apiserver"
	"swell/tests/oracle/scenario"
)

// Player plays scenarios, one after the other. One goroutine.
type Player struct {
	t       *testing.T
	server  *apiserver.Server
	clients *clients
}

// New returns a player that gets its virtual time from t.
func New(t *testing.T) (*Player, error) {
	server := &apiserver.Server{}
	clients, err := newClients(server)
	if err != nil {
		return nil, err
	}
	return &Player{t: t, server: server, clients: clients}, nil
}

// Play evaluates each step of the scenario and returns what came of it.
func (p *Player) Play(s *scenario.Scenario) ([]scenario.Result, error) {
	steps := s.Steps
	return p.PlayLive(s, func(*scenario.Result) *scenario.Step {
		if len(steps) == 0 {
			return nil
		}
		step := &steps[0]
		steps = steps[1:]
		return step
	})
}

// PlayLive is Play with steps that may depend on what came of the one before: next gets that, nil at
// first, and returns nil after the last step. The scenario's own steps are not used.
func (p *Player) PlayLive(s *scenario.Scenario, next func(last *scenario.Result) *scenario.Step) (
	results []scenario.Result, err error) {
	err = inBubble(p.t, func() error {
		ctx, stop := context.WithCancel(quiet())
		defer stop()
		r, err := p.start(ctx, s)
		if err != nil {
			return err
		}
		for step := next(nil); step != nil; {
			result, err := r.step(step)
			if err != nil {
				return fmt.Errorf("step %d: %w", len(results), err)
			}
			result.Step = len(results)
			results = append(results, result)
			step = next(&result)
		}
		return nil
	})
	return results, err
}

// A context in which the controller does not log.
func quiet() context.Context {
	return klog.NewContext(context.Background(), logr.Discard())
}

// run is one scenario being played.
type run struct {
	*Player
	ctx        context.Context
	scenario   *scenario.Scenario
	hpas       *hpaCache
	pods       *podCache
	recorder   *recorder
	controller *podautoscaler.HorizontalController
}

func (p *Player) start(ctx context.Context, s *scenario.Scenario) (*run, error) {
	r := &run{
		Player:   p,
		ctx:      ctx,
		scenario: s,
		hpas:     newHPACache(),
		pods:     &podCache{},
		recorder: &recorder{},
	}
	p.server.Reset()
	for _, hpa := range append([]*autoscalingv2.HorizontalPodAutoscaler{s.HPA}, s.OtherHPAs...) {
		complete(hpa, s.HPA)
		if err := r.hpas.indexer.Add(hpa); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Makes of an HPA as a user writes it one as the API server stores it.
func complete(hpa, first *autoscalingv2.HorizontalPodAutoscaler) {
	if hpa.Namespace == "" {
		hpa.Namespace = first.Namespace
	}
	if hpa.Namespace == "" {
		hpa.Namespace = metav1.NamespaceDefault
	}
	defaults.SetObjectDefaults_HorizontalPodAutoscaler(hpa)
}

func (r *run) step(step *scenario.Step) (scenario.Result, error) {
	at, err := step.At()
	if err != nil {
		return scenario.Result{}, err
	}
	time.Sleep(time.Until(at))
	if r.controller == nil || step.Restart {
		r.restart()
	}
	if err := r.change(step); err != nil {
		return scenario.Result{}, err
	}
	result, err := r.evaluate(r.scenario.HPA)
	result.Time = step.Time
	for _, other := range r.scenario.OtherHPAs {
		if err == nil {
			_, err = r.evaluate(other)
		}
	}
	return result, err
}

// A controller that starts finds all HPAs there.
func (r *run) restart() {
	r.controller = newController(r.ctx, r.clients, r.scenario.Controller, r.hpas, r.pods, r.recorder)
	for _, hpa := range r.hpas.indexer.List() {
		r.hpas.informer.handler.OnAdd(hpa, true)
	}
}

func (r *run) change(step *scenario.Step) error {
	if step.HPA != nil {
		if err := r.replaceHPA(step.HPA); err != nil {
			return err
		}
	}
	r.server.NextStep(step.Responses)
	r.clients.available.Invalidate()

	r.pods.pods = nil
	body := r.server.Body("/api/v1/namespaces/" + r.scenario.HPA.Namespace + "/pods")
	if body == nil {
		return nil
	}
	var list corev1.PodList
	if err := json.Unmarshal(body, &list); err != nil {
		return fmt.Errorf("pods: %w", err)
	}
	for i := range list.Items {
		pod := &list.Items[i]
		pod.Namespace = r.scenario.HPA.Namespace
		r.pods.pods = append(r.pods.pods, pod)
	}
	return nil
}

// Replaces the object, but for its status.
func (r *run) replaceHPA(hpa *autoscalingv2.HorizontalPodAutoscaler) error {
	complete(hpa, r.scenario.HPA)
	hpa.Status = r.stored(r.scenario.HPA).Status
	return r.store(hpa)
}

func (r *run) stored(hpa *autoscalingv2.HorizontalPodAutoscaler) *autoscalingv2.HorizontalPodAutoscaler {
	found, err := r.hpas.Lister().HorizontalPodAutoscalers(hpa.Namespace).Get(hpa.Name)
	if err != nil {
		panic(err) // nothing removes one
	}
	return found
}

func (r *run) store(hpa *autoscalingv2.HorizontalPodAutoscaler) error {
	old := r.stored(hpa)
	r.hpas.informer.handler.OnUpdate(old, hpa)
	return r.hpas.indexer.Update(hpa)
}

// Evaluates an HPA once. The error is ours; one of the controller's is part of the result.
func (r *run) evaluate(hpa *autoscalingv2.HorizontalPodAutoscaler) (scenario.Result, error) {
	result := scenario.Result{Name: r.scenario.Name}
	_, _ = reconcileKey(r.controller, r.ctx, hpa.Namespace+"/"+hpa.Name)

	writes := r.server.TakeWrites()
	result.Events = r.recorder.take()
	failed := func(reason string) bool {
		for _, event := range result.Events {
			if event.Reason == reason {
				return true
			}
		}
		return false
	}
	if body := writes["status"]; body != nil && !failed("FailedUpdateStatus") {
		var written autoscalingv2.HorizontalPodAutoscaler
		if err := json.Unmarshal(body, &written); err != nil {
			return result, err
		}
		changed := r.stored(hpa).DeepCopy()
		changed.Status = written.Status
		if err := r.store(changed); err != nil {
			return result, err
		}
	}
	if body := writes["scale"]; body != nil && !failed("FailedRescale") {
		var written autoscalingv1.Scale
		if err := json.Unmarshal(body, &written); err != nil {
			return result, err
		}
		result.Rescaled, result.ScaleTo = true, &written.Spec.Replicas
	}
	result.Status = scenario.StatusOf(&r.stored(hpa).Status)
	result.DesiredReplicas = result.Status.DesiredReplicas
	return result, nil
}
