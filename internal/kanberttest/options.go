// SPDX-License-Identifier: MPL-2.0

package kanberttest

import (
	"net/http"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Option sets one property of a [Sandbox] where the API reference leaves it
// open, or where a test needs a certain one.
type Option func(*config)

type config struct {
	token string
	seed  uint64

	clock      func() time.Time
	skew       time.Duration
	date       func(now time.Time) string
	createdAt  func(now time.Time) time.Time
	timeFormat string
	latency    time.Duration

	insertDelay          time.Duration
	createLag, deleteLag time.Duration
	checksReadReplica    bool

	defaultPageSize, maxPageSize int
	refuseLargePages             bool
	emptyPages, shortPages       bool
	overlap                      int
	tiesLost                     bool
	fold                         func(string) string
	uniquePerSpace               bool
	withoutOperators             []string
	maxURI                       int
	endlessPage, endlessPadding  int

	links            Links
	nextPageURL      bool
	extraFields      bool
	createStatus     int
	deleteStatus     int
	conflictStatus   int
	respell          bool
	keeps            func(Webhook) Webhook
	oddIDs           bool
	extraEvents      []string
	locale           Locale
	trimInvisible    bool
	withoutWhoami    bool
	softDeletes      bool
	rateLimit        int
	ratePeriod       time.Duration
	rateLimitForm    RetryAfterForm
	onRequestHandled func(Request)
	onDelivery       func(Delivery)
}

func defaults() config {
	return config{
		seed:            1,
		clock:           time.Now,
		timeFormat:      time.RFC3339,
		defaultPageSize: 30,
		maxPageSize:     30,
		createStatus:    http.StatusCreated,
		deleteStatus:    http.StatusNoContent,
		conflictStatus:  http.StatusUnprocessableEntity,
	}
}

// WithToken sets the token that has the scope, for a person who types it.
func WithToken(token string) Option { return func(c *config) { c.token = token } }

// WithSeed sets what ids, secrets and tokens follow from; 1 if unset. Two
// sandboxes of one seed give equal ones.
func WithSeed(seed uint64) Option { return func(c *config) { c.seed = seed } }

// WithClock sets the clock that Date headers, created_at, relative dates in
// filters, rate limits and late work go by; [time.Now] if unset. It must be safe
// for concurrent use. Latency and delays always take real (or a bubble's) time.
func WithClock(now func() time.Time) Option { return func(c *config) { c.clock = now } }

// WithClockSkew lets the server's clock be ahead of the client's by d, or behind
// it if d is negative.
func WithClockSkew(d time.Duration) Option { return func(c *config) { c.skew = d } }

// WithDate sets the header Date of every answer; f is given the server's time,
// and an empty text leaves the header out. Without it Date is the server's time.
// f must be safe for concurrent use.
func WithDate(f func(now time.Time) string) Option { return func(c *config) { c.date = f } }

// WithDateSkew lets the header Date be ahead of the server's other times by d,
// or behind them if d is negative.
func WithDateSkew(d time.Duration) Option {
	return WithDate(func(now time.Time) string { return now.Add(d).UTC().Format(http.TimeFormat) })
}

// WithFixedDate lets every answer have one Date, of whatever year.
func WithFixedDate(at time.Time) Option {
	return WithDate(func(time.Time) string { return at.UTC().Format(http.TimeFormat) })
}

// WithoutDate leaves the header Date out.
func WithoutDate() Option { return WithDate(func(time.Time) string { return "" }) }

// WithCreatedAt sets the created_at of what is created from the server's time.
// Without it, it is that time.
func WithCreatedAt(f func(now time.Time) time.Time) Option {
	return func(c *config) { c.createdAt = f }
}

// WithCreatedAtSkew lets created_at be ahead of the server's time by d, as with
// a database that keeps local times, or behind it if d is negative.
func WithCreatedAtSkew(d time.Duration) Option {
	return WithCreatedAt(func(now time.Time) time.Time { return now.Add(d) })
}

// WithReplicaLag lets lists be read from a replica that is behind: what is
// created shows up after the first duration, and what is deleted goes on showing
// for the second one, by the server's clock. Every other answer is current.
func WithReplicaLag(creates, deletes time.Duration) Option {
	return func(c *config) { c.createLag, c.deleteLag = creates, deletes }
}

// WithChecksOnReplica lets the check whether a URL is taken, and the search for
// the webhook to delete, read from the replica of [WithReplicaLag] as well: a
// delete of a young webhook is a 404, a second create of a young URL a 500, and
// a create of a URL that was just freed a 422.
func WithChecksOnReplica() Option { return func(c *config) { c.checksReadReplica = true } }

// WithInsertDelay lets d pass between the check that a URL is free and the
// insert. Of two creates of one URL that overlap, the later one is then answered
// 500. See also [Sandbox.OnInsert].
func WithInsertDelay(d time.Duration) Option { return func(c *config) { c.insertDelay = d } }

// WithSoftDeletes lets the URL of a deleted webhook stay taken, although no list
// shows the webhook.
func WithSoftDeletes() Option { return func(c *config) { c.softDeletes = true } }

// WithURLsUniquePerWorkspace lets two workspaces have one URL.
func WithURLsUniquePerWorkspace() Option { return func(c *config) { c.uniquePerSpace = true } }

// WithoutWhoami lets the API have no GET /whoami. Other wrong answers of it are
// faults, placed on [WhoamiPath].
func WithoutWhoami() Option { return func(c *config) { c.withoutWhoami = true } }

// WithLocale sets the language of the texts of a 422; [English] if unset.
func WithLocale(l Locale) Option { return func(c *config) { c.locale = l } }

// WithInvisibleTrimmed trims texts as Laravel does from 11 on: zero-width
// characters, soft hyphens and the like as well.
func WithInvisibleTrimmed() Option { return func(c *config) { c.trimInvisible = true } }

// WithEndlessList lets the list without a filter never end: each page holds n
// webhooks that nothing created, each with padding bytes more than it needs, and
// a cursor that is new.
func WithEndlessList(n, padding int) Option {
	return func(c *config) { c.endlessPage, c.endlessPadding = n, padding }
}

// WithTimeFormat sets the layout of created_at; [time.RFC3339] if unset. The
// server keeps no more of a time than the layout shows: with whole seconds,
// webhooks of one second are equal under sort=created_at.
func WithTimeFormat(layout string) Option { return func(c *config) { c.timeFormat = layout } }

// WithLatency lets every answer take d longer. A request whose client gives up
// before that is not worked on.
func WithLatency(d time.Duration) Option { return func(c *config) { c.latency = d } }

// WithDefaultPageSize sets how many webhooks a page holds if the request does
// not say; 30 if unset (API reference).
func WithDefaultPageSize(n int) Option { return func(c *config) { c.defaultPageSize = n } }

// WithMaxPageSize sets the largest page; 30 if unset. A larger page[size] is
// clamped silently, unless [WithRefuseLargePages] is given.
func WithMaxPageSize(n int) Option { return func(c *config) { c.maxPageSize = n } }

// WithRefuseLargePages answers 422 to a page[size] above the maximum.
func WithRefuseLargePages() Option { return func(c *config) { c.refuseLargePages = true } }

// WithEmptyPages puts an empty page, which has a next cursor, between any two
// pages.
func WithEmptyPages() Option { return func(c *config) { c.emptyPages = true } }

// WithShortPages lets pages hold half of what meta.per_page says, although more
// follows.
func WithShortPages() Option { return func(c *config) { c.shortPages = true } }

// WithOverlappingPages lets a page begin with the last n webhooks of the page
// before, or with fewer where a page is not larger than that.
func WithOverlappingPages(n int) Option { return func(c *config) { c.overlap = n } }

// WithTiesLost lets cursors hold the values of the sort and nothing else, as
// Laravel's do: of several webhooks that are equal under the sort, those that a
// page did not hold are never listed. Without it ties are ordered by id.
func WithTiesLost() Option { return func(c *config) { c.tiesLost = true } }

// WithCaseInsensitiveCollation compares URLs as a database of such a collation
// does: in sorts, in filters, and where they have to be unique. Without it they
// are compared byte for byte.
func WithCaseInsensitiveCollation() Option { return func(c *config) { c.fold = strings.ToLower } }

// WithMariaDBCollation compares URLs as [WithCaseInsensitiveCollation] does, and
// takes a letter with a mark for the one without, as MariaDB does by default.
func WithMariaDBCollation() Option { return func(c *config) { c.fold = foldMarks } }

// foldMarks returns text in lower case and without the marks of its letters.
func foldMarks(text string) string {
	var b strings.Builder
	for _, c := range norm.NFD.String(strings.ToLower(text)) {
		if !unicode.Is(unicode.Mn, c) {
			b.WriteRune(c)
		}
	}
	return b.String()
}

// WithoutOperator answers 400 to filters with this operator, in the spelling to
// which its aliases fold: nin for notin, lte for <=.
func WithoutOperator(name string) Option {
	return func(c *config) { c.withoutOperators = append(c.withoutOperators, name) }
}

// WithMaxRequestURI answers 414 to requests whose path and query are longer than
// n bytes. Without it there is no such limit.
func WithMaxRequestURI(n int) Option { return func(c *config) { c.maxURI = n } }

// Links is a form of the list's "links".
type Links int

// The forms of "links" that the list's answer may have.
const (
	EmptyLinks  Links = iota // []
	NoLinks                  // the field is absent
	StringLinks              // an array of URLs
	ObjectLinks              // {"first":…,"last":…,"prev":…,"next":…}, as Laravel's resources give
)

// WithLinks sets the form of "links"; [EmptyLinks] if unset.
func WithLinks(form Links) Option { return func(c *config) { c.links = form } }

// WithNextPageURLSpelling spells meta.next_cursor_url and prev_cursor_url as
// next_page_url and prev_page_url.
func WithNextPageURLSpelling() Option { return func(c *config) { c.nextPageURL = true } }

// WithExtraFields adds fields to the answers that the API reference does not
// know.
func WithExtraFields() Option { return func(c *config) { c.extraFields = true } }

// WithCreateStatus sets the status of a create, 201 or 200; 201 if unset.
func WithCreateStatus(status int) Option { return func(c *config) { c.createStatus = status } }

// WithDeleteStatus sets the status of a delete, 204 or 200; 204 if unset. Either
// has no body.
func WithDeleteStatus(status int) Option { return func(c *config) { c.deleteStatus = status } }

// WithConflictStatus sets the status of a create whose URL is taken, 422 or 409;
// 422 if unset. A 409 has a message and no field errors.
func WithConflictStatus(status int) Option { return func(c *config) { c.conflictStatus = status } }

// WithRespelledURLs lets the server keep URLs in its own spelling: the host in
// lower case, "/" for an empty path.
func WithRespelledURLs() Option { return func(c *config) { c.respell = true } }

// WithKept lets the server keep what f makes of a webhook that is created, in
// place of what was asked for. f must be safe for concurrent use.
func WithKept(f func(Webhook) Webhook) Option { return func(c *config) { c.keeps = f } }

// WithOddIDs gives ids with characters that have to be escaped in a path, a
// slash among them.
func WithOddIDs() Option { return func(c *config) { c.oddIDs = true } }

// WithExtraEvents accepts these events beside those of the API reference, as the
// API may one day.
func WithExtraEvents(events ...string) Option {
	return func(c *config) { c.extraEvents = append(c.extraEvents, events...) }
}

// WithRateLimit answers 429 to what is above n requests in a window of per,
// which begins with its first request. Refused requests do not count.
func WithRateLimit(n int, per time.Duration) Option {
	return func(c *config) { c.rateLimit, c.ratePeriod = n, per }
}

// WithRetryAfterForm sets how the 429 of [WithRateLimit] says when to come back;
// [InSeconds] if unset.
func WithRetryAfterForm(form RetryAfterForm) Option {
	return func(c *config) { c.rateLimitForm = form }
}

// WithOnRequest calls f with the record of each request when its answer is
// decided, before it is sent. f must be safe for concurrent use.
func WithOnRequest(f func(Request)) Option { return func(c *config) { c.onRequestHandled = f } }

// WithOnDelivery calls f with what became of each delivery of [Sandbox.Deliver].
// f must be safe for concurrent use.
func WithOnDelivery(f func(Delivery)) Option { return func(c *config) { c.onDelivery = f } }
