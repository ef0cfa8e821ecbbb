// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"testing"
	"time"

	"swell/tests/oracle/replay"
)

// Prints what the real controller does in a second with its inputs in memory: evaluations of an HPA
// with one cpu metric that has nothing to change.
func runRate(t *testing.T, args []string) int {
	flags := flag.NewFlagSet("rate", flag.ExitOnError)
	pods := flags.Int("pods", 10, "pods of the workload")
	span := flags.Duration("for", 3*time.Second, "how long to measure")
	asJSON := flags.Bool("json", false, "print a JSON object")
	flags.Parse(args)

	player, err := replay.New(t)
	if err != nil {
		return fail(1, "%v", err)
	}
	rate, err := player.Rate(*pods, *span)
	if err != nil {
		return fail(1, "%v", err)
	}
	if *asJSON {
		text, err := json.Marshal(map[string]any{"pods": *pods, "evaluationsPerSecond": int(rate)})
		if err != nil {
			return fail(1, "%v", err)
		}
		fmt.Println(string(text))
		return 0
	}
	fmt.Printf("%.0f evaluations/s with %d pods and one cpu metric\n", rate, *pods)
	return 0
}
