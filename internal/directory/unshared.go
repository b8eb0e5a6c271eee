// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// What a directory does that shares nothing: one look-up for each webhook, and a
// listing of its own for each that is gone. Gone takes the same two signals.

func (d *Directory) readAlone(ctx context.Context, id, url string) (kanbert.Webhook, error) {
	sameID := func(w kanbert.Webhook) bool { return w.ID == id }
	if url != "" {
		w, found, err := d.first(ctx, filterFor(url), sameID)
		if err != nil || found {
			return w, err
		}
	}
	w, found, err := d.first(ctx, "", sameID)
	switch {
	case err != nil || found:
		return w, err
	case url == "":
		return w, errNoURL
	default:
		return w, ErrGone
	}
}

func (d *Directory) byURLAlone(ctx context.Context, url string) (kanbert.Webhook, bool, error) {
	return d.first(ctx, filterFor(url), func(w kanbert.Webhook) bool { return kanbert.SameURL(w.URL, url) })
}

func (d *Directory) byEquivalentURLAlone(ctx context.Context, url string) (kanbert.Webhook, bool, error) {
	w, found, err := d.byURLAlone(ctx, url)
	if err != nil || found {
		return w, found, err
	}
	return d.first(ctx, "", func(w kanbert.Webhook) bool { return kanbert.SameURL(w.URL, url) })
}

func (d *Directory) byIDAlone(ctx context.Context, id string) (kanbert.Webhook, bool, error) {
	return d.first(ctx, "", func(w kanbert.Webhook) bool { return w.ID == id })
}

// first is the first listed webhook for which is holds.
func (d *Directory) first(ctx context.Context, filter string, is func(kanbert.Webhook) bool) (kanbert.Webhook, bool, error) {
	for w, err := range d.List(ctx, kanbert.ListOptions{Filter: filter}) {
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
