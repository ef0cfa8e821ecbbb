// SPDX-License-Identifier: MIT

// Oracle runs the horizontal pod autoscaler of kube-controller-manager on scenarios, and compares
// `swell-lab evaluate` with it.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"testing"

	"swell/tests/oracle/replay"
	"swell/tests/oracle/scenario"
)

const usage = `Usage: oracle COMMAND [FLAGS] [FILE...]

  replay [FILE...]    play scenarios (JSON lines; standard input without a file) through the real
                      controller, and write a result line a step
  generate            write random scenarios
  compare [FILE...]   play scenarios, random ones without a file, through the real controller and
                      through $SWELL_BIN/swell-lab; shrink and print what they disagree on
  expect FILE...      write NAME.expected.jsonl beside each NAME.jsonl: what the real controller says
  rate                say how many evaluations a second the real controller does

'oracle COMMAND --help' lists flags.
`

var commands = map[string]func(t *testing.T, args []string) int{
	"compare":  runCompare,
	"expect":   runExpect,
	"generate": runGenerate,
	"rate":     runRate,
	"replay":   runReplay,
}

func main() {
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	replay.Main(func(t *testing.T) int { return commands[os.Args[1]](t, os.Args[2:]) })
}

func fail(code int, format string, args ...any) int {
	fmt.Fprintf(os.Stderr, "oracle: "+format+"\n", args...)
	return code
}

func runReplay(t *testing.T, files []string) int {
	player, err := replay.New(t)
	if err != nil {
		return fail(1, "%v", err)
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	if len(files) == 0 {
		return replayFrom(player, "standard input", os.Stdin, out)
	}
	worst := 0
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			return fail(2, "%v", err)
		}
		worst = max(worst, replayFrom(player, name, file, out))
		file.Close()
	}
	return worst
}

// Plays all that can be read; returns 2 if there was something that cannot.
func replayFrom(player *replay.Player, name string, in io.Reader, out io.Writer) int {
	code := 0
	err := scenario.Lines(in, func(number int, line []byte) error {
		s, err := scenario.Parse(line)
		if err == nil {
			var results []scenario.Result
			if results, err = player.Play(s); err == nil {
				return scenario.Write(out, results)
			}
		}
		code = fail(2, "%s line %d: %v", name, number, err)
		return nil
	})
	if err != nil {
		return fail(1, "%s: %v", name, err)
	}
	return code
}
