// SPDX-License-Identifier: MPL-2.0

package live

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// settled is the age at which a ledger may be deleted: lists lag.
const settled = time.Minute

// SweepSettings say what a sweep may delete.
type SweepSettings struct {
	Settings

	// IDs are webhooks to delete in addition to those in ledgers. An earlier sweep
	// has printed them.
	IDs []string
	// Now is the time; time.Now if nil.
	Now func() time.Time
}

// Sweep deletes the webhooks that killed runs left behind. It deletes a webhook
// only if the API lists it at a URL under [Prefix], and if the ledger of its run or
// the user names its id. It prints all other webhooks under the prefix.
func Sweep(ctx context.Context, target Target, settings SweepSettings) error {
	a, err := newAPI(target, nil)
	if err != nil {
		return err
	}
	workspace, err := a.confirmWorkspace(ctx, settings.Workspace, settings.Out)
	if err != nil {
		return err
	}
	all, err := readLedgers(settings.Ledgers)
	if err != nil {
		return err
	}
	s := &sweep{api: a, settings: settings}
	for _, l := range all {
		if l.api == a.base.Host && l.workspace == workspace {
			s.ledgers = append(s.ledgers, l)
		}
	}
	return s.run(ctx)
}

type sweep struct {
	*api

	settings SweepSettings
	ledgers  []*ledger
}

func (s *sweep) run(ctx context.Context) error {
	records, err := s.all(ctx)
	if err != nil {
		return err
	}
	var errs []error
	deleted, listed := 0, map[string]bool{}
	for _, r := range records {
		if r.ID == "" || !strings.HasPrefix(r.URL, Prefix) {
			continue
		}
		listed[r.ID] = true
		if !s.mayDelete(r) {
			fmt.Fprintf(s.settings.Out, "not deleted: %q belongs to no run on this machine. If it is yours, add: -id %s\n", r.ID, r.ID)
			continue
		}
		if err := s.delete(ctx, r.ID); err != nil {
			errs = append(errs, err)
			continue
		}
		deleted++
		fmt.Fprintf(s.settings.Out, "deleted %q\n", r.ID)
	}
	for _, id := range s.settings.IDs {
		if !listed[id] {
			errs = append(errs, fmt.Errorf("not deleted: the API lists no webhook %q under %s", id, Prefix))
		}
	}
	fmt.Fprintf(s.settings.Out, "%d webhooks deleted.\n", deleted)
	if len(errs) == 0 {
		errs = append(errs, s.forget())
	}
	return errors.Join(errs...)
}

// mayDelete reports whether the user, or the ledger of the run in the URL, names
// the webhook.
func (s *sweep) mayDelete(r record) bool {
	return slices.Contains(s.settings.IDs, r.ID) || slices.ContainsFunc(s.ledgers, func(l *ledger) bool {
		return l.made[r.ID] && strings.HasPrefix(r.URL, l.prefix())
	})
}

func (s *sweep) delete(ctx context.Context, id string) error {
	got, err := s.do(ctx, request{method: http.MethodDelete, path: webhooksPath + "/" + url.PathEscape(id)})
	if err != nil {
		return err
	}
	if !got.ok() && got.status != http.StatusNotFound {
		return fmt.Errorf("webhook %q could not be deleted: status %d", id, got.status)
	}
	return nil
}

// forget removes the ledgers that are no longer needed.
func (s *sweep) forget() error {
	now := time.Now()
	if s.settings.Now != nil {
		now = s.settings.Now()
	}
	var errs []error
	for _, l := range s.ledgers {
		if now.Sub(l.modified) < settled {
			fmt.Fprintf(s.settings.Out, "The ledger of run %s is kept, because a list may lag. Sweep again in a minute.\n", l.run)
			continue
		}
		errs = append(errs, os.Remove(l.path))
	}
	return errors.Join(errs...)
}
