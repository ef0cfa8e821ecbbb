// SPDX-License-Identifier: MIT

package generate

// trouble is an answer that is not what was asked for. Nil withdraws the answer: not found.
func (s *Scene) trouble(good object) any {
	return choose(s.dice, []weighted[any]{
		{4, nil},
		{4, emptied(good)},
		{3, failure(s.dice)},
		{2, object{"error": one(s.dice, "dial tcp 10.0.0.1:443: connect: connection refused", "EOF", "context deadline exceeded")}},
		{1, object{"code": one(s.dice, 200, 404, 500, 502, 503), "body": one(s.dice,
			"<html><body>Bad Gateway</body></html>", "", "{\"kind\":\"PodMetricsList\",", "404 page not found", "[]", "null", "{}")}},
		{1, object{"code": one(s.dice, 401, 403, 408, 409, 410, 413, 415, 418, 429, 500, 501, 503, 504)}},
		{1, []any{good, failure(s.dice)}},
		{1, []any{failure(s.dice), good}},
	})
}

// The list without its items.
func emptied(list object) object {
	empty := object{}
	for k, v := range list {
		empty[k] = v
	}
	if empty["items"] != nil {
		empty["items"] = []any{}
	}
	return empty
}

// failure is an error as an API server tells it.
func failure(d dice) object {
	type said struct {
		code    int
		reason  string
		message string
	}
	f := one(d,
		said{403, "Forbidden", "pods.metrics.k8s.io is forbidden: User \"hpa\" cannot list resource"},
		said{404, "NotFound", "the server could not find the metric hits for services main"},
		said{409, "Conflict", "the object has been modified; please apply your changes to the latest version and try again"},
		said{500, "InternalError", "Internal error occurred: the adapter lost its source"},
		said{503, "ServiceUnavailable", "the server is currently unable to handle the request"},
		said{504, "Timeout", "the request did not complete in time"})
	return object{"code": f.code, "body": object{"kind": "Status", "apiVersion": "v1", "metadata": object{},
		"status": "Failure", "message": f.message, "reason": f.reason, "code": f.code}}
}

func conflict() object {
	return object{"code": 409, "body": object{"kind": "Status", "apiVersion": "v1", "metadata": object{},
		"status": "Failure", "message": "the object has been modified", "reason": "Conflict", "code": 409}}
}

// scaleWrites is how the API server takes writes of the scale in a step that is not to go well.
func (s *Scene) scaleWrites() any {
	return choose(s.dice, []weighted[any]{
		{3, []any{conflict(), object{"code": 200}}},
		{2, []any{conflict(), conflict(), conflict(), conflict(), object{"code": 200}}},
		{2, conflict()},
		{1, []any{conflict(), failure(s.dice)}},
		{3, failure(s.dice)},
		{1, object{"error": "write: broken pipe"}},
		{1, object{"code": 200, "body": "{"}},
		{1, object{"code": 201}},
	})
}

func (s *Scene) statusWrites() any {
	return choose(s.dice, []weighted[any]{
		{4, conflict()}, {3, failure(s.dice)}, {1, object{"error": "write: broken pipe"}}, {1, object{"code": 200, "body": "<html>"}}})
}

// groups is an answer to group discovery, and the version of custom metrics that follows from it;
// "" if there is none.
func (s *Scene) groups() (any, string) {
	list := func(preferred string, versions ...string) object {
		known := []any{}
		for _, v := range versions {
			known = append(known, object{"groupVersion": "custom.metrics.k8s.io/" + v, "version": v})
		}
		group := object{"name": "custom.metrics.k8s.io", "versions": known}
		if preferred != "" {
			group["preferredVersion"] = object{"groupVersion": "custom.metrics.k8s.io/" + preferred, "version": preferred}
		}
		return object{"kind": "APIGroupList", "apiVersion": "v1",
			"groups": []any{object{"name": "apps", "versions": []any{}}, group}}
	}
	type choice struct {
		answer  any
		version string
	}
	c := choose(s.dice, []weighted[choice]{
		{6, choice{list("v1beta1", "v1beta1"), "v1beta1"}},
		{2, choice{list("v1beta1", "v1beta2", "v1beta1"), "v1beta1"}},
		{2, choice{list("v1beta2", "v1beta1", "v1beta2"), "v1beta2"}},
		{2, choice{list("v1", "v1", "v1beta1", "v1beta2"), "v1beta1"}},
		{1, choice{list("", "v1beta2", "v1beta1"), "v1beta2"}},
		{1, choice{list("v1", "v1"), ""}},
		{1, choice{object{"kind": "APIGroupList", "apiVersion": "v1", "groups": []any{}}, ""}},
		{1, choice{failure(s.dice), ""}},
	})
	return c.answer, c.version
}
