// SPDX-License-Identifier: MIT

// Package compare finds where two results of a scenario differ.
package compare

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"sort"
	"strings"

	"swell/tests/oracle/scenario"
)

// Difference is the first place where two results are not the same; nil if they are.
type Difference struct {
	Step      int
	Path      string // such as status.conditions[1].reason
	Want, Got any
}

func (d *Difference) String() string {
	return fmt.Sprintf("step %d, %s: want %s, got %s", d.Step, d.Path, show(d.Want), show(d.Got))
}

var index = regexp.MustCompile(`\[\d+\]`)

// Kind is the path without indices.
func (d *Difference) Kind() string {
	return index.ReplaceAllString(d.Path, "[]")
}

func show(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}

// Results compares result lines, decoded: what the real controller did and what ours did.
func Results(want, got []map[string]any) *Difference {
	for i := range want {
		if i >= len(got) {
			return &Difference{i, "line", "a line", nil}
		}
		w, g := normal(want[i]), normal(got[i])
		if d := differ("", w, g); d != nil {
			d.Step = i
			return d
		}
	}
	if len(got) > len(want) {
		return &Difference{len(want), "line", nil, "a line"}
	}
	return nil
}

// normal takes out of a line what is not compared, see "Not defined" in the format's description.
func normal(line map[string]any) map[string]any {
	n := map[string]any{}
	for key, value := range line {
		n[key] = value
	}
	if status, ok := n["status"].(map[string]any); ok {
		n["status"] = normalStatus(status)
	}
	n["events"] = normalMessages(n["events"])
	return n
}

func normalStatus(status map[string]any) map[string]any {
	n := map[string]any{}
	for key, value := range status {
		if value != nil { // null and absent are the same
			n[key] = value
		}
	}
	if metrics, ok := n["currentMetrics"].([]any); ok {
		if len(metrics) == 0 {
			delete(n, "currentMetrics")
		} else {
			n["currentMetrics"] = normalMetrics(metrics)
		}
	}
	n["conditions"] = normalMessages(n["conditions"])
	return n
}

// The mean over zero replicas is infinite; this is what amd64 makes of that as an integer.
const undefinedMean = "-9223372036854775808m"

// What an entry with such a mean is replaced by: it equals anything.
const undefinedEntry = "undefined"

func normalMetrics(metrics []any) []any {
	var n []any
	for _, m := range metrics {
		text := show(m)
		if strings.Contains(text, `"averageValue":"`+undefinedMean+`"`) {
			m = undefinedEntry
		}
		n = append(n, m)
	}
	return n
}

// Conditions or events without times and with the names of ambiguous HPAs in order.
func normalMessages(list any) any {
	entries, ok := list.([]any)
	if !ok {
		return list
	}
	n := []any{}
	for _, e := range entries {
		entry, ok := e.(map[string]any)
		if !ok {
			return list
		}
		changed := map[string]any{}
		for key, value := range entry {
			if key != "lastTransitionTime" {
				changed[key] = value
			}
		}
		if message, ok := entry["message"].(string); ok {
			changed["message"] = scenario.InOrder(message)
		}
		n = append(n, changed)
	}
	return n
}

func differ(path string, want, got any) *Difference {
	if want == undefinedEntry {
		return nil
	}
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			break
		}
		for _, key := range keys(w, g) {
			if d := differ(strings.TrimPrefix(path+"."+key, "."), w[key], g[key]); d != nil {
				return d
			}
		}
		return nil
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			break
		}
		for i := range w {
			if d := differ(fmt.Sprintf("%s[%d]", path, i), w[i], g[i]); d != nil {
				return d
			}
		}
		return nil
	default:
		if reflect.DeepEqual(want, got) {
			return nil
		}
	}
	return &Difference{Path: path, Want: want, Got: got}
}

// The keys of both, the short story first: what was decided before what was said about it.
func keys(a, b map[string]any) []string {
	order := []string{"name", "step", "time", "rescaled", "scaleTo", "desiredReplicas", "events"}
	set := map[string]bool{}
	for _, m := range []map[string]any{a, b} {
		for key := range m {
			set[key] = true
		}
	}
	var all []string
	for key := range set {
		all = append(all, key)
	}
	rank := func(key string) string { return fmt.Sprintf("%03d%s", (slices.Index(order, key)+1000)%1000, key) }
	sort.Slice(all, func(i, j int) bool { return rank(all[i]) < rank(all[j]) })
	return all
}
