// SPDX-License-Identifier: MIT

// Package apiserver answers a client's requests as a scenario says, without a network.
package apiserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"swell/tests/oracle/scenario"
)

// Server is the transport of the controller's clients. One goroutine.
type Server struct {
	answers map[string]scenario.Answers // by path with query, "PUT " in front of that of a PUT
	asked   map[string]int              // requests of this step
	writes  map[string][]byte           // bodies of writes with a 2xx answer, by sub-resource
}

// Reset forgets all answers.
func (s *Server) Reset() {
	*s = Server{answers: map[string]scenario.Answers{}, writes: map[string][]byte{}}
}

// NextStep changes the answers that are given; the others stay.
func (s *Server) NextStep(given map[string]scenario.Answers) {
	for key, answers := range given {
		if len(answers) == 0 {
			delete(s.answers, key)
		} else {
			s.answers[key] = answers
		}
	}
	s.asked = map[string]int{}
}

// Body returns the body a GET of path would be answered with now, or nil if that is no success.
func (s *Server) Body(path string) []byte {
	if a := s.answers[path]; len(a) > 0 && a[0].Code/100 == 2 {
		return a[0].Body
	}
	return nil
}

// TakeWrites returns the last body that was written with success to each sub-resource ("scale",
// "status") since the last call.
func (s *Server) TakeWrites() map[string][]byte {
	taken := s.writes
	s.writes = map[string][]byte{}
	return taken
}

// RoundTrip answers one request.
func (s *Server) RoundTrip(req *http.Request) (*http.Response, error) {
	key := keyOf(req)
	var sent []byte
	if req.Body != nil {
		var err error
		if sent, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
	}

	a := s.answer(key)
	if a.Error != "" {
		return nil, errors.New(a.Error)
	}
	if req.Method == http.MethodPut && a.Code/100 == 2 {
		s.writes[req.URL.Path[strings.LastIndexByte(req.URL.Path, '/')+1:]] = sent
		if a.Body == nil {
			a.Body = sent
		}
	}
	return &http.Response{
		StatusCode: a.Code,
		Header:     http.Header{"Content-Type": {"application/json"}},
		Body:       io.NopCloser(bytes.NewReader(a.Body)),
		Request:    req,
	}, nil
}

// The key of a request in a scenario.
func keyOf(req *http.Request) string {
	query := req.URL.Query()
	query.Del("timeout") // the discovery client tells its own
	key := req.URL.EscapedPath()
	if len(query) > 0 {
		key += "?" + query.Encode()
	}
	if req.Method != http.MethodGet {
		key = req.Method + " " + key
	}
	return key
}

func (s *Server) answer(key string) scenario.Answer {
	if answers := s.answers[key]; len(answers) > 0 {
		n := s.asked[key]
		s.asked[key]++
		return answers[min(n, len(answers)-1)]
	}
	if strings.HasPrefix(key, http.MethodPut+" ") {
		return scenario.Answer{Code: http.StatusOK}
	}
	switch key {
	case "/api":
		return object(http.StatusOK, &metav1.APIVersions{
			TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}, Versions: []string{"v1"}})
	case "/apis":
		return object(http.StatusOK, groupList())
	}
	if list := resourceList(key); list != nil {
		return object(http.StatusOK, list)
	}
	return object(http.StatusNotFound, &metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure,
		Message:  "the server could not find the requested resource",
		Reason:   metav1.StatusReasonNotFound,
		Code:     http.StatusNotFound,
	})
}

func object(code int, o any) scenario.Answer {
	body, err := json.Marshal(o)
	if err != nil {
		panic(err) // these are our own
	}
	return scenario.Answer{Code: code, Body: body}
}
