// SPDX-License-Identifier: MPL-2.0

package directory_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/directory"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// atOnce calls f n times at the same time.
func atOnce(n int, f func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { f(i) })
	}
	all.Wait()
}

func mustList(t *testing.T, d *directory.Directory, opts kanbert.ListOptions, limit int) []kanbert.Webhook {
	t.Helper()
	var all []kanbert.Webhook
	for w, err := range d.List(t.Context(), opts, limit) {
		if err != nil {
			t.Error(err)
			return nil
		}
		if all = append(all, w); len(all) == limit {
			break
		}
	}
	return all
}

func ids(webhooks []kanbert.Webhook) []string {
	all := make([]string, len(webhooks))
	for i, w := range webhooks {
		all[i] = w.ID
	}
	return all
}

// TestEqualListsAreOne lists the whole of 300 webhooks in pages of 30.
func TestEqualListsAreOne(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := newAPI(30, hooks("ours", 300)...)
		source.latency = always(100 * time.Millisecond)
		d := directory.New(source)
		list := func(int) {
			if got := mustList(t, d, kanbert.ListOptions{}, 0); !slices.Equal(ids(got), ids(source.webhooks)) {
				t.Errorf("%d were listed, or in another order", len(got))
			}
		}
		mustCost(t, source, 0, 10, func() { atOnce(5, list) })
		// Twenty in waves of ten, as the CLI comes to them.
		w := walk{parallelism: 10, cores: 2, work: 4 * time.Millisecond}
		mustCost(t, source, 0, 20, func() { w.walk(t, make([]int, 20), list) })
	})
}

// TestEqualFiltersAreOne lists by a filter, all equal but for what the caller
// selects from it.
func TestEqualFiltersAreOne(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ours := hooks("ours", 300)
		source := newAPI(30, ours...)
		d := directory.New(source)
		filter := kanbert.FilterByURL(ours[1].URL, ours[2].URL)
		mustCost(t, source, 1, 0, func() {
			atOnce(10, func(i int) {
				if got := mustList(t, d, kanbert.ListOptions{Filter: filter}, i%3); len(got) == 0 {
					t.Error("nothing was listed")
				}
			})
		})
		mustCost(t, source, 2, 0, func() {
			atOnce(10, func(i int) {
				mustList(t, d, kanbert.ListOptions{Filter: kanbert.FilterByURL(ours[i%2].URL)}, 0)
			})
		})
	})
}

// TestOnePageIsOneRequest asks everything of a workspace that fits into one page.
func TestOnePageIsOneRequest(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ours := hooks("ours", 30)
		source := newAPI(30, ours...)
		d := directory.New(source)
		mustCost(t, source, 0, 1, func() {
			atOnce(10, func(i int) {
				h := ours[i]
				switch i {
				case 0, 1, 2:
					mustRead(t, d, h)
				case 3:
					if _, found, err := d.ByURL(t.Context(), "https://absent.example.com/"); found || err != nil {
						t.Error(found, err)
					}
				case 4:
					if _, found, err := d.ByID(t.Context(), h.ID); !found || err != nil {
						t.Error(found, err)
					}
				case 5:
					if _, found, err := d.ByEquivalentURL(t.Context(), h.URL); !found || err != nil {
						t.Error(found, err)
					}
				case 6:
					if _, found, err := d.ByEquivalentURL(t.Context(), "https://absent.example.com/"); found || err != nil {
						t.Error(found, err)
					}
				case 7:
					mustList(t, d, kanbert.ListOptions{}, 0)
				case 8:
					mustList(t, d, kanbert.ListOptions{PageSize: 3}, 3)
				default:
					mustList(t, d, kanbert.ListOptions{Sort: []string{"-created_at", "url"}}, 0)
				}
			})
		})
	})
}

