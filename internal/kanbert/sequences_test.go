// SPDX-License-Identifier: MPL-2.0

package kanbert_test

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/directory"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// Every operation is run against every sequence of up to three faults, each of
// every kind. A fault is placed on a request that the sequence before it is known
// to make: so no sequence is run that could not happen, and none is left out.
//
// All of them take minutes. By default a sample is run: each single fault (with -short
// each second), and a share of the longer sequences, the same each time. With -faults.all, as
// `make faults` passes it, all of them are run.
//
// The race detector makes a run five times as long, and has little to find in
// what one goroutine does. With both, the members of a family of faults take turns:
// every family meets every other at every place, and every member is met.
const maxFaults = 3

var allFaults = flag.Bool("faults.all", false, "run every sequence of faults instead of a sample")

// sampledIn returns of how many sequences of one length one is run.
func sampledIn(length int) uint64 {
	switch {
	case *allFaults || length == 0:
		return 1
	case testing.Short() && length == 1:
		return 2
	case testing.Short():
		return 128
	case length == 1:
		return 1
	default:
		return 16
	}
}

// maxStrangers is how often a stranger acts in one sequence.
const maxStrangers = 1

// kind is a fault, or an act of a stranger, and what may be expected of a run that
// meets it.
type kind struct {
	fault kanberttest.Fault
	// stranger is what another program does before the request, with a token of
	// the same workspace.
	stranger *strangerAct
	// methods are those whose requests it is placed on.
	methods string
	// laterPages restricts it to lists that ask for a page after the first.
	laterPages bool
	// final kinds may end the run in an error. All others must not.
	final bool
	// family is the same for kinds that leave the server in the same state and
	// the client with the same question. It is that of itself if empty.
	family string
}

const (
	anyMethod = "GET POST DELETE"
	writes    = "POST DELETE"
)

// kinds returns every kind of fault. What a GET does is nothing, so that before
// and after its work are one and the same.
func kinds() []kind {
	const wait = 2 * time.Second
	all := []kind{
		{fault: kanberttest.Refused(), methods: anyMethod},
		{fault: kanberttest.RateLimited(kanberttest.InSeconds, wait), methods: anyMethod, family: "limited"},
		{fault: kanberttest.RateLimited(kanberttest.AsDate, wait), methods: anyMethod, family: "limited"},
		{fault: kanberttest.RateLimited(kanberttest.AsReset, wait), methods: anyMethod, family: "limited"},
		{fault: kanberttest.RateLimited(kanberttest.Unsaid, wait), methods: anyMethod, family: "limited"},
		{fault: kanberttest.CutBody(), methods: anyMethod, family: "unreadable"},
		{fault: kanberttest.StalledBody(), methods: anyMethod, family: "unreadable"},
		{fault: kanberttest.EmptyBody(), methods: anyMethod, family: "unreadable"},
		{fault: kanberttest.WrongContentType(), methods: "GET DELETE", family: "unreadable"},
		// Answers to a POST that prove nothing: what they made is named and left.
		{fault: kanberttest.WrongContentType(), methods: "POST", final: true, family: "answered"},
		{fault: kanberttest.MissingID(), methods: "POST", final: true, family: "answered"},
		{fault: kanberttest.Status(http.StatusInternalServerError).AfterWork(), methods: "POST", final: true, family: "answered"},
		{fault: kanberttest.Status(http.StatusInternalServerError).LateUntilNextPOST(), methods: "POST", final: true},
		{fault: kanberttest.MissingSecret(), methods: "POST", final: true},
		{fault: kanberttest.Status(http.StatusInternalServerError), methods: "GET POST", final: true},
		{fault: kanberttest.Status(http.StatusInternalServerError), methods: "DELETE", family: "lost before the work"},
		{fault: kanberttest.Status(http.StatusInternalServerError).AfterWork(), methods: "DELETE", family: "lost after the work"},
		{fault: kanberttest.HTML(http.StatusFound), methods: anyMethod, final: true},
		{fault: kanberttest.HTML(http.StatusForbidden).AfterWork(), methods: "POST", final: true, family: "answered"},
		{fault: kanberttest.Status(http.StatusUnauthorized), methods: anyMethod, final: true},
		{fault: kanberttest.ForgottenCursor(), methods: "GET", laterPages: true, final: true},
		{fault: kanberttest.RepeatedCursor(), methods: "GET", laterPages: true, final: true},
	}
	for _, f := range []kanberttest.Fault{
		kanberttest.Reset(),
		kanberttest.Timeout(),
		kanberttest.HTML(http.StatusBadGateway),
	} {
		all = append(all,
			kind{fault: f, methods: anyMethod, family: "lost before the work"},
			kind{fault: f.AfterWork(), methods: writes, family: "lost after the work"},
			// What is done long after its request cannot be proven.
			kind{fault: f.LateUntilNextPOST(), methods: "POST", family: "lost, and done late", final: true},
		)
	}
	// Done while the client is still looking for what became of it.
	return append(all, kind{fault: kanberttest.Reset().LateBy(2 * time.Second), methods: "POST"})
}

