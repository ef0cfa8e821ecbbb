// SPDX-License-Identifier: MIT

// prometheus-adapter with the versions of Kubernetes' libraries that everything here is built with. Its
// rules and all that turns them into queries are its own; the command around them is this one, as its
// own does not compile with later libraries. Flags are those of the original that rules.py needs.
package main

import (
	"context"
	"log"
	"net/http"
	"net/url"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	openapinamer "k8s.io/apiserver/pkg/endpoints/openapi"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/cmd"
	"sigs.k8s.io/metrics-server/pkg/api"
	openapi "sigs.k8s.io/metrics-server/pkg/api/generated/openapi"
	"sigs.k8s.io/prometheus-adapter/pkg/client"
	"sigs.k8s.io/prometheus-adapter/pkg/config"
	custom "sigs.k8s.io/prometheus-adapter/pkg/custom-provider"
	external "sigs.k8s.io/prometheus-adapter/pkg/external-provider"
	"sigs.k8s.io/prometheus-adapter/pkg/naming"
	resource "sigs.k8s.io/prometheus-adapter/pkg/resourceprovider"
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

type adapter struct {
	cmd.AdapterBase
	config, prometheusURL string
	relistInterval        time.Duration
	maxAge                time.Duration
}

func (a *adapter) parse(arguments []string) error {
	a.Flags().StringVar(&a.config, "config", "", "file of rules")
	a.Flags().StringVar(&a.prometheusURL, "prometheus-url", "", "where Prometheus is")
	a.Flags().DurationVar(&a.relistInterval, "metrics-relist-interval", 10*time.Minute, "between two looks for series")
	a.Flags().DurationVar(&a.maxAge, "metrics-max-age", 10*time.Minute, "how old a series may be")
	return a.Flags().Parse(arguments)
}

func (a *adapter) namers(rules []config.DiscoveryRule) []naming.MetricNamer {
	return must(naming.NamersFromConfig(rules, must(a.RESTMapper())))
}

func (a *adapter) serve(ctx context.Context) error {
	prometheus := client.NewClient(http.DefaultClient, must(url.Parse(a.prometheusURL)), nil, http.MethodGet)
	rules := must(config.FromFile(a.config))
	if len(rules.Rules) > 0 {
		provider, lister := custom.NewPrometheusProvider(must(a.RESTMapper()), must(a.DynamicClient()), prometheus,
			a.namers(rules.Rules), a.relistInterval, a.maxAge)
		lister.RunUntil(ctx.Done())
		a.WithCustomMetrics(provider)
	}
	if len(rules.ExternalRules) > 0 {
		provider, lister := external.NewExternalPrometheusProvider(prometheus, a.namers(rules.ExternalRules),
			a.relistInterval, a.maxAge)
		lister.RunUntil(ctx.Done())
		a.WithExternalMetrics(provider)
	}
	if rules.ResourceRules != nil {
		provider := must(resource.NewProvider(prometheus, must(a.RESTMapper()), rules.ResourceRules))
		if err := a.serveResources(ctx, provider); err != nil {
			return err
		}
	}
	return a.Run(ctx)
}

// serveResources adds metrics.k8s.io, alone: these definitions of kinds lack those of the other two groups.
func (a *adapter) serveResources(ctx context.Context, provider api.MetricsGetter) error {
	namer := openapinamer.NewDefinitionNamer(api.Scheme)
	a.OpenAPIConfig = genericapiserver.DefaultOpenAPIConfig(openapi.GetOpenAPIDefinitions, namer)
	a.OpenAPIV3Config = genericapiserver.DefaultOpenAPIV3Config(openapi.GetOpenAPIDefinitions, namer)
	pods := metadatainformer.NewSharedInformerFactory(must(metadata.NewForConfig(must(a.ClientConfig()))), 0).
		ForResource(corev1.SchemeGroupVersion.WithResource("pods"))
	go pods.Informer().Run(ctx.Done())
	return api.Install(provider, pods.Lister(), must(a.Informers()).Core().V1().Nodes().Lister(),
		must(a.Server()).GenericAPIServer, nil)
}

func main() {
	a := &adapter{}
	if err := a.parse(os.Args[1:]); err != nil {
		log.Fatal(err)
	}
	log.Fatal(a.serve(context.Background()))
}
