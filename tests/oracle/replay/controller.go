// SPDX-License-Identifier: MIT

package replay

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"time"
	"unsafe"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	autoscalingclient "k8s.io/client-go/kubernetes/typed/autoscaling/v2"
	coreclient "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/scale"
	"k8s.io/client-go/tools/record"
	"k8s.io/kubernetes/pkg/controller/podautoscaler"
	"k8s.io/kubernetes/pkg/controller/podautoscaler/metrics"
	resourceclient "k8s.io/metrics/pkg/client/clientset/versioned/typed/metrics/v1beta1"
	"k8s.io/metrics/pkg/client/custom_metrics"
	"k8s.io/metrics/pkg/client/external_metrics"

	"swell/tests/oracle/apiserver"
	"swell/tests/oracle/scenario"
)

// One evaluation of the HPA with that key (namespace/name): what the controller's workers do.
//
//go:linkname reconcileKey k8s.io/kubernetes/pkg/controller/podautoscaler.(*HorizontalController).reconcileKey
func reconcileKey(c *podautoscaler.HorizontalController, ctx context.Context, key string) (bool, error)

func init() {
	// The default handlers of errors sleep to limit their rate, and so would move virtual time.
	utilruntime.ErrorHandlers = nil
}

// clients are the controller's, put together as kube-controller-manager does it.
type clients struct {
	mapper    meta.RESTMapper
	core      coreclient.CoreV1Interface
	hpas      autoscalingclient.AutoscalingV2Interface
	scales    scale.ScalesGetter
	metrics   metrics.MetricsClient
	available custom_metrics.AvailableAPIsGetter
}

func newClients(transport http.RoundTripper) (*clients, error) {
	// A client that throttles itself would move virtual time.
	config := &rest.Config{
		Transport:     transport,
		QPS:           -1,
		ContentConfig: rest.ContentConfig{ContentType: runtime.ContentTypeJSON},
	}
	mapper := apiserver.Mapper()
	core, err := coreclient.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	hpas, err := autoscalingclient.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	discoverer, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	scales, err := scale.NewForConfig(rest.CopyConfig(config), mapper, dynamic.LegacyAPIPathResolverFunc,
		scale.NewDiscoveryScaleKindResolver(discoverer))
	if err != nil {
		return nil, err
	}
	resource, err := resourceclient.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	external, err := external_metrics.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	available := custom_metrics.NewAvailableAPIsGetter(discoverer)
	custom := custom_metrics.NewForConfig(config, mapper, available)
	return &clients{
		mapper:    mapper,
		core:      core,
		hpas:      hpas,
		scales:    scales,
		metrics:   metrics.NewRESTMetricsClient(resource, custom, external),
		available: available,
	}, nil
}

// newController makes the real controller. Its queue is shut down at once: the scenario says when
// to evaluate. Its goroutines end with ctx.
func newController(ctx context.Context, c *clients, flags scenario.Flags, hpas *hpaCache, pods *podCache,
	recorder record.EventRecorder) *podautoscaler.HorizontalController {
	const syncPeriod = 15 * time.Second
	controller := podautoscaler.NewHorizontalController(ctx, c.core, c.scales, c.hpas, c.mapper, c.metrics,
		hpas, pods, syncPeriod, flags.DownscaleStabilization, flags.Tolerance,
		flags.CPUInitializationPeriod, flags.InitialReadinessDelay)

	field := reflect.ValueOf(controller).Elem().FieldByName("eventRecorder")
	*(*record.EventRecorder)(unsafe.Pointer(field.UnsafeAddr())) = recorder

	stopped, stop := context.WithCancel(ctx)
	stop()
	controller.Run(stopped, 0)
	return controller
}

// recorder keeps the events of one evaluation, before aggregation and rate limits.
type recorder struct {
	events []scenario.Event
}

func (r *recorder) Event(_ runtime.Object, kind, reason, message string) {
	r.events = append(r.events, scenario.Event{Type: kind, Reason: reason, Message: scenario.InOrder(message)})
}

func (r *recorder) Eventf(object runtime.Object, kind, reason, format string, args ...any) {
	r.Event(object, kind, reason, fmt.Sprintf(format, args...))
}

func (r *recorder) AnnotatedEventf(object runtime.Object, _ map[string]string, kind, reason, format string,
	args ...any) {
	r.Eventf(object, kind, reason, format, args...)
}

// take returns the events since the last call.
func (r *recorder) take() []scenario.Event {
	taken := append([]scenario.Event{}, r.events...)
	r.events = nil
	return taken
}
