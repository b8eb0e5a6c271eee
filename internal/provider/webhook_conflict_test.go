// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/kanbert/terraform-provider-kanbert/internal/directory"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

const (
	conflictSummary = "Several webhooks have one URL"
	spellingSummary = "Several webhooks have one URL in different spellings"
	takenSummary    = "The URL is taken"
)

// urlOf is contact with this path.
func urlOfPath(path string) attrs {
	return with(contact, attrs{"url": "https://receiver.example/" + path})
}

func forEvent(config attrs, event string) attrs { return with(config, attrs{"event": event}) }

// inState is a webhook of the sandbox as an apply has left it in state.
func inState(s *kanberttest.Sandbox, config attrs) instance {
	w := kanberttest.Webhook{URL: config["url"].(string), Event: config["event"].(string)}
	w = s.Seed(w)[0]
	return instance{values: with(config, attrs{
		"id": w.ID, "created_at": w.CreatedAt.Format("2006-01-02T15:04:05Z"), "signature_secret_key": w.Secret,
	}), identity: attrs{"id": w.ID}}
}

// step plans one resource.
type step func(p *protocol) diagnostics

func stays(prior instance, config attrs) step {
	return func(p *protocol) diagnostics { return p.plan(prior, config).diagnostics }
}

func isReplaced(prior instance, config attrs) step {
	return func(p *protocol) diagnostics { return p.replace(prior, config).diagnostics }
}

func isNew(config attrs) step { return stays(instance{}, config) }

func isDestroyed(prior instance) step { return stays(prior, nil) }

// isRead refreshes a resource before its planning.
func isRead(prior instance, plan step) step {
	return func(p *protocol) diagnostics {
		_, diags := p.read(prior)
		return append(diags, plan(p)...)
	}
}

// isTainted is read and planned as new alone.
func isTainted(prior instance, config attrs) step { return isRead(prior, isNew(config)) }

// planInAnyOrder plans the resources one after the other in many orders (in each, if
// there are three or fewer), and once at the same time, each time in a walk of its
// own, and calls check with the diagnostics of each walk.
func planInAnyOrder(p *protocol, steps []step, check func(order []int, diags diagnostics)) {
	random, tried := rand.New(rand.NewPCG(1, 2)), map[string]bool{}
	for range 30 {
		order, diags := random.Perm(len(steps)), diagnostics{}
		if tried[fmt.Sprint(order)] || len(tried) == 12 {
			continue
		}
		tried[fmt.Sprint(order)] = true
		p.nextWalk()
		for _, i := range order {
			diags = append(diags, steps[i](p)...)
		}
		check(order, diags)
	}
	p.nextWalk()
	all := make([]diagnostics, len(steps))
	var done sync.WaitGroup
	for i, step := range steps {
		done.Go(func() { all[i] = step(p) })
	}
	done.Wait()
	var diags diagnostics
	for _, some := range all {
		diags = append(diags, some...)
	}
	check(nil, diags)
}

func (ds diagnostics) withSummary(summary string) diagnostics {
	var some diagnostics
	for _, d := range ds {
		if d.Summary == summary {
			some = append(some, d)
		}
	}
	return some
}

