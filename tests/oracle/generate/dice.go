// SPDX-License-Identifier: MIT

package generate

import (
	"fmt"
	"math/rand/v2"
	"strconv"
)

// object is JSON being built.
type object = map[string]any

// dice is the source of chance: the same seed and index throw the same.
type dice struct {
	*rand.Rand
}

func newDice(seed, index uint64) dice {
	return dice{rand.New(rand.NewPCG(seed, index))}
}

// chance is true in percent of 100 throws.
func (d dice) chance(percent float64) bool {
	return d.Float64()*100 < percent
}

// between returns a number from low to high, both included.
func (d dice) between(low, high int) int {
	return low + d.IntN(high-low+1)
}

func one[T any](d dice, from ...T) T {
	return from[d.IntN(len(from))]
}

// weighted is a choice that comes up weight times as often as one of weight 1.
type weighted[T any] struct {
	weight int
	value  T
}

func choose[T any](d dice, from []weighted[T]) T {
	total := 0
	for _, c := range from {
		total += c.weight
	}
	n := d.IntN(total)
	for _, c := range from {
		if n < c.weight {
			return c.value
		}
		n -= c.weight
	}
	panic("not reached")
}

// quantity writes a number of milli-units in one of the ways people and programs do.
func (d dice) quantity(milli int64) any {
	whole := milli%1000 == 0
	switch d.IntN(12) {
	case 0:
		return strconv.FormatFloat(float64(milli)/1000, 'f', -1, 64)
	case 1:
		return fmt.Sprintf("%de-3", milli)
	case 2:
		if whole {
			return milli / 1000 // a JSON number
		}
	case 3:
		if milli%1024000 == 0 {
			return fmt.Sprintf("%dKi", milli/1024000)
		}
	case 4:
		if milli%1000000 == 0 {
			return fmt.Sprintf("%dk", milli/1000000)
		}
	case 5:
		return fmt.Sprintf("%d000u", milli)
	}
	if whole && d.chance(70) {
		return strconv.FormatInt(milli/1000, 10)
	}
	return fmt.Sprintf("%dm", milli)
}

// oddQuantity is one at an edge: too big for int64 milli-units, finer than one, negative, rounded.
func (d dice) oddQuantity() any {
	return one[any](d, "0", "1n", "1u", "0.0001", "1500u", "999u", "1e-10", "0.5n", "10P", "9300T", "9.3P", "1E", "9E", "1e30",
		"1Ei", "7Ei", "1Pi", "8Pi", "9Pi", "9223372036854775807", "9223372036854776", "9223372036854775",
		"9223372036854775807m", "92233720368547758070", "-1", "-100m", "-1Gi", "-2Ki", "-0.0001", "-10P", "1.5Gi", "0.1Ki",
		"1.0000000001", "123456789.987654321", "1e3", "1E3", "12e-1", "+5", ".5", "5.", "000.5", "2147483648", "3G", "100M", "1000000k",
		2147483647, 0.25)
}
