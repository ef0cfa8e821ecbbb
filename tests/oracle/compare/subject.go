// SPDX-License-Identifier: MIT

package compare

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"

	"swell/tests/oracle/scenario"
)

// Subject is the program that is compared with the real controller: `swell-lab evaluate`.
type Subject struct {
	Program string
}

// Evaluate returns the result lines of each scenario, and what the program said on standard error.
// A scenario that it refused, or died of, has none or too few.
func (s *Subject) Evaluate(lines [][]byte, flags ...string) (results [][]map[string]any, complaint string) {
	out, complaint := s.Run(lines, flags...)
	var decoded []map[string]any
	_ = scenario.Lines(bytes.NewReader(out), func(_ int, line []byte) error {
		var result map[string]any
		if err := json.Unmarshal(line, &result); err != nil {
			complaint += fmt.Sprintf("a line of output: %v\n", err)
			return nil
		}
		decoded = append(decoded, result)
		return nil
	})
	return split(decoded, lines), complaint
}

// Run returns what the program writes.
func (s *Subject) Run(lines [][]byte, flags ...string) (out []byte, complaint string) {
	var stdout, stderr bytes.Buffer
	command := exec.Command(s.Program, append([]string{"evaluate"}, flags...)...)
	command.Stdin = bytes.NewReader(append(bytes.Join(lines, []byte("\n")), '\n'))
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		fmt.Fprintf(&stderr, "%v\n", err)
	}
	return stdout.Bytes(), stderr.String()
}

// Gives each scenario the lines that bear its name and the next step.
func split(results []map[string]any, lines [][]byte) [][]map[string]any {
	parts := make([][]map[string]any, len(lines))
	for i, line := range lines {
		var s struct {
			Name any `json:"name"`
		}
		_ = json.Unmarshal(line, &s)
		if s.Name == nil {
			s.Name = ""
		}
		for len(results) > 0 && results[0]["name"] == s.Name && results[0]["step"] == float64(len(parts[i])) {
			parts[i] = append(parts[i], results[0])
			results = results[1:]
		}
	}
	return parts
}
