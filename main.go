// SPDX-License-Identifier: MPL-2.0

// Command terraform-provider-kanbert serves the Kanbert provider to Terraform
// and OpenTofu. The CLI starts it; run by hand it only explains itself.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/kanbert/terraform-provider-kanbert/internal/gc"
	"github.com/kanbert/terraform-provider-kanbert/internal/provider"
)

// Set by the linker: -X main.version=1.2.3 -X main.commit=0123abc.
var (
	version = "dev"
	commit  = "none"
)

func main() {
	debug := flag.Bool("debug", false, "serve until interrupted, for a debugger, and print the TF_REATTACH_PROVIDERS that a CLI needs")
	showVersion := flag.Bool("version", false, "print version and commit, and exit")
	flag.Parse()
	if *showVersion {
		fmt.Printf("terraform-provider-kanbert %s (commit %s)\n", version, commit)
		return
	}
	quietSDK(os.Environ())
	quietHTTP()
	gc.CollectLazily(os.LookupEnv)
	if !*debug {
		ignoreTermination()
	}
	err := providerserver.Serve(context.Background(), provider.New(version), providerserver.ServeOpts{
		Address: provider.Address,
		Debug:   *debug,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// ignoreTermination leaves the end of this process to the CLI that started it.
// `timeout`, CI runners and service managers send SIGTERM to the whole process
// group: the CLI waits for what its providers have in flight, and stops them
// itself. A provider that ended at once would lose the secret of each webhook
// that it is creating.
func ignoreTermination() { signal.Ignore(syscall.SIGTERM) }

// quietHTTP switches the standard logger off. net/http writes to it, past every
// filter, and the CLI puts that into its log: the bytes that follow an answer
// whose Content-Length is too small, for one, which may be the part of a body
// that has a secret in it. What the provider itself logs takes another way.
func quietHTTP() { log.SetOutput(io.Discard) }

// quietSDK switches the plugin library's own log off if no TF_LOG variable is set.
// Without TF_LOG the library still sends a trace of every call to the CLI, which
// throws it away, and a large plan pays for it. With any TF_LOG variable the
// library's log stays on.
func quietSDK(environ []string) {
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "TF_LOG") && value != "" {
			return
		}
	}
	_ = os.Setenv("TF_LOG_SDK", "off")
}
