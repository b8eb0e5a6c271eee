// SPDX-License-Identifier: MPL-2.0

// Package examples holds every configuration that the documentation shows. Tests
// apply them, so that what is shown works.
//
// It must never hold a configuration that no page shows and no program runs.
package examples

import "embed"

// Files holds the folders of this one that have configurations.
//
//go:embed data-sources demo guides list-resources modules provider resources
var Files embed.FS