// Several new or changed webhooks with one URL are one error for each URL, in
// whatever order they are planned, and before anything is sent that would change
// something.
func TestConflictIsOneError(t *testing.T) {
	t.Parallel()
	s := kanberttest.New()
	u, v := urlOfPath("u"), urlOfPath("v")
	a, b, c := inState(s, urlOfPath("a")), inState(s, urlOfPath("b")), inState(s, urlOfPath("c"))
	var ten []step
	for _, event := range kanbert.Events()[:10] {
		ten = append(ten, isNew(with(u, attrs{"event": string(event), "project_id": "p"})))
	}
	for name, c := range map[string]struct {
		steps  []step
		errors int
	}{
		"ten new ones":                         {ten, 1},
		"ten new ones, one of them in state":   {append([]step{isRead(a, stays(a, urlOfPath("a")))}, isNew(forEvent(urlOfPath("a"), "company:create")), isNew(forEvent(urlOfPath("a"), "contact:delete"))), 1},
		"two copied blocks":                    {[]step{isNew(u), isNew(u)}, 1},
		"a copied block":                       {[]step{isRead(a, stays(a, urlOfPath("a"))), isNew(urlOfPath("a"))}, 1},
		"a copied block, with -refresh=false":  {[]step{stays(a, urlOfPath("a")), isNew(urlOfPath("a"))}, 1},
		"a copied block, with -replace":        {[]step{isReplaced(a, urlOfPath("a")), isNew(urlOfPath("a"))}, 1},
		"a copied block, and a taint":          {[]step{isTainted(a, urlOfPath("a")), isNew(urlOfPath("a"))}, 1},
		"two that move to one URL":             {[]step{isReplaced(a, u), isReplaced(b, u)}, 1},
		"one that moves to where another is":   {[]step{isReplaced(a, urlOfPath("b")), stays(b, urlOfPath("b"))}, 1},
		"one that moves to where a new one is": {[]step{isReplaced(a, u), isNew(u)}, 1},
		"several URLs":                         {[]step{isNew(u), isNew(v), isNew(u), isNew(v), isNew(v), stays(c, urlOfPath("c")), isNew(urlOfPath("c"))}, 3},
	} {
		bubble(t, name, func(t *testing.T) {
			planInAnyOrder(newProtocolFor(t, s), c.steps, func(order []int, diags diagnostics) {
				errors := diags.errors()
				if len(errors) != c.errors || len(errors.withSummary(conflictSummary)) != c.errors {
					t.Errorf("order %v: %d errors, want %d:\n%s", order, len(errors), c.errors, errors)
				}
				for _, e := range errors {
					if attributeName(e.Attribute) != "url" {
						t.Errorf("the error is not on url:\n%s", errors)
					}
				}
			})
		})
	}
}

// What ends well plans without an error, in whatever order it is planned.
func TestNoFalseConflict(t *testing.T) {
	t.Parallel()
	s := kanberttest.New()
	u, v, w := urlOfPath("u"), urlOfPath("v"), urlOfPath("w")
	a, b := inState(s, u), inState(s, v)
	for name, steps := range map[string][]step{
		"nothing changes":                    {isRead(a, stays(a, u)), isRead(b, stays(b, v))},
		"a swap of two URLs":                 {isReplaced(a, v), isReplaced(b, u)},
		"b takes a's old URL":                {isReplaced(a, w), isReplaced(b, u)},
		"a new one takes a's old URL":        {isReplaced(a, w), isNew(u)},
		"a new one takes a destroyed one's":  {isRead(a, isDestroyed(a)), isNew(u)},
		"a rename without moved":             {isRead(a, isDestroyed(a)), isNew(u), stays(b, v)},
		"-replace of both":                   {isRead(a, isReplaced(a, u)), isRead(b, isReplaced(b, v))},
		"-replace of both, crosswise moved":  {isReplaced(a, v), isReplaced(b, u)},
		"crosswise moved":                    {stays(a, u), stays(b, v)},
		"another event at the same URL":      {isReplaced(a, forEvent(u, "company:create")), stays(b, v)},
		"a taint":                            {isTainted(a, u), isRead(b, stays(b, v))},
		"a taint, with -refresh=false":       {isNew(u), stays(b, v)},
		"both tainted":                       {isTainted(a, u), isTainted(b, v)},
		"a destroy of all":                   {isDestroyed(a), isDestroyed(b)},
		"unknown URLs":                       {isNew(with(u, attrs{"url": unknown})), isNew(with(u, attrs{"url": unknown})), isReplaced(a, with(u, attrs{"url": unknown})), stays(b, v)},
		"an unknown event":                   {isReplaced(a, with(u, attrs{"event": unknown}))},
		"another spelling of what is there":  {isRead(a, stays(a, with(u, attrs{"url": "https://RECEIVER.example/u"})))},
		"another path by case":               {stays(a, u), isNew(urlOfPath("U"))},
		"a replacement in another spelling":  {isReplaced(a, with(u, attrs{"url": "https://RECEIVER.example/u", "event": "company:create"}))},
		"an apply: destroyed, then as new":   {isNew(u), isNew(v)},
		"one deposed, and one in its place":  {isDestroyed(a), isReplaced(b, u)},
		"one that goes, at two addresses":    {isDestroyed(a), isDestroyed(a), isNew(u)},
		"forgotten here, imported elsewhere": {func(p *protocol) diagnostics { _, diags := p.importByID(a.values["id"].(string)); return diags }, isRead(a, stays(a, u))},
		"twins in spelling that stay":        {stays(inState(s, urlOfPath("t")), urlOfPath("t")), stays(inState(s, with(u, attrs{"url": "https://RECEIVER.example/t"})), with(u, attrs{"url": "https://RECEIVER.example/t"}))},
	} {
		bubble(t, name, func(t *testing.T) {
			planInAnyOrder(newProtocolFor(t, s), steps, func(order []int, diags diagnostics) {
				if diags.hasErrors() || len(diags.withSummary(spellingSummary)) > 0 {
					t.Errorf("order %v:\n%s", order, diags)
				}
			})
		})
	}
	wantNoWrites(t, s)
}

