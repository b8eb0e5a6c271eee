// SPDX-License-Identifier: MPL-2.0

// Package filter (stub with the final surface; the implementation is being written).
package filter

import "time"

// Filter is a parsed and checked filter expression.
type Filter struct{}

// Problem is one thing wrong with (or doubtful in) a filter, a sort or the like.
type Problem struct {
	Summary string // one line
	Detail  string // whole sentences, with the caret lines, what is allowed there and the nearest right name
	Offset  int    // in bytes
	Length  int
}

func (p *Problem) Error() string { panic("todo") }

// Parse reads either form and checks it against the reference's table. Warnings name what the documentation leaves open
// and is passed to the API as written. A nil Filter with warnings and no error: the text cannot be judged here.
func Parse(text string) (f *Filter, warnings []*Problem, err error) { panic("todo") }

// CheckSort checks one entry of a sort list.
func CheckSort(entry string) error { panic("todo") }

// Record is what a filter is evaluated on.
type Record struct {
	URL       string
	CreatedAt time.Time
}

// Match evaluates f.
func (f *Filter) Match(r Record, now time.Time) bool { panic("todo") }

// JSON gives the JSON form; String the readable one.
func (f *Filter) JSON() string   { panic("todo") }
func (f *Filter) String() string { panic("todo") }
