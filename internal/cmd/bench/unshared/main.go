// SPDX-License-Identifier: MPL-2.0

// Command unshared serves the provider with the sharing of reads switched off:
// one look-up for each webhook. It is what a benchmark compares with.
package main

import (
	"context"
	"log"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/kanbert/terraform-provider-kanbert/internal/directory"
	"github.com/kanbert/terraform-provider-kanbert/internal/provider"
)

func main() {
	_ = os.Setenv("TF_LOG_SDK", "off") // As the provider itself does.
	constructor := provider.New("bench", provider.WithDirectoryOptions(directory.WithoutSharing()))
	if err := providerserver.Serve(context.Background(), constructor, providerserver.ServeOpts{Address: provider.Address}); err != nil {
		log.Fatal(err)
	}
}
