// SPDX-License-Identifier: MIT

package scenario

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestAnswers(t *testing.T) {
	for text, want := range map[string]Answers{
		`null`:                            nil,
		`{"kind":"Scale","code":3}`:       {{Code: 200, Body: []byte(`{"kind":"Scale","code":3}`)}},
		`{"items":[]}`:                    {{Code: 200, Body: []byte(`{"items":[]}`)}},
		`{"code":503}`:                    {{Code: 503}},
		`{"code":500,"body":"<html>"}`:    {{Code: 500, Body: []byte("<html>")}},
		`{"code":200,"body":{"a":1}}`:     {{Code: 200, Body: []byte(`{"a":1}`)}},
		`{"error":"refused"}`:             {{Error: "refused"}},
		`[{"code":409},{"error":"gone"}]`: {{Code: 409}, {Error: "gone"}},
	} {
		var got Answers
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", text, got, want)
		}
	}
	for _, text := range []string{`3`, `"text"`, `[3]`, `{"code":"x"}`} {
		var got Answers
		if json.Unmarshal([]byte(text), &got) == nil {
			t.Errorf("%s is no answer, but was read as %+v", text, got)
		}
	}
}

func TestFlagsThatAreNotGivenKeepTheirDefaults(t *testing.T) {
	s, err := Parse([]byte(`{"hpa":{},"controller":{"horizontal-pod-autoscaler-tolerance":0,
		"horizontal-pod-autoscaler-downscale-stabilization":"1m30s"}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := DefaultFlags()
	want.Tolerance, want.DownscaleStabilization = 0, 90*time.Second
	if s.Controller != want {
		t.Errorf("got %+v, want %+v", s.Controller, want)
	}
}

func TestRefusesWhatCannotBePlayed(t *testing.T) {
	for line, want := range map[string]string{
		`{`:                                    "unexpected end",
		`{}`:                                   "hpa: missing",
		`{"hpa":{},"steps":[{"time":"noon"}]}`: "steps[0].time",
		`{"hpa":{},"steps":[{"time":"2026-01-01T00:00:01Z"},{"time":"2026-01-01T00:00:01Z"}]}`:  "steps[1].time",
		`{"hpa":{},"controller":{"horizontal-pod-autoscaler-initial-readiness-delay":"a day"}}`: "a day",
	} {
		if _, err := Parse([]byte(line)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want an error on %q, got %v", line, want, err)
		}
	}
}

func TestLinesAreCountedWithBlankOnesAndTheLastNeedsNoNewline(t *testing.T) {
	var got []string
	var numbers []int
	err := Lines(strings.NewReader("a\n\n  \nb\r\nc"), func(number int, line []byte) error {
		numbers = append(numbers, number)
		got = append(got, string(line))
		return nil
	})
	if err != nil || strings.Join(got, " ") != "a b c" || !reflect.DeepEqual(numbers, []int{1, 4, 5}) {
		t.Errorf("%v %v %v", got, numbers, err)
	}
}
