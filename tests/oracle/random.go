// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"testing"

	"swell/tests/oracle/generate"
	"swell/tests/oracle/replay"
	"swell/tests/oracle/scenario"
)

// series are the flags that say which random scenarios are meant.
type series struct {
	seed  uint64
	first uint64
	count uint64
}

func (s *series) register(flags *flag.FlagSet) {
	flags.Uint64Var(&s.seed, "seed", 1, "what the scenarios are made from")
	flags.Uint64Var(&s.first, "first", 0, "index of the first scenario")
	flags.Uint64Var(&s.count, "count", 100, "number of scenarios")
}

// each makes the scenarios and tells what the real controller does with them.
func (s *series) each(player *replay.Player, do func(line []byte, results []scenario.Result) error) error {
	for i := range s.count {
		scene := generate.New(s.seed, s.first+i)
		results, err := player.PlayLive(scene.Head(), scene.Next)
		if err != nil {
			return fmt.Errorf("seed %d, scenario %d: %w", s.seed, s.first+i, err)
		}
		if err := do(scene.Line(), results); err != nil {
			return err
		}
	}
	return nil
}

func runGenerate(t *testing.T, args []string) int {
	flags := flag.NewFlagSet("generate", flag.ExitOnError)
	var s series
	s.register(flags)
	flags.Parse(args)
	player, err := replay.New(t)
	if err != nil {
		return fail(1, "%v", err)
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	err = s.each(player, func(line []byte, _ []scenario.Result) error {
		_, err := out.Write(append(line, '\n'))
		return err
	})
	if err != nil {
		return fail(1, "%v", err)
	}
	return 0
}