// strangerAct is what another program does at the URL of the operation.
type strangerAct struct {
	name string
	// event is that of what it creates; empty if it creates nothing.
	event kanbert.Event
	// deletes is true if it deletes the holder first.
	deletes bool
}

// strangerActs are a create of just what the operation asks for, of something
// else, a delete, and a delete with a create behind it.
func strangerActs() []kind {
	var all []kind
	for _, act := range []strangerAct{
		{name: "a stranger creates the same", event: asked.Event},
		{name: "a stranger creates another", event: kanbert.ContactDelete},
		{name: "a stranger deletes the holder", deletes: true},
		{name: "a stranger recreates the same", event: asked.Event, deletes: true},
	} {
		all = append(all, kind{stranger: &act, methods: anyMethod, final: true})
	}
	return all
}

func (k kind) fits(r kanberttest.Request) bool {
	return strings.Contains(k.methods, r.Method) && (!k.laterPages || r.Query.Get("page[cursor]") != "")
}

// placed is a fault on one request of a run.
type placed struct {
	kind
	// at is the number of the request among all of the run, from 0.
	at int
	// match and nth place the fault: nth counts the requests that it could
	// strike, from 1.
	match kanberttest.Match
	nth   int
}

func (k kind) place(requests []kanberttest.Request, at int) placed {
	p := placed{kind: k, at: at, match: kanberttest.Match{Method: requests[at].Method}}
	for _, r := range requests[:at+1] {
		if r.Method == p.match.Method && k.fits(r) {
			p.nth++
		}
	}
	return p
}

// losesPOST reports whether the fault leaves a create without an answer.
func (p placed) losesPOST() bool {
	return p.match.Method == http.MethodPost && p.family != "limited" && p.fault != kanberttest.Refused()
}

func (k kind) isLate() bool { return strings.Contains(k.fault.String(), "work done") }

func describe(sequence []placed) string {
	names := make([]string, len(sequence))
	for i, p := range sequence {
		names[i] = fmt.Sprintf("%d: %s", p.at+1, p.fault)
		if p.stranger != nil {
			names[i] = fmt.Sprintf("before %d: %s", p.at+1, p.stranger.name)
		}
	}
	return "[" + strings.Join(names, ", ") + "]"
}

// operation is one thing that a user of the client does.
type operation struct {
	name string
	// serve prepares the server.
	serve func() *kanberttest.Sandbox
	// act runs the operation. check is called when all late work has been done,
	// and says what is wrong with what is left.
	act func(r *run) (err error, check func())
	// fails is true for an operation that has to end in an error.
	fails bool
	// heldBefore is true for an operation whose URL was not seen free, so that a
	// lost answer to its create leaves nothing that could be proven.
	heldBefore bool
	// alone is true for an operation that no stranger has a part in.
	alone bool
	// most is how many faults a sequence has at most, if less than maxFaults: for
	// an operation that asks again and again anyway.
	most int
	// lingers is true for an operation that may leave requests under way. They
	// are waited for, so that they are part of the sequence.
	lingers bool
}

// run is one operation under one sequence of faults.
type run struct {
	ctx    context.Context
	server *kanberttest.Sandbox
	client *kanbert.Client
	// before is what the server held in the beginning.
	before []kanberttest.Webhook
	// token is the stranger's. strangers are the webhooks that it made.
	token             string
	strangers         map[string]kanberttest.Webhook
	deletedByStranger map[string]bool
	broken            []string
}

// disturbed reports whether the stranger did anything.
func (r *run) disturbed() bool { return len(r.strangers)+len(r.deletedByStranger) > 0 }

