// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"log"
	"os"
	"strings"
	"testing"
)

func TestQuietSDK(t *testing.T) {
	for _, test := range []struct {
		environ []string
		want    string
	}{
		{[]string{"HOME=/", "TF_LOG=", "TF_DATA_DIR=x"}, "off"},
		{[]string{"TF_LOG=info"}, ""},
		{[]string{"TF_LOG_PROVIDER=TRACE"}, ""},
		{[]string{"TF_LOG_PATH=/tmp/log"}, ""},
	} {
		t.Setenv("TF_LOG_SDK", "")
		quietSDK(test.environ)
		if got := os.Getenv("TF_LOG_SDK"); got != test.want {
			t.Errorf("%q: TF_LOG_SDK is %q, want %q", test.environ, got, test.want)
		}
	}
}

// TestQuietHTTP expects what net/http writes to the standard logger to go nowhere.
func TestQuietHTTP(t *testing.T) {
	before := log.Writer()
	defer log.SetOutput(before)
	var seen bytes.Buffer
	log.SetOutput(&seen)
	log.Print("heard")
	quietHTTP()
	log.Print("s3cret")
	if got := seen.String(); !strings.Contains(got, "heard") || strings.Contains(got, "s3cret") {
		t.Errorf("the log is %q", got)
	}
}
