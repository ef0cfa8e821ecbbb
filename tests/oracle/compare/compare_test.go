// SPDX-License-Identifier: MIT

package compare

import (
	"encoding/json"
	"testing"
)

func line(t *testing.T, text string) []map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return []map[string]any{m}
}

func TestWhatIsTheSame(t *testing.T) {
	for name, c := range map[string]struct{ want, got string }{
		"null and absent": {`{"status":{"currentMetrics":null,"conditions":[]},"events":[]}`, `{"events":[],"status":{"conditions":[]}}`},
		"the time of a condition": {`{"status":{"conditions":[{"type":"A"}]},"events":[]}`,
			`{"status":{"conditions":[{"type":"A","lastTransitionTime":"2026-01-01T00:00:00Z"}]},"events":[]}`},
		"the order of ambiguous names": {
			`{"events":[{"message":"x are controlled by multiple HPAs: [ns/a ns/b]"}],"status":{}}`,
			`{"events":[{"message":"x are controlled by multiple HPAs: [ns/b ns/a]"}],"status":{}}`},
		"a mean over no replicas": {
			`{"status":{"currentMetrics":[{"external":{"current":{"averageValue":"-9223372036854775808m"}}}]},"events":[]}`,
			`{"status":{"currentMetrics":[{"external":{"current":{"averageValue":"0"}}}]},"events":[]}`},
	} {
		if d := Results(line(t, c.want), line(t, c.got)); d != nil {
			t.Errorf("%s: %v", name, d)
		}
	}
}

func TestWhatIsNotTheSame(t *testing.T) {
	for path, c := range map[string]struct{ want, got string }{
		"scaleTo":                     {`{"scaleTo":3,"status":{},"events":[]}`, `{"scaleTo":4,"status":{},"events":[]}`},
		"rescaled":                    {`{"rescaled":false,"status":{},"events":[]}`, `{"status":{},"events":[]}`},
		"events":                      {`{"events":[{"message":"a"}],"status":{}}`, `{"events":[],"status":{}}`},
		"events[0].message":           {`{"events":[{"message":"x are controlled by multiple HPAs: [ns/a ns/b]"}],"status":{}}`, `{"events":[{"message":"x are controlled by multiple HPAs: [ns/a ns/c]"}],"status":{}}`},
		"status.conditions[1].reason": {`{"status":{"conditions":[{"type":"A"},{"reason":"x"}]},"events":[]}`, `{"status":{"conditions":[{"type":"A"},{"reason":"y"}]},"events":[]}`},
		"status.lastScaleTime":        {`{"status":{"lastScaleTime":"2026-01-01T00:00:00Z"},"events":[]}`, `{"status":{},"events":[]}`},
	} {
		d := Results(line(t, c.want), line(t, c.got))
		if d == nil || d.Path != path {
			t.Errorf("want a difference at %s, got %v", path, d)
		}
	}
	if d := Results(line(t, `{"status":{}}`), nil); d == nil || d.Path != "line" {
		t.Errorf("a missing line: %v", d)
	}
}

func TestLinesGoToTheScenarioThatTheyNameUpToTheOneThatWasRefused(t *testing.T) {
	results := []map[string]any{
		{"name": "a", "step": 0.0}, {"name": "a", "step": 1.0}, {"name": "c", "step": 0.0}, {"name": "c", "step": 0.0}}
	parts := split(results, [][]byte{[]byte(`{"name":"a"}`), []byte(`{"name":"b"}`), []byte(`{"name":"c"}`), []byte(`{"name":"c"}`)})
	for i, want := range []int{2, 0, 1, 1} {
		if len(parts[i]) != want {
			t.Errorf("scenario %d has %d lines, want %d", i, len(parts[i]), want)
		}
	}
}