// checkDeletes holds every DELETE of a webhook that the stranger made to the one
// case that no evidence can tell apart: it is just what was asked for, and was
// made within seconds of a create of ours whose connection broke.
func (r *run) checkDeletes(requests []kanberttest.Request) {
	for _, request := range requests {
		w, ofStranger := r.strangers[strings.TrimPrefix(request.Path, "/webhooks/")]
		if request.Method != http.MethodDelete || !ofStranger {
			continue
		}
		if w.Event != string(asked.Event) || !slices.ContainsFunc(requests, func(p kanberttest.Request) bool {
			return p.Method == http.MethodPost && p.Status/100 != 4 && p.Fault != "" && !w.CreatedAt.Before(p.Time.Add(-4*time.Second)) && !w.CreatedAt.After(p.Time.Add(34*time.Second))
		}) {
			r.breaks("a DELETE was sent for %s, which a stranger made", w.ID)
		}
	}
}

// act lets the stranger act, and keeps what it made and deleted.
func (r *run) act(a *strangerAct) {
	holder, held := r.server.HolderAs(r.token, asked.URL)
	if held && a.deletes {
		r.server.DeleteAs(r.token, holder.ID)
		r.deletedByStranger[holder.ID] = true
	}
	if a.event == "" {
		return
	}
	w, ok := r.server.CreateAs(r.token, kanberttest.Webhook{URL: asked.URL, Event: string(a.event), ProjectID: asked.ProjectID})
	if ok {
		r.strangers[w.ID] = w
	}
}

func (r *run) breaks(format string, args ...any) {
	r.broken = append(r.broken, fmt.Sprintf(format, args...))
}

// holder returns the server's webhook at url, or nil.
func (r *run) holder(url string) *kanberttest.Webhook {
	for _, w := range r.server.Webhooks() {
		if w.URL == url {
			return &w
		}
	}
	return nil
}

// expectUntouched breaks the run if the server lost one of the webhooks, or if it
// holds another number of others than expected.
func (r *run) expectUntouched(webhooks []kanberttest.Webhook) {
	now := r.server.Webhooks()
	for _, w := range webhooks {
		if !slices.Contains(now, w) && !r.deletedByStranger[w.ID] {
			r.breaks("webhook %s at %s is gone, which is none of the operation's", w.ID, w.URL)
		}
	}
	others := slices.DeleteFunc(now, func(w kanberttest.Webhook) bool {
		_, ofStranger := r.strangers[w.ID]
		return slices.Contains(webhooks, w) || w.URL == flushURL || ofStranger
	})
	if len(others) > 1 {
		r.breaks("the server holds %d webhooks for one resource", len(others))
	}
}

// expectCreated checks what a create left: what it returned is what the server
// holds, and what the server holds and was not returned is named by the error.
func (r *run) expectCreated(created *kanbert.CreatedWebhook, err error) {
	held := r.holder(asked.URL)
	if held != nil {
		if _, ofStranger := r.strangers[held.ID]; ofStranger {
			held = nil
		}
	}
	if err == nil {
		switch {
		case held == nil && r.deletedByStranger[created.ID]:
		case held == nil:
			r.breaks("created %s, which the server does not hold", created.ID)
		case held.ID != created.ID:
			r.breaks("created %s, and the server holds %s", created.ID, held.ID)
		case held.Secret != created.SignatureSecretKey.Reveal():
			r.breaks("the secret is not the server's")
		}
		return
	}
	var secretLost *kanbert.SecretLostError
	if created != nil && errors.As(err, &secretLost) {
		// Named, and in state: whether it still exists the next run finds out.
		if held != nil && created.ID != held.ID {
			r.breaks("the result names %s, and the server holds %s", created.ID, held.ID)
		}
		return
	}
	if created != nil {
		if created.ID == "" {
			r.breaks("a result beside an error has no id")
		}
		if held != nil && held.ID != created.ID {
			r.breaks("the result names %s, and the server holds %s", created.ID, held.ID)
		}
		if !created.SignatureSecretKey.IsZero() && !r.deletedByStranger[created.ID] && (held == nil || held.Secret != created.SignatureSecretKey.Reveal()) {
			r.breaks("the secret beside an error is not the server's")
		}
		return
	}
	if held == nil {
		return
	}
	var taken *kanbert.URLTakenError
	var unproven *kanbert.UnprovenError
	var uncertain *kanbert.UncertainError
	switch {
	case errors.As(err, &taken) && taken.Holder != nil && taken.Holder.ID == held.ID:
	case errors.As(err, &unproven) && unproven.Holder.ID == held.ID:
	case errors.As(err, &uncertain) && uncertain.URL == held.URL:
	case slices.Contains(r.before, *held):
	default:
		r.breaks("%s stands at the server, and the error does not name it: %v", held.ID, err)
	}
}

