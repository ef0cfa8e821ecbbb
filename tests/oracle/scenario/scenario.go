// SPDX-License-Identifier: MIT

// Package scenario reads scenarios and writes results in the format of `swell-lab evaluate`.
package scenario

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
)

// Scenario is one line of input: an HPA, and what the API server answers while it is evaluated.
type Scenario struct {
	Name       string                                   `json:"name"`
	Controller Flags                                    `json:"controller"`
	HPA        *autoscalingv2.HorizontalPodAutoscaler   `json:"hpa"`
	OtherHPAs  []*autoscalingv2.HorizontalPodAutoscaler `json:"otherHpas"`
	Steps      []Step                                   `json:"steps"`
}

// Step is one evaluation.
type Step struct {
	Time      string                                 `json:"time"`
	HPA       *autoscalingv2.HorizontalPodAutoscaler `json:"hpa"`
	Restart   bool                                   `json:"restart"`
	Responses map[string]Answers                     `json:"responses"`
}

// At returns the time of the evaluation.
func (s *Step) At() (time.Time, error) {
	return time.Parse(time.RFC3339Nano, s.Time)
}

// Flags are those of kube-controller-manager; the sync period changes nothing and is not kept.
type Flags struct {
	Tolerance               float64
	DownscaleStabilization  time.Duration
	CPUInitializationPeriod time.Duration
	InitialReadinessDelay   time.Duration
}

// DefaultFlags are those of a kube-controller-manager started without any.
func DefaultFlags() Flags {
	return Flags{
		Tolerance:               0.1,
		DownscaleStabilization:  5 * time.Minute,
		CPUInitializationPeriod: 5 * time.Minute,
		InitialReadinessDelay:   30 * time.Second,
	}
}

// UnmarshalJSON changes the flags that are given and keeps the others.
func (f *Flags) UnmarshalJSON(data []byte) error {
	var given struct {
		Tolerance              *float64 `json:"horizontal-pod-autoscaler-tolerance"`
		DownscaleStabilization *string  `json:"horizontal-pod-autoscaler-downscale-stabilization"`
		CPUInitialization      *string  `json:"horizontal-pod-autoscaler-cpu-initialization-period"`
		InitialReadinessDelay  *string  `json:"horizontal-pod-autoscaler-initial-readiness-delay"`
	}
	if err := json.Unmarshal(data, &given); err != nil {
		return err
	}
	if given.Tolerance != nil {
		f.Tolerance = *given.Tolerance
	}
	return errors.Join(
		setDuration(&f.DownscaleStabilization, given.DownscaleStabilization),
		setDuration(&f.CPUInitializationPeriod, given.CPUInitialization),
		setDuration(&f.InitialReadinessDelay, given.InitialReadinessDelay))
}

func setDuration(to *time.Duration, text *string) error {
	if text == nil {
		return nil
	}
	d, err := time.ParseDuration(*text)
	if err == nil {
		*to = d
	}
	return err
}

// Answers are those to the first, second, ... request of a step; the last one repeats. None at
// all withdraws what was given before.
type Answers []Answer

// Answer is what the API server says to one request.
type Answer struct {
	Code  int
	Body  []byte // as sent; nil if the scenario gives none
	Error string // not empty: the connection fails with this text
}

// UnmarshalJSON reads one answer, a list of them, or null.
func (a *Answers) UnmarshalJSON(data []byte) error {
	*a = nil
	if bytes.Equal(data, []byte("null")) {
		return nil
	}
	if data[0] == '[' {
		return json.Unmarshal(data, (*[]Answer)(a))
	}
	*a = make(Answers, 1)
	return json.Unmarshal(data, &(*a)[0])
}

// UnmarshalJSON tells a code or a failed connection from a body: only a body has a kind.
func (a *Answer) UnmarshalJSON(data []byte) error {
	if len(data) == 0 || data[0] != '{' {
		return fmt.Errorf("an answer is an object, a list of objects or null, not %.40s", data)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return err
	}
	*a = Answer{Code: 200, Body: data}
	if _, ok := members["kind"]; ok {
		return nil
	}
	if code, ok := members["code"]; ok {
		*a = Answer{Body: bodyOf(members["body"])}
		return json.Unmarshal(code, &a.Code)
	}
	if text, ok := members["error"]; ok {
		*a = Answer{}
		return json.Unmarshal(text, &a.Error)
	}
	return nil
}

// A string is sent as it stands, anything else as the JSON that it is.
func bodyOf(raw json.RawMessage) []byte {
	var text string
	if raw != nil && json.Unmarshal(raw, &text) == nil && string(raw) != "null" {
		return []byte(text)
	}
	return raw
}

// Parse reads one scenario.
func Parse(line []byte) (*Scenario, error) {
	s := &Scenario{Controller: DefaultFlags()}
	if err := json.Unmarshal(line, s); err != nil {
		return nil, err
	}
	if s.HPA == nil {
		return nil, errors.New("hpa: missing")
	}
	var last time.Time
	for i := range s.Steps {
		at, err := s.Steps[i].At()
		if err != nil {
			return nil, fmt.Errorf("steps[%d].time: %w", i, err)
		}
		if i > 0 && !at.After(last) {
			return nil, fmt.Errorf("steps[%d].time: %s is not after %s", i, at, last)
		}
		last = at
	}
	return s, nil
}

// Lines calls do with each line that is not blank, and its number, from 1.
func Lines(in io.Reader, do func(number int, line []byte) error) error {
	r := bufio.NewReaderSize(in, 1<<20)
	for number := 1; ; number++ {
		line, err := r.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return err
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if err := do(number, line); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
	}
}
