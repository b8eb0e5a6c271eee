// SPDX-License-Identifier: MPL-2.0

// Package contract contains the webhooks part of the Kanbert API reference as an
// OpenAPI 3 document. Its tests check three things against that document: every
// request of the client, every response of the sandbox, and every table of another
// package. They also check the imports between the packages of this module.
//
// It must never be part of the provider's binary. Packages that need parts of the
// reference at run time contain them themselves: the document is for checks and not
// for code generation.
package contract

import _ "embed"

//go:embed openapi.yaml
var document []byte

// Document returns the OpenAPI 3.0 document, in YAML.
func Document() []byte { return append([]byte(nil), document...) }