// TestDataSourceByURL is one request there, and two in a larger workspace.
func TestDataSourceByURL(t *testing.T) {
	for m, want := range map[int]int{30: 0, 31: 1, 1000: 1} {
		bubble(t, func(t *testing.T) {
			ours := hooks("ours", m)
			source := newAPI(30, ours...)
			d := directory.New(source)
			h := source.webhooks[m-1]
			mustCost(t, source, want, 1, func() {
				if got, found, err := d.ByEquivalentURL(t.Context(), h.URL); !found || err != nil || got != h {
					t.Errorf("ByEquivalentURL = %v, %t, %v", got, found, err)
				}
			})
		})
	}
}

// TestLimitedListIsOneRequest does not start the shared listing.
func TestLimitedListIsOneRequest(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := newAPI(30, hooks("ours", 300)...)
		d := directory.New(source)
		for _, sort := range [][]string{nil, {"-created_at", "url"}, {"is_active", "url"}} {
			mustCost(t, source, 0, 1, func() {
				if got := mustList(t, d, kanbert.ListOptions{Sort: sort, PageSize: 3}, 3); len(got) != 3 {
					t.Errorf("%d were listed", len(got))
				}
			})
		}
		for _, r := range source.requests {
			if r.opts.PageSize != 3 {
				t.Errorf("a page of %d was asked for", r.opts.PageSize)
			}
		}
	})
}

// TestSortedHere sorts the shared listing by what has ties.
func TestSortedHere(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ours := hooks("ours", 100)
		for i := range ours {
			ours[i].CreatedAt = ours[i].CreatedAt.Add(time.Duration(i*7%5) * time.Hour)
		}
		source := newAPI(30, ours...)
		d := directory.New(source)
		for _, sort := range []string{"url", "-url", "created_at,url", "-created_at,url", "created_at,-url", "-created_at,-url", "created_at", "-created_at", "url,created_at", "-url,created_at"} {
			fields := strings.Split(sort, ",")
			want := slices.Clone(source.webhooks)
			if slices.Contains(fields, "-url") {
				slices.Reverse(want)
			}
			slices.SortStableFunc(want, func(a, b kanbert.Webhook) int {
				switch fields[0] {
				case "created_at":
					return a.CreatedAt.Compare(b.CreatedAt)
				case "-created_at":
					return b.CreatedAt.Compare(a.CreatedAt)
				}
				return 0
			})
			mustCost(t, source, 0, 4, func() {
				if got := mustList(t, d, kanbert.ListOptions{Sort: fields}, 0); !slices.Equal(ids(got), ids(want)) {
					t.Errorf("sorted by %s: %v", sort, ids(got))
				}
			})
		}
		// What is not known of a webhook is for the API to sort by.
		mustCost(t, source, 0, 4, func() { mustList(t, d, kanbert.ListOptions{Sort: []string{"is_active", "url"}}, 0) })
	})
}

// TestListIsFreshByOrder lets another program write while a list is on its way,
// and between two.
func TestListIsFreshByOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := newAPI(30, hooks("ours", 90)...)
		source.latency = always(time.Second)
		d := directory.New(source)
		made := hook("made", 1)
		var first sync.WaitGroup
		first.Go(func() { mustList(t, d, kanbert.ListOptions{}, 0) })
		after(1500 * time.Millisecond)
		source.add(made)
		source.remove("id-ours-00005")
		for _, limit := range []int{0, 1000} {
			got := ids(mustList(t, d, kanbert.ListOptions{}, limit))
			if !slices.Contains(got, made.ID) || slices.Contains(got, "id-ours-00005") {
				t.Errorf("limit %d: it is not as of the call", limit)
			}
		}
		first.Wait()
	})
}

