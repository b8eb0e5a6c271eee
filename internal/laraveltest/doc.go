// SPDX-License-Identifier: MPL-2.0

// Package laraveltest runs a webhooks API on real Laravel, for tests: PHP under
// php-fpm with several workers, behind nginx, with a real database.
//
// The Kanbert API appears to be built on Laravel. The authors of the client also
// wrote the test server in internal/kanberttest, so their agreement proves little.
// Here the framework responds. Only testdata/kanbert.php contains what the API
// reference says.
//
// Tests are skipped without the flag -laravel, which `make test-laravel` sets. With
// the flag, a missing program is a failure that names it. The package never
// installs anything.
//
// It must never import the client, and never be part of the provider's binary.
package laraveltest