// checkResends holds every POST but the first to its right: the one before did
// provably nothing, or a look-up came in between.
func (r *run) checkResends(requests []kanberttest.Request) {
	var last *kanberttest.Request
	looks := 0
	for _, request := range requests {
		if request.Method == http.MethodGet && request.Status == http.StatusOK && request.Fault == "" {
			looks++
		}
		if request.Method != http.MethodPost {
			continue
		}
		if last != nil && !mayFollow(last, looks) {
			r.breaks("a POST was sent again after %q (%d) and %d look-ups", last.Fault, last.Status, looks)
		}
		last, looks = &request, 0
	}
}

func mayFollow(last *kanberttest.Request, looks int) bool {
	switch last.Status {
	case http.StatusTooManyRequests:
		return true
	case http.StatusFound, http.StatusForbidden, http.StatusUnauthorized:
		return false
	}
	return looks > 0 || last.Fault == kanberttest.Refused().String()
}

// explorer runs the sequences of one operation that begin with certain faults.
type explorer struct {
	t         *testing.T
	operation operation
	kinds     []kind
	// part and parts say which of the first faults to begin with.
	part, parts int
	// byFamily lets one member stand in for its family; turns counts the draws.
	byFamily bool
	turns    int
	ran      int
	// strangers is how many of those that ran have a stranger in them.
	strangers int
	broken    int
}

// isSampled reports whether a sequence is run. A longer one is run only if the one
// that it continues is.
func (x *explorer) isSampled(sequence []placed) bool {
	hash := fnv.New64a()
	_, _ = io.WriteString(hash, x.operation.name+describe(sequence))
	return hash.Sum64()%sampledIn(len(sequence)) == 0
}

// explore runs a sequence, and then all that add a fault behind it.
func (x *explorer) explore(sequence []placed) {
	requests := x.run(sequence)
	if len(sequence) == cmp.Or(x.operation.most, maxFaults) {
		return
	}
	from, strangers := 0, 0
	for _, p := range sequence {
		if p.stranger != nil {
			strangers++
		}
		from = p.at + 1
	}
	first := 0
	for at := max(0, from-1); at < len(requests); at++ {
		for _, k := range x.fitting(requests[at]) {
			// A stranger may act beside a fault; two faults are not on one request.
			if k.stranger == nil && at < from || k.stranger != nil && strangers == maxStrangers {
				continue
			}
			first++
			longer := append(slices.Clip(sequence), k.place(requests, at))
			if (len(sequence) > 0 || first%x.parts == x.part) && x.isSampled(longer) {
				x.explore(longer)
			}
		}
	}
}

// fitting returns the kinds to place on a request.
func (x *explorer) fitting(r kanberttest.Request) []kind {
	var all []kind
	families := map[string]int{}
	for _, k := range x.kinds {
		if !k.fits(r) {
			continue
		}
		member, known := families[k.family]
		if !x.byFamily || k.family == "" || !known {
			families[k.family] = len(all)
			all = append(all, k)
			continue
		}
		x.turns++
		if x.turns%3 == 0 {
			all[member] = k
		}
	}
	return all
}