// TestListError reaches each that waited, once, and is not kept.
func TestListError(t *testing.T) {
	for name, opts := range map[string]kanbert.ListOptions{"all": {}, "own": {Sort: []string{"is_active"}}} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				source := newAPI(30, hooks("ours", 90)...)
				broken := refusal(http.StatusInternalServerError, kanbert.ErrServer)
				source.fault = func(_ int, r request) error {
					if r.opts.Cursor != "" {
						return broken
					}
					return nil
				}
				d := directory.New(source)
				atOnce(5, func(int) {
					errs := 0
					for _, err := range d.List(t.Context(), opts, 0) {
						if err != nil {
							errs++
						}
					}
					if errs != 1 {
						t.Errorf("%d errors", errs)
					}
				})
				source.fault = nil
				if got := mustList(t, d, opts, 0); len(got) != 90 {
					t.Errorf("%d were listed", len(got))
				}
			})
		})
	}
}

// TestListSurvivesAnothersCancellation cancels one of two that read together.
func TestListSurvivesAnothersCancellation(t *testing.T) {
	for name, opts := range map[string]kanbert.ListOptions{"all": {}, "own": {Sort: []string{"is_active"}}} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				source := newAPI(30, hooks("ours", 90)...)
				source.latency = always(time.Second)
				d := directory.New(source)
				ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
				defer cancel()
				atOnce(2, func(i int) {
					if i == 0 {
						if got := mustList(t, d, opts, 0); len(got) != 90 {
							t.Errorf("%d were listed", len(got))
						}
						return
					}
					var last error
					for _, err := range d.List(ctx, opts, 0) {
						last = err
					}
					if !errors.Is(last, context.DeadlineExceeded) {
						t.Errorf("the other got %v", last)
					}
				})
				if n := source.total(); n != 3 {
					t.Errorf("%d requests were sent", n)
				}
			})
		})
	}
}

// TestFirstPageIsNotWaitedForLong has a first page that takes a minute, or fails.
func TestFirstPageIsNotWaitedForLong(t *testing.T) {
	for name, slow := range map[string]bool{"slow": true, "failing": false} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				ours := hooks("ours", 300)
				source := newAPI(30, ours...)
				source.latency = func(r request) time.Duration {
					if slow && !r.isLookup() {
						return time.Minute
					}
					return 100 * time.Millisecond
				}
				source.fault = func(_ int, r request) error {
					if !slow && !r.isLookup() {
						return refusal(http.StatusInternalServerError, kanbert.ErrServer)
					}
					return nil
				}
				d := directory.New(source)
				began := time.Now()
				w := walk{parallelism: 10, cores: 2, work: 4 * time.Millisecond}
				order := make([]int, 100)
				for i := range order {
					order[i] = i
				}
				w.walk(t, order, func(i int) { mustRead(t, d, ours[i]) })
				most := 10 * time.Second // Ten waves.
				if slow {
					most += directory.PageWait * 10
				}
				if took := time.Since(began); took > most {
					t.Errorf("it took %s", took)
				}
				if r := source.requests[0]; r.isLookup() || !r.opts.Once {
					t.Errorf("the first request was %v", r.opts)
				}
				if slices.ContainsFunc(source.requests[1:], func(r request) bool { return r.opts.Once }) {
					t.Error("another request was sent in one attempt")
				}
			})
		})
	}
}

// TestConnectionBreaksOnLongFilters closes the connection on a request line of
// more than 2 KiB, as nginx does over HTTP/2.
func TestConnectionBreaksOnLongFilters(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var ours []kanbert.Webhook
		for i, h := range hooks("ours", 100) {
			h.URL += "?" + strings.Repeat("a", 120+i%10)
			ours = append(ours, h)
		}
		source := newAPI(30, append(hooks("other", 1000), ours...)...)
		source.fault = func(_ int, r request) error {
			if r.isLookup() && escapedLength(r.opts.Filter) > 2000 {
				return &kanbert.TransportError{Method: http.MethodGet, Path: "/webhooks", Err: errors.New("server sent GOAWAY")}
			}
			return nil
		}
		d := directory.New(source)
		w := walk{parallelism: 20, cores: 2, work: 4 * time.Millisecond}
		order := make([]int, 100)
		for i := range order {
			order[i] = i
		}
		w.walk(t, order, func(i int) { mustRead(t, d, ours[i]) })
	})
}

