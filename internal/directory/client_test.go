// SPDX-License-Identifier: MPL-2.0

package directory_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/directory"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// TestOverTheClient walks over the real client and the sandbox in memory, in
// every way that the sandbox lists.
func TestOverTheClient(t *testing.T) {
	const n, m = 100, 600
	for _, c := range []struct {
		name string
		page int
		opts []kanberttest.Option
		// more is how many requests are allowed beside the bound.
		more int
	}{
		{"clamped pages", 30, nil, 0},
		{"large pages", 100, nil, 0},
		{"refused pages", 30, []kanberttest.Option{kanberttest.WithRefuseLargePages()}, 2},
		{"case-insensitive collation", 100, []kanberttest.Option{kanberttest.WithCaseInsensitiveCollation()}, 0},
		{"respelled URLs", 100, []kanberttest.Option{kanberttest.WithRespelledURLs(), kanberttest.WithOddIDs()}, 0},
		{"without in", 100, []kanberttest.Option{kanberttest.WithoutOperator("in")}, 3},
		{"short URIs", 100, []kanberttest.Option{kanberttest.WithMaxRequestURI(400)}, 60},
		{"empty pages", 100, []kanberttest.Option{kanberttest.WithEmptyPages()}, 7},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				opts := append([]kanberttest.Option{kanberttest.WithMaxPageSize(c.page), kanberttest.WithLatency(100 * time.Millisecond)}, c.opts...)
				sandbox := kanberttest.New(opts...)
				webhooks := make([]kanberttest.Webhook, m)
				for i := range webhooks {
					webhooks[i] = kanberttest.Webhook{URL: fmt.Sprintf("https://Hooks.example.com/%05d?token=a%%20b", i*7919%100000), Event: "contact:create"}
				}
				webhooks = sandbox.Seed(webhooks...)
				client, err := kanbert.New(
					kanbert.WithToken(kanbert.NewSecret(sandbox.Token())),
					kanbert.WithBaseURL(sandbox.BaseURL()),
					kanbert.WithTransport(sandbox.Transport()),
				)
				if err != nil {
					t.Fatal(err)
				}
				d := directory.New(client)
				w := walk{n: n, m: m, page: c.page, parallelism: 10, cores: 2, work: 4 * time.Millisecond}
				order := make([]int, n)
				for i := range order {
					order[i] = i
				}
				w.walk(t, order, func(i int) {
					h := webhooks[i*6]
					if got, err := d.Read(t.Context(), h.ID, h.URL, nil); err != nil || got.ID != h.ID || !kanbert.SameURL(got.URL, h.URL) {
						t.Errorf("Read(%s) = %v, %v", h.ID, got, err)
					}
				})
				if got, most := sandbox.Count(http.MethodGet), w.bound()+c.more; got > most || got != sandbox.Count("") {
					t.Errorf("%d requests were sent, %d are allowed", got, most)
				}
				if _, err := d.Read(t.Context(), "gone", "https://gone.example.com/", nil); !errors.Is(err, directory.ErrGone) {
					t.Errorf("Read of what is gone = %v", err)
				}
			})
		})
	}
}
