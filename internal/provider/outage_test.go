// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// A server that is down ends any number of reads and creates in the time of one,
// and is explained once.
func TestOutageEndsAllAtOnce(t *testing.T) {
	t.Parallel()
	for _, fault := range []kanberttest.Fault{
		kanberttest.Timeout(),
		kanberttest.Refused(),
		kanberttest.Status(500),
		kanberttest.HTML(503),
		kanberttest.Status(401),
	} {
		for name, do := range map[string]func(p *protocol, i int) diagnostics{
			"read": func(p *protocol, i int) diagnostics {
				_, diags := p.read(instance{values: with(contact, attrs{"id": fmt.Sprint("id-", i), "url": receiver(i), "created_at": "2024-01-01T00:00:00Z"})})
				return diags
			},
			"create": func(p *protocol, i int) diagnostics {
				config := with(contact, attrs{"url": receiver(i)})
				_, diags := p.apply(instance{}, p.plan(instance{}, config), config)
				return diags
			},
		} {
			took := map[int]time.Duration{}
			for _, n := range []int{10, 100} {
				synctest.Test(t, func(t *testing.T) {
					s := kanberttest.New()
					p := newProtocolFor(t, s)
					s.FailEvery(kanberttest.Match{}, fault)
					begin := time.Now()
					whole, short := tell(p, n, do)
					took[n] = time.Since(begin)
					settle()
					// What may have been created by ten at a time is reported for each.
					if whole+short < n || whole > 10 || name == "read" && whole != 1 {
						t.Errorf("%s of %d, %s: %d whole errors, %d short ones", name, n, fault, whole, short)
					}
				})
			}
			if took[100] > took[10]*3/2+time.Second {
				t.Errorf("%s, %s: it took %v", name, fault, took)
			}
		}
	}
}

func receiver(i int) string { return fmt.Sprintf("https://receiver.example/%d", i) }

// tell does n operations, ten at a time, and counts the errors that explain a
// cause and those that point at such a one.
func tell(p *protocol, n int, do func(p *protocol, i int) diagnostics) (whole, short int) {
	todo := make(chan int)
	var group sync.WaitGroup
	var mu sync.Mutex
	for range 10 {
		group.Go(func() {
			for i := range todo {
				diags := do(p, i)
				mu.Lock()
				for _, d := range diags {
					switch {
					case d.Severity == tfprotov6.DiagnosticSeverityWarning:
					case strings.Contains(d.Detail, "see the first error."):
						short++
					case strings.Contains(d.Detail, "Request:"):
						whole++
					}
				}
				mu.Unlock()
			}
		})
	}
	for i := range n {
		todo <- i
	}
	close(todo)
	group.Wait()
	return whole, short
}
