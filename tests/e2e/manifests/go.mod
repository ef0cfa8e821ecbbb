// The kinds of the Prometheus Operator, as CustomResourceDefinitions: manifests.py downloads the module
// for the files in it and builds nothing.
module swell/tests/e2e/manifests

go 1.24.0

require github.com/prometheus-operator/prometheus-operator v0.86.1
