// SPDX-License-Identifier: MIT

package replay

import (
	"fmt"
	"os"
	"testing"
	"testing/synctest"
)

// Main runs program and exits with what it returns. Virtual time (testing/synctest) is to be had
// only inside a test, so the program is one; testing.Main lets any binary run a test.
func Main(program func(t *testing.T) int) {
	everything := func(_, _ string) (bool, error) { return true, nil }
	testing.Main(everything, []testing.InternalTest{
		{Name: "oracle", F: func(t *testing.T) { os.Exit(program(t)) }},
	}, nil, nil)
}

// Runs f in virtual time, which starts in the year 2000 and moves when everything sleeps. A panic
// in f is an error.
func inBubble(t *testing.T, f func() error) (err error) {
	synctest.Test(t, func(*testing.T) {
		defer func() {
			if cause := recover(); cause != nil {
				err = fmt.Errorf("the controller panics: %v", cause)
			}
		}()
		err = f()
	})
	return err
}
