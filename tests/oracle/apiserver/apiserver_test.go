// SPDX-License-Identifier: MIT

package apiserver

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"swell/tests/oracle/scenario"
)

func ask(t *testing.T, s *Server, method, url, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(method, "http://localhost"+url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.RoundTrip(req)
	if err != nil {
		return 0, err.Error()
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func TestAnswersComeInTurnStayAndAreWithdrawn(t *testing.T) {
	s := &Server{}
	s.Reset()
	s.NextStep(map[string]scenario.Answers{"/a?x=1": {{Code: 200, Body: []byte("one")}, {Error: "gone"}}})
	for i, want := range []string{"one", "gone", "gone"} {
		if _, got := ask(t, s, "GET", "/a?x=1", ""); got != want {
			t.Errorf("request %d: %s", i, got)
		}
	}
	s.NextStep(nil)
	if _, got := ask(t, s, "GET", "/a?x=1", ""); got != "one" {
		t.Errorf("next step: %s", got)
	}
	s.NextStep(map[string]scenario.Answers{"/a?x=1": nil})
	if code, got := ask(t, s, "GET", "/a?x=1", ""); code != 404 || !strings.Contains(got, "could not find the requested resource") {
		t.Errorf("withdrawn: %d %s", code, got)
	}
}

func TestWritesSucceedUnlessTheScenarioSaysOtherwise(t *testing.T) {
	s := &Server{}
	s.Reset()
	s.NextStep(map[string]scenario.Answers{"PUT /b/scale": {{Code: 409}, {Code: 200}}})
	if code, _ := ask(t, s, "PUT", "/b/scale", "first"); code != 409 || len(s.TakeWrites()) != 0 {
		t.Errorf("a refused write: %d", code)
	}
	if code, got := ask(t, s, "PUT", "/b/scale", "second"); code != 200 || got != "second" {
		t.Errorf("no body given: %d %s", code, got)
	}
	ask(t, s, "PUT", "/b/status", "third")
	writes := s.TakeWrites()
	if string(writes["scale"]) != "second" || string(writes["status"]) != "third" {
		t.Errorf("%s", writes)
	}
}

func TestDiscoveryKnowsTheKindsOfTheFormat(t *testing.T) {
	s := &Server{}
	s.Reset()
	for path, want := range map[string]string{
		"/apis/apps/v1?timeout=32s": `"deployments/scale"`,
		"/api/v1":                   `"replicationcontrollers/scale"`,
		"/apis":                     `"custom.metrics.k8s.io/v1beta2"`,
	} {
		if code, got := ask(t, s, "GET", path, ""); code != 200 || !strings.Contains(got, want) {
			t.Errorf("%s: %d %s", path, code, got)
		}
	}
}