// TestBrokenConnectionIsAnError breaks on every request: no smaller look-up helps.
func TestBrokenConnectionIsAnError(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ours := hooks("ours", 10)
		source := newAPI(30, hooks("other", 1000)...)
		source.fault = func(_ int, r request) error {
			if r.isLookup() {
				return &kanbert.TransportError{Method: http.MethodGet, Path: "/webhooks", Err: errors.New("reset")}
			}
			return nil
		}
		d := directory.New(source)
		atOnce(10, func(i int) {
			if _, err := d.Read(t.Context(), ours[i].ID, ours[i].URL, nil); !errors.As(err, new(*kanbert.TransportError)) {
				t.Errorf("Read = %v", err)
			}
		})
		if lookups, _ := source.sent(); lookups > 2 {
			t.Errorf("%d look-ups were sent", lookups)
		}
	})
}

// TestURLsAreNamedOnce looks one URL up for many.
func TestURLsAreNamedOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := newAPI(30, hooks("other", 1000)...)
		d := directory.New(source)
		atOnce(10, func(i int) {
			if _, found, err := d.ByURL(t.Context(), fmt.Sprintf("https://free.example.com/%d", i%2)); found || err != nil {
				t.Error(found, err)
			}
		})
		for _, r := range source.requests {
			if r.isLookup() && len(r.urls()) != 2 {
				t.Errorf("%v were looked up", r.urls())
			}
		}
	})
}

// odd gives records as a list may: without a URL or an event.
type odd struct{}

func (odd) ListPage(ctx context.Context, opts kanbert.ListOptions) (*kanbert.Page, error) {
	record := func(id string) string {
		return `{"id":"` + id + `","url":null,"event":"contact:create","project_id":null,"client_id":null,"created_at":null}`
	}
	client, err := kanbert.New(kanbert.WithToken(kanbert.NewSecret("token")), kanbert.WithTransport(body(
		`{"data":[`+record("odd-1")+`,`+record("odd-2")+
			`,{"id":"whole","url":"https://whole.example.com/","event":"contact:create","project_id":null,"client_id":null,"created_at":"2026-01-02T03:04:05Z"}`+
			`],"meta":{"next_cursor":null}}`)))
	if err != nil {
		return nil, err
	}
	return client.ListPage(ctx, opts)
}

// TestOddRecord fails the call that asks for it, and no other.
func TestOddRecord(t *testing.T) {
	d := directory.New(odd{})
	atOnce(2, func(i int) {
		if i == 0 {
			if _, err := d.Read(t.Context(), "whole", "https://whole.example.com/", nil); err != nil {
				t.Error(err)
			}
			return
		}
		if got := mustList(t, d, kanbert.ListOptions{}, 0); !slices.Equal(ids(got), []string{"odd-1", "odd-2", "whole"}) {
			t.Errorf("%v were listed", ids(got))
		}
	})
	for _, err := range []error{
		func() error {
			_, err := d.Read(t.Context(), "odd-2", "https://odd.example.com/", nil)
			return err
		}(),
		func() error { _, _, err := d.ByID(t.Context(), "odd-2"); return err }(),
	} {
		if !errors.Is(err, kanbert.ErrMalformed) || !strings.Contains(err.Error(), `"odd-2"`) || !strings.Contains(err.Error(), `"created_at"`) {
			t.Errorf("got %v", err)
		}
	}
	if err := d.ConfirmGone(t.Context(), "odd-2", "https://odd.example.com/", nil); !errors.Is(err, directory.ErrStillListed) {
		t.Errorf("ConfirmGone = %v", err)
	}
}

// body answers every request with one text.
type body string

func (b body) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(string(b))), Request: r,
	}, nil
}
