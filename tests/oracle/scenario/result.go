// SPDX-License-Identifier: MIT

package scenario

import (
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
)

// Result is one line of output: what one evaluation did.
type Result struct {
	Name            string  `json:"name"`
	Step            int     `json:"step"`
	Time            string  `json:"time"`
	DesiredReplicas int32   `json:"desiredReplicas"`
	Rescaled        bool    `json:"rescaled"`
	ScaleTo         *int32  `json:"scaleTo"`
	Status          Status  `json:"status"`
	Events          []Event `json:"events"`
}

// Status is an HPA's, without the times of its conditions.
type Status struct {
	CurrentReplicas int32                        `json:"currentReplicas"`
	DesiredReplicas int32                        `json:"desiredReplicas"`
	LastScaleTime   *string                      `json:"lastScaleTime"`
	CurrentMetrics  []autoscalingv2.MetricStatus `json:"currentMetrics"`
	Conditions      []Condition                  `json:"conditions"`
}

// Condition is one of an HPA's status.
type Condition struct {
	Type    string `json:"type"`
	Status  string `json:"status"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// Event is one that the controller recorded.
type Event struct {
	Type    string `json:"type"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// StatusOf picks what a result shows of a status.
func StatusOf(s *autoscalingv2.HorizontalPodAutoscalerStatus) Status {
	shown := Status{
		CurrentReplicas: s.CurrentReplicas,
		DesiredReplicas: s.DesiredReplicas,
		CurrentMetrics:  s.CurrentMetrics,
		Conditions:      []Condition{},
	}
	if s.LastScaleTime != nil {
		at := s.LastScaleTime.UTC().Format(time.RFC3339)
		shown.LastScaleTime = &at
	}
	for _, c := range s.Conditions {
		shown.Conditions = append(shown.Conditions,
			Condition{string(c.Type), string(c.Status), c.Reason, InOrder(c.Message)})
	}
	return shown
}

var manyHPAs = regexp.MustCompile(`are controlled by multiple HPAs: \[(.*)\]`)

// InOrder returns a message with its names of HPAs sorted: the controller lists them at random.
func InOrder(message string) string {
	names := manyHPAs.FindStringSubmatchIndex(message)
	if names == nil {
		return message
	}
	list := strings.Fields(message[names[2]:names[3]])
	slices.Sort(list)
	return message[:names[2]] + strings.Join(list, " ") + message[names[3]:]
}

// Write writes the results, one a line.
func Write(out io.Writer, results []Result) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for i := range results {
		if err := enc.Encode(&results[i]); err != nil {
			return err
		}
	}
	return nil
}
