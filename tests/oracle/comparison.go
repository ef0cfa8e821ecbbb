// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"swell/tests/oracle/compare"
	"swell/tests/oracle/replay"
	"swell/tests/oracle/scenario"
	"swell/tests/oracle/shrink"
)

// comparison runs scenarios through both and keeps count.
type comparison struct {
	player  *replay.Player
	subject compare.Subject
	out     string // folder for what they disagree on
	shown   int    // how many of those are shrunk and printed
	tries   int    // of the shrinker, each

	lines                      [][]byte
	results                    [][]scenario.Result
	scenarios, steps, disagree int
}

const batch = 50

func runCompare(t *testing.T, args []string) int {
	flags := flag.NewFlagSet("compare", flag.ExitOnError)
	var s series
	s.register(flags)
	c := comparison{subject: compare.Subject{Program: filepath.Join(os.Getenv("SWELL_BIN"), "swell-lab")}}
	flags.StringVar(&c.out, "out", ".", "folder for the scenarios of disagreement")
	flags.IntVar(&c.shown, "shown", 3, "how many disagreements to shrink and print")
	flags.IntVar(&c.tries, "tries", 5000, "of shrinking each")
	flags.Parse(args)

	var err error
	if _, err = exec.LookPath(c.subject.Program); err != nil {
		return fail(2, "SWELL_BIN is to name the folder of swell-lab: %v", err)
	}
	if c.player, err = replay.New(t); err != nil {
		return fail(1, "%v", err)
	}
	start := time.Now()
	if flags.NArg() > 0 {
		err = c.files(flags.Args())
	} else {
		fmt.Printf("seed %d, scenarios %d to %d\n", s.seed, s.first, s.first+s.count-1)
		err = s.each(c.player, c.add)
	}
	if err == nil {
		err = c.flush()
	}
	if err != nil {
		return fail(1, "%v", err)
	}
	fmt.Printf("%d scenarios, %d steps, %d disagreements, %.0f s\n", c.scenarios, c.steps, c.disagree,
		time.Since(start).Seconds())
	if c.disagree > 0 {
		return 1
	}
	return 0
}

func (c *comparison) files(names []string) error {
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		err = scenario.Lines(bytes.NewReader(data), func(number int, line []byte) error {
			results, err := c.real(line)
			if err != nil {
				return fmt.Errorf("%s line %d: %w", name, number, err)
			}
			return c.add(bytes.Clone(line), results)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// real is what the real controller does.
func (c *comparison) real(line []byte) ([]scenario.Result, error) {
	s, err := scenario.Parse(line)
	if err != nil {
		return nil, err
	}
	return c.player.Play(s)
}

// add compares a scenario, as soon as there are enough for a run of ours.
func (c *comparison) add(line []byte, results []scenario.Result) error {
	c.lines = append(c.lines, line)
	c.results = append(c.results, results)
	if len(c.lines) < batch {
		return nil
	}
	return c.flush()
}

func (c *comparison) flush() error {
	if len(c.lines) == 0 {
		return nil
	}
	ours, _ := c.subject.Evaluate(c.lines)
	for i, line := range c.lines {
		c.scenarios++
		c.steps += len(c.results[i])
		if d := compare.Results(decoded(c.results[i]), ours[i]); d != nil {
			c.disagree++
			if err := c.report(line, d); err != nil {
				return err
			}
		}
	}
	c.lines, c.results = nil, nil
	return nil
}

func decoded(results []scenario.Result) []map[string]any {
	var buffer bytes.Buffer
	var lines []map[string]any
	err := scenario.Write(&buffer, results)
	decoder := json.NewDecoder(&buffer)
	for err == nil && decoder.More() {
		var line map[string]any
		if err = decoder.Decode(&line); err == nil {
			lines = append(lines, line)
		}
	}
	if err != nil {
		panic(err) // we wrote it ourselves
	}
	return lines
}

// disagreement is the first difference on a scenario, nil if there is none or one of them cannot say.
func (c *comparison) disagreement(line []byte) *compare.Difference {
	results, err := c.real(line)
	if err != nil {
		return nil
	}
	ours, _ := c.subject.Evaluate([][]byte{line})
	return compare.Results(decoded(results), ours[0])
}

// report shrinks the scenario and shows what both make of it.
func (c *comparison) report(line []byte, d *compare.Difference) error {
	var value any
	if err := json.Unmarshal(line, &value); err != nil {
		return err
	}
	name := value.(map[string]any)["name"]
	fmt.Printf("\ndisagreement on %v: %v\n", name, d)
	if c.shown == 0 {
		return nil
	}
	c.shown--
	// While it shrinks, it must stay the same disagreement, as far as its place can tell.
	kind := d.Kind()
	small := shrink.JSON(value, c.tries, func(candidate any) bool {
		if !named(candidate) {
			return false
		}
		d := c.disagreement(encode(candidate))
		return d != nil && d.Kind() == kind
	})
	return c.show(fmt.Sprint(name), encode(small))
}

// named says whether a scenario and its HPA have names: without them it only gets harder to read.
func named(value any) bool {
	var s struct {
		Name string
		HPA  struct{ Metadata struct{ Name string } }
	}
	return json.Unmarshal(encode(value), &s) == nil && s.Name != "" && s.HPA.Metadata.Name != ""
}

func (c *comparison) show(name string, line []byte) error {
	path := filepath.Join(c.out, name+".jsonl")
	if err := os.WriteFile(path, line, 0o666); err != nil {
		return err
	}
	results, err := c.real(line)
	if err != nil {
		return err
	}
	ours, complaint := c.subject.Run([][]byte{line}, "--record")
	fmt.Printf("shrunk to %s: %v\n%s", path, c.disagreement(line), line)
	fmt.Println("the real controller:")
	if err := scenario.Write(os.Stdout, results); err != nil {
		return err
	}
	fmt.Printf("ours, with its record:\n%s%s\n", ours, complaint)
	return nil
}

func encode(value any) []byte {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // it was decoded from JSON
	}
	return buffer.Bytes()
}