// A server that compares texts accepts another spelling of a URL: it is a warning.
func TestConflictInAnotherSpelling(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		u, respelt := urlOfPath("u"), with(contact, attrs{"url": "https://RECEIVER.example/u"})
		p := newProtocolFor(t, s)
		planInAnyOrder(p, []step{isNew(u), isNew(respelt), isNew(with(u, attrs{"url": "https://receiver.example:443/u"}))}, func(order []int, diags diagnostics) {
			if len(diags) != 1 || len(diags.warnings().withSummary(spellingSummary)) != 1 {
				t.Errorf("order %v: want one warning:\n%s", order, diags)
			}
		})
		planInAnyOrder(p, []step{isNew(u), isNew(respelt), isNew(u)}, func(order []int, diags diagnostics) {
			if errors := diags.errors(); len(errors) != 1 || len(errors.withSummary(conflictSummary)) != 1 {
				t.Errorf("order %v: want one error:\n%s", order, diags)
			}
		})
	})
}

// The text names the events that were seen, sorted, and shows nothing of the URL.
func TestConflictNamesEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newProtocolFor(t, kanberttest.New())
		for _, c := range []struct{ first, second, says string }{
			{"contact:create", "company:create", "several webhooks, so far for company:create and contact:create."},
			{"company:create", "contact:create", "several webhooks, so far for company:create and contact:create."},
			{"company:create", "company:create", "several webhooks, so far for company:create."},
		} {
			p.nextWalk()
			wantNone(t, p.plan(instance{}, forEvent(contact, c.first)).diagnostics)
			diags := p.plan(instance{}, forEvent(contact, c.second)).diagnostics
			wantOneError(t, diags, "url", c.says, `url = "…/${replace(each.key, ":", "/")}"`, "terraform destroy -refresh=false")
			if text := diags.String(); strings.Contains(text, "hunter2") || strings.Contains(text, "contacts") {
				t.Errorf("the text shows the URL:\n%s", text)
			}
		}
		p.nextWalk()
		unknownEvent := with(contact, attrs{"event": unknown})
		wantNone(t, p.plan(instance{}, unknownEvent).diagnostics)
		wantOneError(t, p.plan(instance{}, unknownEvent).diagnostics, "url", "for several webhooks. Give")
	})
}

// Each configuration of the provider, as for another workspace, is a world of its
// own, and what a walk has seen does not reach the next.
func TestConflictIsOfOneConfiguration(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		p, q := newProtocolFor(t, s), newProtocolFor(t, s)
		wantNone(t, p.plan(instance{}, contact).diagnostics)
		wantNone(t, q.plan(instance{}, contact).diagnostics)
		p.nextWalk()
		wantNone(t, p.plan(instance{}, contact).diagnostics)
	})
}

