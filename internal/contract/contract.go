// SPDX-License-Identifier: MPL-2.0

// Package contract holds the webhooks part of the Kanbert API reference as an
// OpenAPI 3 document. Its tests hold three things to that document: every
// request that the client makes, every answer that the sandbox gives, and every
// table that another package keeps of its own. They also hold the packages of
// this module to the directions in which they may import each other.
//
// It must never be part of the provider's binary: what a running provider needs
// of the reference, the packages that use it hold themselves, because the
// document is for checking them and not for generating them.
package contract

import _ "embed"

//go:embed openapi.yaml
var document []byte

// Document returns the OpenAPI 3.0 document, in YAML.
func Document() []byte { return append([]byte(nil), document...) }
