// SPDX-License-Identifier: MPL-2.0

package directory_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/directory"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// BenchmarkRead reads webhooks that are known: what a read costs beside its
// share of the requests.
func BenchmarkRead(b *testing.B) {
	source := newAPI(100, otherHooks...)
	source.latency = always(0)
	d := directory.New(source)
	for _, err := range d.List(context.Background(), kanbert.ListOptions{}, 0) {
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		h := &otherHooks[i%len(otherHooks)]
		if _, err := d.Read(context.Background(), h.ID, h.URL, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkWalk reads all of a workspace, ten at a time, over an API that
// answers at once. One operation is one read.
func BenchmarkWalk(b *testing.B) {
	for _, m := range []int{100, 1000, 10000} {
		b.Run(fmt.Sprint(m), func(b *testing.B) {
			source := newAPI(100, otherHooks[:m]...)
			source.latency = always(0)
			b.ReportAllocs()
			for done := 0; done < b.N; done += m {
				readAll(b, directory.New(source), otherHooks[:m])
			}
		})
	}
}

func readAll(b *testing.B, d *directory.Directory, webhooks []kanbert.Webhook) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(webhooks)); i = next.Add(1) - 1 {
				h := &webhooks[i]
				if _, err := d.Read(context.Background(), h.ID, h.URL, nil); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
}