// Where the client can defer changes a conflict is a warning, and an apply in
// which something was created or deleted leaves it to the create.
func TestConflictWithDeferralAndInApply(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		p := newProtocolFor(t, s)
		p.deferral = true
		wantNone(t, p.plan(instance{}, contact).diagnostics)
		diags := p.plan(instance{}, contact).diagnostics
		if len(diags) != 1 || len(diags.warnings().withSummary(conflictSummary)) != 1 {
			t.Errorf("want one warning:\n%s", diags)
		}
		p.deferral = false
		p.nextWalk()
		p.create(contact)
		wantNone(t, p.plan(instance{}, contact).diagnostics)
	})
}

// The mark by which the second planning of a replacement knows its predecessor is
// that of its own walk: each first planning writes it anew, and no state keeps it.
func TestPredecessorMark(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		a, b := inState(s, urlOfPath("a")), inState(s, urlOfPath("b"))
		p := newProtocolFor(t, s)
		stale := p.plan(a, urlOfPath("a")).private
		b.private = stale
		p.nextWalk()
		wantNone(t, p.replace(b, urlOfPath("b")).diagnostics)
		wantNone(t, p.plan(a, urlOfPath("a")).diagnostics)

		planned := p.replace(b, urlOfPath("b"))
		s.Remove(b.values["id"].(string))
		created, diags := p.apply(instance{}, planned, urlOfPath("b"))
		wantNoErrors(t, diags)
		if strings.Contains(string(created.private), predecessorKey) {
			t.Errorf("the private state after the create is %s", created.private)
		}
	})
}

// A new webhook at a URL that is taken is warned of in one wording: whether its
// holder is in state depends on the order of the walk. The holder that this
// resource itself has is no stranger.
func TestTakenInOneWording(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		a := inState(s, contact)
		texts := map[string]bool{}
		p := newProtocolFor(t, s)
		for name, steps := range map[string][]step{
			"a rename, new first": {isNew(contact), isRead(a, isDestroyed(a))},
			"a rename, old first": {isRead(a, isDestroyed(a)), isNew(contact)},
			"a taint":             {isTainted(a, contact)},
			"a stranger":          {isNew(forEvent(contact, "company:create"))},
		} {
			p.nextWalk()
			var diags diagnostics
			for _, step := range steps {
				diags = append(diags, step(p)...)
			}
			if warnings := diags.withSummary(takenSummary); len(diags) != 1 || len(warnings) != 1 {
				t.Fatalf("%s: want one warning:\n%s", name, diags)
			}
			texts[diags.String()] = true
		}
		if len(texts) != 1 {
			t.Errorf("there are %d wordings: %v", len(texts), texts)
		}
		p.nextWalk()
		if diags := isRead(a, isReplaced(a, contact))(p); len(diags) > 0 {
			t.Errorf("-replace: %s", diags)
		}
	})
}

// After the first create or delete of a process, planning warns no more: the
// holder may be on its way out, or be a webhook of this apply.
func TestNoWarningWhileApplying(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		a := inState(s, contact)
		p := newProtocolFor(t, s)
		p.create(urlOfPath("other"))
		wantNone(t, p.plan(instance{}, contact).diagnostics)
		s.FailEvery(kanberttest.Match{Method: http.MethodGet}, kanberttest.Status(404))
		wantNone(t, p.plan(instance{}, urlOfPath("third")).diagnostics)
		wantNone(t, isReplaced(a, forEvent(contact, "company:create"))(p))
	})
}

