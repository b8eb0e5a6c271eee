// SPDX-License-Identifier: MPL-2.0

// Command unshared serves the provider with a reader that shares nothing: one
// look-up for each webhook, and a listing for each that is missing. It is what a
// benchmark compares with.
package main

import (
	"context"
	"iter"
	"log"
	"os"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/kanbert/terraform-provider-kanbert/internal/directory"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
	"github.com/kanbert/terraform-provider-kanbert/internal/provider"
)

func main() {
	_ = os.Setenv("TF_LOG_SDK", "off") // As the provider itself does.
	constructor := provider.New("bench", provider.WithReader(func(source directory.Source) provider.Reader { return unshared{source} }))
	if err := providerserver.Serve(context.Background(), constructor, providerserver.ServeOpts{Address: provider.Address}); err != nil {
		log.Fatal(err)
	}
}

// unshared asks the API anew for each call and keeps nothing.
type unshared struct{ source directory.Source }

func (u unshared) Read(ctx context.Context, id, url string, _ func() time.Time) (kanbert.Webhook, error) {
	w, found, err := u.find(ctx, url, func(w kanbert.Webhook) bool { return w.ID == id })
	if err == nil && !found {
		err = directory.ErrGone
	}
	return w, err
}

func (u unshared) ConfirmGone(ctx context.Context, id, url string, _ func() time.Time) error {
	_, found, err := u.find(ctx, url, func(w kanbert.Webhook) bool { return w.ID == id })
	if err == nil && found {
		err = directory.ErrStillListed
	}
	return err
}

func (u unshared) ByID(ctx context.Context, id string) (kanbert.Webhook, bool, error) {
	return u.first(ctx, "", func(w kanbert.Webhook) bool { return w.ID == id })
}

func (u unshared) ByURL(ctx context.Context, url string) (kanbert.Webhook, bool, error) {
	return u.first(ctx, filterFor(url), func(w kanbert.Webhook) bool { return kanbert.SameURL(w.URL, url) })
}

func (u unshared) ByEquivalentURL(ctx context.Context, url string) (kanbert.Webhook, bool, error) {
	return u.find(ctx, url, func(w kanbert.Webhook) bool { return kanbert.SameURL(w.URL, url) })
}

func (u unshared) List(ctx context.Context, opts kanbert.ListOptions, _ int) iter.Seq2[kanbert.Webhook, error] {
	return kanbert.Webhooks(kanbert.Pages(opts, func(opts kanbert.ListOptions) (*kanbert.Page, error) { return u.source.ListPage(ctx, opts) }))
}

func (unshared) SeenFree(string) bool     { return false }
func (unshared) Known() []kanbert.Webhook { return nil }
func (unshared) Created(kanbert.Webhook)  {}
func (unshared) Deleted(string)           {}

// find looks a webhook up, and then lists all.
func (u unshared) find(ctx context.Context, url string, is func(kanbert.Webhook) bool) (kanbert.Webhook, bool, error) {
	w, found, err := u.first(ctx, filterFor(url), is)
	if err != nil || found {
		return w, found, err
	}
	return u.first(ctx, "", is)
}

// first is the first listed webhook for which is holds.
func (u unshared) first(ctx context.Context, filter string, is func(kanbert.Webhook) bool) (kanbert.Webhook, bool, error) {
	for w, err := range u.List(ctx, kanbert.ListOptions{Filter: filter}, 0) {
		if err != nil {
			return kanbert.Webhook{}, false, err
		}
		if is(w) {
			return w, true, nil
		}
	}
	return kanbert.Webhook{}, false, nil
}

func filterFor(url string) string {
	if canonical := kanbert.CanonicalURL(url); canonical != url {
		return kanbert.FilterByURL(url, canonical)
	}
	return kanbert.FilterByURL(url)
}