// run runs one sequence and returns the requests that it made. There are none if
// a fault of it made no difference, so that a shorter sequence is the same.
func (x *explorer) run(sequence []placed) []kanberttest.Request {
	// Each run begins at the same fraction of a second, or dates that are rounded
	// would make it another run than the one that it continues.
	time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second)))
	s := x.operation.serve()
	c, err := kanbert.New(
		kanbert.WithToken(kanbert.NewSecret(s.Token())),
		kanbert.WithBaseURL(s.BaseURL()),
		kanbert.WithTransport(s.Transport()),
		kanbert.WithSteadyBackoff(),
	)
	if err != nil {
		x.t.Fatal(err)
	}
	kanbert.WithoutWhoami(c)
	r := &run{
		ctx: x.t.Context(), server: s, client: c, before: s.Webhooks(), token: s.AddToken(s.Workspace().ID),
		strangers: map[string]kanberttest.Webhook{}, deletedByStranger: map[string]bool{},
	}
	for _, p := range sequence {
		if p.stranger != nil {
			s.Before(p.at+1, kanberttest.Match{}, func(*kanberttest.Sandbox) { r.act(p.stranger) })
			continue
		}
		s.FailNth(p.nth, p.match, p.fault)
	}
	err, check := x.operation.act(r)
	if x.operation.lingers {
		time.Sleep(time.Hour)
	}
	requests := s.Requests()
	for _, p := range sequence {
		if p.at >= len(requests) || p.stranger == nil && requests[p.at].Fault == "" {
			return nil
		}
	}
	r.checkResends(requests)
	r.checkDeletes(requests)
	isFinal := func(p placed) bool { return p.final || x.operation.heldBefore && p.losesPOST() }
	switch {
	case err == nil && x.operation.fails && !r.disturbed():
		r.breaks("it succeeded")
	case err != nil && !x.operation.fails && !slices.ContainsFunc(sequence, isFinal):
		r.breaks("it failed, although nothing that happened is final: %v", err)
	}
	if slices.ContainsFunc(sequence, placed.isLate) {
		r.flush()
	}
	check()
	if len(sequence) > 0 || x.part == 0 {
		x.ran++
		if slices.ContainsFunc(sequence, func(p placed) bool { return p.stranger != nil }) {
			x.strangers++
		}
	}
	if len(r.broken) > 0 {
		x.broken++
		x.t.Errorf("%s %s:\n\t%s\n\t%v\n\trequests: %s", x.operation.name, describe(sequence), strings.Join(r.broken, "\n\t"), err, trace(requests))
	}
	return requests
}

const flushURL = "https://flush.example/"

// flush lets the server do all work that is late.
func (r *run) flush() {
	time.Sleep(10 * time.Second)
	r.server.ClearFaults()
	if _, err := r.client.CreateWebhook(r.ctx, kanbert.NewWebhook{URL: flushURL, Event: kanbert.ContactCreate}, seenFree); err != nil {
		r.breaks("a later create fails: %v", err)
	}
}

func trace(requests []kanberttest.Request) string {
	var b strings.Builder
	for _, r := range requests {
		fmt.Fprintf(&b, "\n\t\t%s %s %d %s", r.Time.Format("15:04:05.000"), r.Method, r.Status, r.Fault)
	}
	return b.String()
}

// seenFree is the evidence of a caller that has looked before, and heldBefore of
// one that has seen a holder.
func seenFree() bool   { return true }
func heldBefore() bool { return false }

// deleted deletes as Terraform does: a 404 is confirmed by a list.
func (r *run) deleted(id string) error {
	err := r.client.DeleteWebhook(r.ctx, id)
	if !kanbert.IsNotFound(err) {
		return err
	}
	for w, listErr := range r.client.ListWebhooks(r.ctx, kanbert.ListOptions{}) {
		if listErr != nil {
			return errors.Join(err, listErr)
		}
		if w.ID == id {
			return err
		}
	}
	return nil
}

var asked = kanbert.NewWebhook{URL: "https://receiver.example/hook", Event: kanbert.TaskCreate, ProjectID: "prj_1"}

// stranger is a webhook that none of the operations is about.
var stranger = kanberttest.Webhook{ID: "stranger", URL: "https://stranger.example/", CreatedAt: time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC)}

func serveWith(webhooks ...kanberttest.Webhook) func() *kanberttest.Sandbox {
	return func() *kanberttest.Sandbox {
		s := kanberttest.New()
		s.Seed(append([]kanberttest.Webhook{stranger}, webhooks...)...)
		return s
	}
}

// own is a webhook that an earlier create of ours made.
var own = kanberttest.Webhook{ID: "own", URL: asked.URL, Event: "task:update", ProjectID: "prj_1", CreatedAt: time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC)}