// One webhook at two addresses is warned of once, whichever call shows it.
func TestOneWebhookAtTwoAddresses(t *testing.T) {
	t.Parallel()
	s := kanberttest.New()
	a := inState(s, contact)
	id := a.values["id"].(string)
	imported := func(p *protocol) diagnostics {
		_, diags := p.importByID(id)
		return slices.DeleteFunc(diags, func(d *tfprotov6.Diagnostic) bool { return d.Summary == secretSummary })
	}
	read := func(p *protocol) diagnostics { _, diags := p.read(a); return diags }
	for name, c := range map[string]struct {
		steps []step
		want  int
	}{
		"two in state":                      {[]step{isRead(a, stays(a, contact)), isRead(a, stays(a, contact))}, 1},
		"two in state, with -refresh=false": {[]step{stays(a, contact), stays(a, contact)}, 1},
		"two in state, -refresh-only":       {[]step{read, read}, 1},
		"three in state":                    {[]step{stays(a, contact), stays(a, contact), stays(a, contact)}, 1},
		"one goes, one stays":               {[]step{isDestroyed(a), stays(a, contact)}, 1},
		"one goes, one is replaced":         {[]step{isDestroyed(a), isReplaced(a, contact)}, 1},
		"all go":                            {[]step{isDestroyed(a), isDestroyed(a)}, 0},
		"one":                               {[]step{isRead(a, stays(a, contact))}, 0},
		"one, replaced":                     {[]step{isRead(a, isReplaced(a, contact))}, 0},
		"an import":                         {[]step{func(p *protocol) diagnostics { return append(imported(p), isRead(a, stays(a, contact))(p)...) }}, 0},
		"an import, and in state": {[]step{
			func(p *protocol) diagnostics { return append(imported(p), isRead(a, stays(a, contact))(p)...) },
			isRead(a, stays(a, contact)),
		}, 1},
		"an import, and in state, with -refresh=false": {[]step{
			func(p *protocol) diagnostics { return append(imported(p), isRead(a, stays(a, contact))(p)...) },
			stays(a, contact),
		}, 1},
	} {
		bubble(t, name, func(t *testing.T) {
			planInAnyOrder(newProtocolFor(t, s), c.steps, func(order []int, diags diagnostics) {
				warnings := diags.warnings().withSummary(fmt.Sprintf("Webhook %s is in state at two addresses", id))
				if len(warnings) != c.want || len(diags) != c.want {
					t.Errorf("order %v: want %d warnings:\n%s", order, c.want, diags)
				}
			})
		})
	}
}

// Two imports of one webhook are an error, by whatever they name it.
func TestImportedTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		webhook := s.Seed(kanberttest.Webhook{URL: contact["url"].(string)})[0]
		p := newProtocolFor(t, s)
		_, diags := p.importByID(webhook.ID)
		wantNoneBut(t, secretSummary, diags)
		_, diags = p.importByID(webhook.URL)
		wantOneError(t, diags, "", "Unable to import webhook", webhook.ID, "imported twice")
		_, diags = p.importByIdentity(attrs{"id": webhook.ID})
		wantOneError(t, diags, "", "imported twice")
	})
}

// A URL that several creates are refused for is explained once in a run.
func TestTakenIsExplainedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		p := newProtocolFor(t, s, WithClientOptions(kanbert.WithBackoff(quickly)))
		late := with(contact, attrs{"url": unknown})
		planned := p.plan(instance{}, late)
		planned.values = with(planned.values, contact)
		holder := s.Seed(kanberttest.Webhook{URL: contact["url"].(string)})[0]
		_, diags := p.apply(instance{}, planned, contact)
		wantOneError(t, diags, "url", holder.ID, "If Terraform manages that webhook, here or elsewhere", "create_before_destroy", "import {")
		if text := diags.errors()[0].Detail; strings.Count(text, "\n") >= 8 {
			t.Errorf("the error has more than 8 lines:\n%s", text)
		}
		for range 2 {
			_, diags = p.apply(instance{}, planned, contact)
			wantOneError(t, diags, "url", holder.ID, "as another error of this run explains")
			if text := diags.errors()[0].Detail; strings.Contains(text, "\n") {
				t.Errorf("the error has more than one line:\n%s", text)
			}
		}
	})
}

