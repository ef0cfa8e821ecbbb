// SPDX-License-Identifier: MIT

package apiserver

import (
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/restmapper"
)

type kind struct {
	name     string
	resource string
	scalable bool
	cluster  bool
}

// What a scenario's API server knows besides metrics.
var known = []struct {
	group   schema.GroupVersion
	members []kind
}{
	{schema.GroupVersion{Version: "v1"}, []kind{
		{name: "Pod", resource: "pods"},
		{name: "Service", resource: "services"},
		{name: "Namespace", resource: "namespaces", cluster: true},
		{name: "Node", resource: "nodes", cluster: true},
		{name: "ConfigMap", resource: "configmaps"},
		{name: "PersistentVolumeClaim", resource: "persistentvolumeclaims"},
		{name: "ReplicationController", resource: "replicationcontrollers", scalable: true},
	}},
	{schema.GroupVersion{Group: "apps", Version: "v1"}, []kind{
		{name: "Deployment", resource: "deployments", scalable: true},
		{name: "StatefulSet", resource: "statefulsets", scalable: true},
		{name: "ReplicaSet", resource: "replicasets", scalable: true},
		{name: "DaemonSet", resource: "daemonsets"},
	}},
	{schema.GroupVersion{Group: "batch", Version: "v1"}, []kind{
		{name: "Job", resource: "jobs"},
		{name: "CronJob", resource: "cronjobs"},
	}},
	{schema.GroupVersion{Group: "networking.k8s.io", Version: "v1"}, []kind{
		{name: "Ingress", resource: "ingresses"},
	}},
	{schema.GroupVersion{Group: "argoproj.io", Version: "v1alpha1"}, []kind{
		{name: "Rollout", resource: "rollouts", scalable: true},
	}},
}

// Mapper maps the known kinds to resources, as the controller's own, discovering one does.
func Mapper() meta.RESTMapper {
	var groups []*restmapper.APIGroupResources
	for _, g := range known {
		version := metav1.GroupVersionForDiscovery{
			GroupVersion: g.group.String(),
			Version:      g.group.Version,
		}
		groups = append(groups, &restmapper.APIGroupResources{
			Group: metav1.APIGroup{
				Name:             g.group.Group,
				Versions:         []metav1.GroupVersionForDiscovery{version},
				PreferredVersion: version,
			},
			VersionedResources: map[string][]metav1.APIResource{
				g.group.Version: resourcesOf(g.members),
			},
		})
	}
	return restmapper.NewDiscoveryRESTMapper(groups)
}

func resourcesOf(kinds []kind) []metav1.APIResource {
	var resources []metav1.APIResource
	for _, k := range kinds {
		resources = append(resources,
			metav1.APIResource{Name: k.resource, Kind: k.name, Namespaced: !k.cluster})
		if k.scalable {
			resources = append(resources, metav1.APIResource{
				Name:       k.resource + "/scale",
				Kind:       "Scale",
				Namespaced: true,
				Group:      autoscalingv1.GroupName,
				Version:    autoscalingv1.SchemeGroupVersion.Version,
			})
		}
	}
	return resources
}

// The discovery document at a path, if it is that of a known group and version.
func resourceList(path string) *metav1.APIResourceList {
	for _, g := range known {
		prefix := "/apis/"
		if g.group.Group == "" {
			prefix = "/api/"
		}
		if path == prefix+g.group.String() {
			return &metav1.APIResourceList{
				TypeMeta:     metav1.TypeMeta{APIVersion: "v1", Kind: "APIResourceList"},
				GroupVersion: g.group.String(),
				APIResources: resourcesOf(g.members),
			}
		}
	}
	return nil
}

// What `/apis` says unless the scenario has an answer for it. Nobody asks it for other groups.
func groupList() *metav1.APIGroupList {
	const group = "custom.metrics.k8s.io"
	var versions []metav1.GroupVersionForDiscovery
	for _, v := range []string{"v1beta2", "v1beta1"} {
		versions = append(versions,
			metav1.GroupVersionForDiscovery{GroupVersion: group + "/" + v, Version: v})
	}
	return &metav1.APIGroupList{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIGroupList"},
		Groups: []metav1.APIGroup{
			{Name: group, Versions: versions, PreferredVersion: versions[0]},
		},
	}
}
