// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"swell/tests/oracle/replay"
	"swell/tests/oracle/scenario"
)

const (
	scenarioSuffix = ".jsonl"
	expectedSuffix = ".expected.jsonl"
)

// Writes beside each scenario file what the real controller makes of it, or checks what is there.
func runExpect(t *testing.T, args []string) int {
	flags := flag.NewFlagSet("expect", flag.ExitOnError)
	check := flags.Bool("check", false, "write nothing, and fail if a file would change")
	flags.Parse(args)
	player, err := replay.New(t)
	if err != nil {
		return fail(1, "%v", err)
	}
	code, count := 0, 0
	for _, name := range flags.Args() {
		if strings.HasSuffix(name, expectedSuffix) {
			continue
		}
		count++
		expected := strings.TrimSuffix(name, scenarioSuffix) + expectedSuffix
		output, err := replayed(player, name)
		if err == nil && *check {
			err = same(expected, output)
		} else if err == nil {
			err = os.WriteFile(expected, output, 0o666)
		}
		if err != nil {
			code = fail(1, "%v", err)
		}
	}
	fmt.Printf("%d scenario files\n", count)
	return code
}

func replayed(player *replay.Player, name string) ([]byte, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var output bytes.Buffer
	err = scenario.Lines(bytes.NewReader(data), func(number int, line []byte) error {
		s, err := scenario.Parse(line)
		if err != nil {
			return fmt.Errorf("%s line %d: %w", name, number, err)
		}
		results, err := player.Play(s)
		if err != nil {
			return fmt.Errorf("%s line %d: %w", name, number, err)
		}
		return scenario.Write(&output, results)
	})
	return output.Bytes(), err
}

func same(name string, output []byte) error {
	data, err := os.ReadFile(name)
	if err == nil && !bytes.Equal(data, output) {
		err = fmt.Errorf("%s is not what the real controller says", name)
	}
	return err
}