// What this process has seen in a state, in whatever way, no create takes for its own,
// although it looks as if a create had made it that was not answered, and deletes it.
func TestWhatIsInStateIsNoCreates(t *testing.T) {
	t.Parallel()
	deletes := kanberttest.Match{Method: http.MethodDelete}
	for name, see := range map[string]func(t *testing.T, s *kanberttest.Sandbox, p *protocol, other instance){
		"not seen": func(*testing.T, *kanberttest.Sandbox, *protocol, instance) {},
		"read": func(t *testing.T, _ *kanberttest.Sandbox, p *protocol, other instance) {
			_, diags := p.read(other)
			wantNone(t, diags)
		},
		"planned":                func(_ *testing.T, _ *kanberttest.Sandbox, p *protocol, other instance) { p.plan(other, contact) },
		"destroyed, in the plan": func(_ *testing.T, _ *kanberttest.Sandbox, p *protocol, other instance) { p.plan(other, nil) },
		"imported": func(_ *testing.T, _ *kanberttest.Sandbox, p *protocol, other instance) {
			_, _ = p.importByID(other.values["id"].(string))
		},
		"not deleted": func(t *testing.T, s *kanberttest.Sandbox, p *protocol, other instance) {
			s.FailNth(1, deletes, kanberttest.Status(403))
			_, diags := p.apply(other, plannedChange{}, nil)
			wantOneError(t, diags, "", "Unable to delete webhook")
		},
	} {
		bubble(t, name, func(t *testing.T) {
			s := kanberttest.New()
			p := newProtocolFor(t, s)
			planned := p.plan(instance{}, contact)
			wantNone(t, planned.diagnostics)
			s.FailNth(1, kanberttest.Match{Method: http.MethodPost}, kanberttest.Reset())
			var other instance
			s.Before(1, kanberttest.Match{Method: http.MethodPost}, func(s *kanberttest.Sandbox) {
				other = inState(s, contact)
				see(t, s, p, other)
				s.ResetRequests()
			})
			created, diags := p.apply(instance{}, planned, contact)
			settle()
			if name == "not seen" {
				// So that this test shows something: this one is deleted.
				wantNoErrors(t, diags)
				if n := s.Count(http.MethodDelete); n != 1 || created.values["id"] == other.values["id"] {
					t.Errorf("%d DELETEs were sent, and the state is %v", n, created.values)
				}
				return
			}
			wantOneError(t, diags, "", other.values["id"].(string))
			if n := s.Count(http.MethodDelete); n != 0 || len(s.Webhooks()) != 1 {
				t.Errorf("%d DELETEs were sent, and %d webhooks are left", n, len(s.Webhooks()))
			}
		})
	}
}

// recordingReader notes what the provider tells its reader.
type recordingReader struct {
	Reader
	told *[]string
}

func (r recordingReader) Created(w kanbert.Webhook) {
	*r.told = append(*r.told, "created "+w.ID)
	r.Reader.Created(w)
}

func (r recordingReader) Deleted(id string) {
	*r.told = append(*r.told, "deleted "+id)
	r.Reader.Deleted(id)
}

// The reader learns of each create and delete of this process, and of what was found
// to be deleted already, and of nothing that failed.
func TestReaderLearnsOfChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		var told []string
		p := newProtocolFor(t, s, WithReader(func(source directory.Source) Reader {
			return recordingReader{directory.New(source), &told}
		}))
		created := p.create(contact)
		s.FailNth(1, kanberttest.Match{Method: http.MethodDelete}, kanberttest.Status(403))
		_, diags := p.apply(created, plannedChange{}, nil)
		wantOneError(t, diags, "", "Unable to delete webhook")
		_, diags = p.apply(created, plannedChange{}, nil)
		wantNone(t, diags)
		gone := p.create(contact)
		s.Remove(gone.values["id"].(string))
		_, diags = p.apply(gone, plannedChange{}, nil)
		wantWarning(t, diags, "no longer exists")
		a, b := created.values["id"].(string), gone.values["id"].(string)
		if want := []string{"created " + a, "deleted " + a, "created " + b, "deleted " + b}; !slices.Equal(told, want) {
			t.Errorf("the reader was told %q, want %q", told, want)
		}
	})
}

// A resource without an id, as of a create that failed, is none that another has.
func TestNoIDIsNoWebhook(t *testing.T) {
	t.Parallel()
	p := newProtocol(t)
	wantNone(t, p.configure(attrs{"token": unknown}))
	for i := range 2 {
		config := urlOfPath(fmt.Sprint(i))
		wantNone(t, p.plan(instance{values: config}, config).diagnostics)
	}
}