func operations() []operation {
	return []operation{
		{
			name:  "create",
			serve: serveWith(),
			act: func(r *run) (error, func()) {
				created, err := r.client.CreateWebhook(r.ctx, asked, seenFree)
				return err, func() {
					r.expectUntouched(r.before)
					r.expectCreated(created, err)
				}
			},
		},
		{
			name:  "replace",
			serve: serveWith(own),
			act: func(r *run) (error, func()) {
				others := slices.DeleteFunc(slices.Clone(r.before), func(w kanberttest.Webhook) bool { return w.ID == own.ID })
				if err := r.deleted(own.ID); err != nil {
					return err, func() { r.expectUntouched(others) }
				}
				created, err := r.client.CreateWebhook(r.ctx, asked, seenFree)
				return err, func() {
					r.expectUntouched(others)
					r.expectCreated(created, err)
				}
			},
			most: 2,
		},
		{
			name:  "create at a URL that is taken",
			serve: serveWith(own),
			act: func(r *run) (error, func()) {
				created, err := r.client.CreateWebhook(r.ctx, asked, heldBefore)
				return err, func() {
					r.expectUntouched(r.before)
					r.expectCreated(created, err)
				}
			},
			fails: true,
			most:  2,
		},
		{
			name:  "create at a URL whose holder goes",
			serve: serveWith(own),
			act: func(r *run) (error, func()) {
				others := slices.DeleteFunc(slices.Clone(r.before), func(w kanberttest.Webhook) bool { return w.ID == own.ID })
				going := time.AfterFunc(1137*time.Millisecond, func() { r.server.Remove(own.ID) })
				created, err := r.client.CreateWebhook(r.ctx, asked, heldBefore)
				return err, func() {
					if going.Stop() {
						r.server.Remove(own.ID)
					}
					r.expectUntouched(others)
					r.expectCreated(created, err)
				}
			},
			heldBefore: true,
			most:       2,
		},
		{
			name:  "delete",
			serve: serveWith(own),
			act: func(r *run) (error, func()) {
				others := slices.DeleteFunc(slices.Clone(r.before), func(w kanberttest.Webhook) bool { return w.ID == own.ID })
				err := r.deleted(own.ID)
				return err, func() {
					r.expectUntouched(others)
					if held := r.holder(own.URL); err == nil && held != nil && held.ID == own.ID {
						r.breaks("deleted, and still there")
					}
				}
			},
		},
		{
			name:  "read",
			serve: serveWith(own),
			act: func(r *run) (error, func()) {
				w, err := directory.New(r.client).Read(r.ctx, own.ID, own.URL, nil)
				return err, func() {
					r.expectUntouched(r.before)
					if errors.Is(err, directory.ErrGone) {
						r.breaks("called gone, and still there")
					}
					if err == nil && (w.ID != own.ID || w.URL != own.URL) {
						r.breaks("read %+v", w)
					}
				}
			},
			lingers: true,
			alone:   true,
		},
		{
			name:  "read what is gone",
			serve: serveWith(),
			act: func(r *run) (error, func()) {
				_, err := directory.New(r.client).Read(r.ctx, own.ID, own.URL, nil)
				check := func() { r.expectUntouched(r.before) }
				if errors.Is(err, directory.ErrGone) {
					return nil, check
				}
				if err == nil {
					return errors.New("found what is gone"), check
				}
				return err, check
			},
			lingers: true,
			alone:   true,
		},
		{
			name:  "list",
			alone: true,
			serve: func() *kanberttest.Sandbox {
				s := kanberttest.New(kanberttest.WithMaxPageSize(2))
				for i := range 3 {
					s.Seed(kanberttest.Webhook{URL: fmt.Sprintf("https://receiver.example/%d", i)})
				}
				return s
			},
			act: func(r *run) (error, func()) {
				var listed []string
				var err error
				for w, listErr := range r.client.ListWebhooks(r.ctx, kanbert.ListOptions{}) {
					if listErr != nil {
						err = listErr
						break
					}
					listed = append(listed, w.ID)
				}
				return err, func() {
					var held []string
					for _, w := range r.before {
						held = append(held, w.ID)
					}
					if err == nil && !slices.Equal(listed, held) {
						r.breaks("listed %v, want %v", listed, held)
					}
				}
			},
		},
	}
}

// These count over all operations, for the line that TestMain prints.
var sequencesRun, sequencesWithStranger, sequencesBroken atomic.Int64

func TestEverySequenceOfFaults(t *testing.T) {
	const parts = 4
	for _, op := range operations() {
		for part := range parts {
			t.Run(fmt.Sprintf("%s, part %d of %d", op.name, part+1, parts), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					x := &explorer{t: t, operation: op, kinds: kinds(), part: part, parts: parts, byFamily: raceDetector && *allFaults}
					if !op.alone {
						x.kinds = append(x.kinds, strangerActs()...)
					}
					x.explore(nil)
					sequencesRun.Add(int64(x.ran))
					sequencesWithStranger.Add(int64(x.strangers))
					sequencesBroken.Add(int64(x.broken))
					t.Logf("%d sequences, %d broken", x.ran, x.broken)
				})
			})
		}
	}
}
