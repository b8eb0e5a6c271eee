// SPDX-License-Identifier: MPL-2.0

//go:build race

package kanbert_test

// raceDetector is true if the test was built with -race.
const raceDetector = true
