// SPDX-License-Identifier: MIT

package shrink

import (
	"encoding/json"
	"reflect"
	"testing"
)

func parse(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestKeepsWhatThePropertyNeedsAndNothingElse(t *testing.T) {
	start := parse(t, `{"a":[1,2,{"x":7,"y":[1,2,3]},4],"b":{"c":5},"d":"e"}`)
	got := JSON(start, 10000, func(v any) bool {
		m, ok := v.(map[string]any)
		if !ok {
			return false
		}
		list, _ := m["a"].([]any)
		for _, e := range list {
			if o, ok := e.(map[string]any); ok && o["x"] != nil && o["x"].(float64) >= 3 {
				return true
			}
		}
		return false
	})
	if want := parse(t, `{"a":[{"x":3}]}`); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestDropsElementsThatOnlyGoTogether(t *testing.T) {
	start := parse(t, `[1,2,3,4,5,6,7,8]`)
	got := JSON(start, 10000, func(v any) bool { return len(v.([]any))%4 == 0 && len(v.([]any)) > 0 })
	if len(got.([]any)) != 4 {
		t.Errorf("got %v", got)
	}
}

func TestStopsWhenTheTriesAreUsedUp(t *testing.T) {
	calls := 0
	JSON(parse(t, `[1,2,3,4,5,6,7,8,9]`), 5, func(any) bool { calls++; return false })
	if calls != 5 {
		t.Errorf("%d calls", calls)
	}
}

func TestLeavesItsInputAsItIs(t *testing.T) {
	start := parse(t, `{"a":[1,2,3],"b":{"c":9}}`)
	JSON(start, 1000, func(any) bool { return true })
	if want := parse(t, `{"a":[1,2,3],"b":{"c":9}}`); !reflect.DeepEqual(start, want) {
		t.Errorf("changed to %v", start)
	}
}

func TestResultHolds(t *testing.T) {
	holds := func(v any) bool { return size(v)%3 == 1 && size(v) > 3 }
	start := parse(t, `[[1,2],[3,[4]],{"a":1},5,6,7,8,9,10]`)
	if !holds(start) {
		t.Fatalf("the test starts from size %d", size(start))
	}
	if got := JSON(start, 1000, holds); !holds(got) {
		t.Errorf("%v does not hold", got)
	}
}
