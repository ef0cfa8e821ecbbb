// SPDX-License-Identifier: MIT

// Package shrink makes JSON smaller while a property holds.
package shrink

import "sort"

// JSON returns a small value for which holds is true, starting from one for which it is: values as
// encoding/json decodes them into an any. It removes members and elements, largest first, and makes
// numbers smaller, until nothing more can go or tries calls of holds are used up. holds may keep
// what it gets, but must not change it; value is not changed.
func JSON(value any, tries int, holds func(any) bool) any {
	s := &shrinker{value: clone(value), tries: tries, holds: holds}
	for s.improved = true; s.improved && s.tries > 0; {
		s.improved = false
		s.reduce(nil)
	}
	return s.value
}

type shrinker struct {
	value    any
	tries    int
	improved bool
	holds    func(any) bool
}

// Tries the whole with what is at path replaced; keeps it if the property holds.
func (s *shrinker) try(path []any, replacement any) bool {
	if s.tries <= 0 {
		return false
	}
	s.tries--
	candidate := replaced(s.value, path, replacement)
	if !s.holds(candidate) {
		return false
	}
	s.value = candidate
	s.improved = true
	return true
}

// Makes what is at path smaller, then what is left in it.
func (s *shrinker) reduce(path []any) {
	switch v := at(s.value, path).(type) {
	case []any:
		s.reduceList(path)
		for i := range at(s.value, path).([]any) {
			s.reduce(append(path[:len(path):len(path)], i))
		}
	case map[string]any:
		for _, key := range keysBySize(v) {
			without := copyOf(at(s.value, path).(map[string]any))
			delete(without, key)
			if !s.try(path, without) {
				s.reduce(append(path[:len(path):len(path)], key))
			}
		}
	case float64:
		for _, smaller := range []float64{0, 1, float64(int64(v / 2)), v - 1} {
			if smaller >= 0 && smaller < v && s.try(path, smaller) {
				return
			}
		}
	}
}

// Drops runs of elements: halves first, then ever shorter ones. From the end, which is what goes
// most often: nothing after the last interesting step matters.
func (s *shrinker) reduceList(path []any) {
	for run := len(at(s.value, path).([]any)); run > 0; run /= 2 {
		for end := len(at(s.value, path).([]any)); end >= run; {
			list := at(s.value, path).([]any)
			without := append(append([]any{}, list[:end-run]...), list[end:]...)
			s.try(path, without)
			end -= run
		}
	}
}

func at(value any, path []any) any {
	for _, step := range path {
		switch key := step.(type) {
		case int:
			value = value.([]any)[key]
		case string:
			value = value.(map[string]any)[key]
		}
	}
	return value
}

// A copy of value with what is at path replaced; what is not on the path is shared.
func replaced(value any, path []any, replacement any) any {
	if len(path) == 0 {
		return replacement
	}
	switch key := path[0].(type) {
	case int:
		list := append([]any{}, value.([]any)...)
		list[key] = replaced(list[key], path[1:], replacement)
		return list
	default:
		members := copyOf(value.(map[string]any))
		members[key.(string)] = replaced(members[key.(string)], path[1:], replacement)
		return members
	}
}

func copyOf(members map[string]any) map[string]any {
	c := make(map[string]any, len(members))
	for k, v := range members {
		c[k] = v
	}
	return c
}

func clone(value any) any {
	switch v := value.(type) {
	case []any:
		c := make([]any, len(v))
		for i := range v {
			c[i] = clone(v[i])
		}
		return c
	case map[string]any:
		c := make(map[string]any, len(v))
		for k := range v {
			c[k] = clone(v[k])
		}
		return c
	}
	return value
}

func size(value any) int {
	n := 1
	switch v := value.(type) {
	case []any:
		for i := range v {
			n += size(v[i])
		}
	case map[string]any:
		for k := range v {
			n += size(v[k])
		}
	}
	return n
}

func keysBySize(members map[string]any) []string {
	keys := make([]string, 0, len(members))
	for k := range members {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool {
		a, b := size(members[keys[i]]), size(members[keys[j]])
		return a > b || (a == b && keys[i] < keys[j])
	})
	return keys
}
