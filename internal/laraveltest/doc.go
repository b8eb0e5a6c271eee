// SPDX-License-Identifier: MPL-2.0

// Package laraveltest runs a webhooks API on real Laravel, for tests: PHP under
// php-fpm with several workers, behind nginx, with a real database.
//
// The Kanbert API is visibly built on Laravel, and the test server in
// internal/kanberttest was written by the same people as the client: the two
// agree with each other, which proves little. Here the framework answers; only
// what the API reference says stands in testdata/kanbert.php.
//
// Tests are skipped unless the flag -laravel is given: `make test-laravel` gives
// it. With the flag a missing program is a failure that names it. Nothing is
// ever installed.
//
// It must never import the client, and never be part of the provider's binary.
package laraveltest
