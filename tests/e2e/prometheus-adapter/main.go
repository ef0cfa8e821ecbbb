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

	"sigs.k8s.io/custom-metrics-apiserver/pkg/cmd"
	"sigs.k8s.io/prometheus-adapter/pkg/client"
	"sigs.k8s.io/prometheus-adapter/pkg/config"
	custom "sigs.k8s.io/prometheus-adapter/pkg/custom-provider"
	external "sigs.k8s.io/prometheus-adapter/pkg/external-provider"
	"sigs.k8s.io/prometheus-adapter/pkg/naming"
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
	return a.Run(ctx)
}

func main() {
	a := &adapter{}
	if err := a.parse(os.Args[1:]); err != nil {
		log.Fatal(err)
	}
	log.Fatal(a.serve(context.Background()))
}
