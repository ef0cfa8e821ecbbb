// SPDX-License-Identifier: MIT

package replay

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	autoscalinglisters "k8s.io/client-go/listers/autoscaling/v2"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
)

// informer stands for one of the controller's: no watch feeds it, the player does.
type informer struct {
	cache.SharedIndexInformer // nil: what is not below is not called
	handler                   cache.ResourceEventHandler
}

func (i *informer) AddEventHandlerWithResyncPeriod(h cache.ResourceEventHandler, _ time.Duration) (
	cache.ResourceEventHandlerRegistration, error) {
	i.handler = h
	return nil, nil
}

func (i *informer) HasSynced() bool {
	return true
}

// hpaCache is what the controller sees of HPAs.
type hpaCache struct {
	informer informer
	indexer  cache.Indexer
}

func newHPACache() *hpaCache {
	return &hpaCache{indexer: cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{
		cache.NamespaceIndex: cache.MetaNamespaceIndexFunc,
	})}
}

func (c *hpaCache) Informer() cache.SharedIndexInformer {
	return &c.informer
}

func (c *hpaCache) Lister() autoscalinglisters.HorizontalPodAutoscalerLister {
	return autoscalinglisters.NewHorizontalPodAutoscalerLister(c.indexer)
}

// podCache is what the controller sees of pods. The real one lists them in random order; this one
// keeps theirs, so that a message that names one of several bad pods always names the same.
type podCache struct {
	informer informer
	pods     []*corev1.Pod
}

func (c *podCache) Informer() cache.SharedIndexInformer {
	return &c.informer
}

func (c *podCache) Lister() corelisters.PodLister {
	return c
}

// List returns the pods of all namespaces that the selector selects.
func (c *podCache) List(selector labels.Selector) ([]*corev1.Pod, error) {
	var selected []*corev1.Pod
	for _, pod := range c.pods {
		if selector.Matches(labels.Set(pod.Labels)) {
			selected = append(selected, pod)
		}
	}
	return selected, nil
}

// Pods returns the lister of one namespace. A scenario has only one.
func (c *podCache) Pods(string) corelisters.PodNamespaceLister {
	return c
}

// Get finds a pod by name.
func (c *podCache) Get(name string) (*corev1.Pod, error) {
	for _, pod := range c.pods {
		if pod.Name == name {
			return pod, nil
		}
	}
	return nil, errors.NewNotFound(corev1.Resource("pods"), name)
}
