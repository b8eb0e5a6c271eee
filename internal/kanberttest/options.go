// SPDX-License-Identifier: MPL-2.0

package kanberttest

import (
	"net/http"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Option sets one property of a [Sandbox] that the API reference does not specify,
// or that a test needs.
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

// WithToken sets the token that has the scope, for a user who types it.
func WithToken(token string) Option { return func(c *config) { c.token = token } }

// WithSeed sets the seed of ids, secrets and tokens; 1 if unset. Two sandboxes with
// one seed generate equal ones.
func WithSeed(seed uint64) Option { return func(c *config) { c.seed = seed } }

// WithClock sets the clock for Date headers, created_at, relative dates in filters,
// rate limits and late work; [time.Now] if unset. It must be safe for concurrent
// use. Latency and delays always use real time, or the time of a bubble.
func WithClock(now func() time.Time) Option { return func(c *config) { c.clock = now } }

// WithClockSkew sets the server's clock ahead of the client's by d, or behind it if
// d is negative.
func WithClockSkew(d time.Duration) Option { return func(c *config) { c.skew = d } }

// WithDate sets the header Date of every response. f gets the server's time. An
// empty result omits the header. Without it, Date is the server's time. f must be
// safe for concurrent use.
func WithDate(f func(now time.Time) string) Option { return func(c *config) { c.date = f } }

// WithDateSkew sets the header Date ahead of the server's other times by d, or
// behind them if d is negative.
func WithDateSkew(d time.Duration) Option {
	return WithDate(func(now time.Time) string { return now.Add(d).UTC().Format(http.TimeFormat) })
}

// WithFixedDate sets the same Date for every response.
func WithFixedDate(at time.Time) Option {
	return WithDate(func(time.Time) string { return at.UTC().Format(http.TimeFormat) })
}

// WithoutDate omits the header Date.
func WithoutDate() Option { return WithDate(func(time.Time) string { return "" }) }

// WithCreatedAt sets the function that computes created_at from the server's time.
// Without it, created_at is the server's time.
func WithCreatedAt(f func(now time.Time) time.Time) Option {
	return func(c *config) { c.createdAt = f }
}

// WithCreatedAtSkew sets created_at ahead of the server's time by d, or behind it
// if d is negative, like a database that stores local times.
func WithCreatedAtSkew(d time.Duration) Option {
	return WithCreatedAt(func(now time.Time) time.Time { return now.Add(d) })
}

// WithReplicaLag makes lists read from a replica that lags: a created webhook
// appears after the first duration, and a deleted one disappears after the second,
// by the server's clock. All other responses are current.
func WithReplicaLag(creates, deletes time.Duration) Option {
	return func(c *config) { c.createLag, c.deleteLag = creates, deletes }
}

// WithChecksOnReplica makes the check for a taken URL, and the search for the
// webhook to delete, read from the replica of [WithReplicaLag] too. Then a delete
// of a new webhook returns 404, a second create of a new URL returns 500, and a
// create of a URL that was just freed returns 422.
func WithChecksOnReplica() Option { return func(c *config) { c.checksReadReplica = true } }

// WithInsertDelay adds a delay d between the check for a free URL and the insert.
// If two creates of one URL overlap, the later one returns 500. See also
// [Sandbox.OnInsert].
func WithInsertDelay(d time.Duration) Option { return func(c *config) { c.insertDelay = d } }

// WithSoftDeletes keeps the URL of a deleted webhook taken, although no list
// contains the webhook.
func WithSoftDeletes() Option { return func(c *config) { c.softDeletes = true } }

// WithURLsUniquePerWorkspace allows two workspaces to have one URL.
func WithURLsUniquePerWorkspace() Option { return func(c *config) { c.uniquePerSpace = true } }

// WithoutWhoami removes GET /whoami from the API. Other wrong responses to it are
// faults at [WhoamiPath].
func WithoutWhoami() Option { return func(c *config) { c.withoutWhoami = true } }

// WithLocale sets the language of the texts of a 422; [English] if unset.
func WithLocale(l Locale) Option { return func(c *config) { c.locale = l } }

// WithInvisibleTrimmed trims texts as Laravel 11 and newer do: also zero-width
// characters, soft hyphens and similar characters.
func WithInvisibleTrimmed() Option { return func(c *config) { c.trimInvisible = true } }

// WithEndlessList makes the list without a filter endless: each page has n
// generated webhooks, each with padding extra bytes, and a new cursor.
func WithEndlessList(n, padding int) Option {
	return func(c *config) { c.endlessPage, c.endlessPadding = n, padding }
}

// WithTimeFormat sets the layout of created_at; [time.RFC3339] if unset. The server
// stores times only with the precision of the layout: with whole seconds, webhooks
// of one second are equal under sort=created_at.
func WithTimeFormat(layout string) Option { return func(c *config) { c.timeFormat = layout } }

// WithLatency delays every response by d. If the client gives up before that, the
// server does not process the request.
func WithLatency(d time.Duration) Option { return func(c *config) { c.latency = d } }

// WithDefaultPageSize sets the number of webhooks in a page if the request does not
// set it; 30 if unset (API reference).
func WithDefaultPageSize(n int) Option { return func(c *config) { c.defaultPageSize = n } }

// WithMaxPageSize sets the largest page; 30 if unset. A larger page[size] is
// reduced silently, unless [WithRefuseLargePages] is set.
func WithMaxPageSize(n int) Option { return func(c *config) { c.maxPageSize = n } }

// WithRefuseLargePages returns 422 for a page[size] above the maximum.
func WithRefuseLargePages() Option { return func(c *config) { c.refuseLargePages = true } }

// WithEmptyPages inserts an empty page, which has a next cursor, between any two
// pages.
func WithEmptyPages() Option { return func(c *config) { c.emptyPages = true } }

// WithShortPages fills pages only to half of meta.per_page, although more webhooks
// follow.
func WithShortPages() Option { return func(c *config) { c.shortPages = true } }

// WithOverlappingPages makes a page begin with the last n webhooks of the page
// before, or with fewer if the page is smaller.
func WithOverlappingPages(n int) Option { return func(c *config) { c.overlap = n } }

// WithTiesLost makes cursors contain only the values of the sort, as Laravel's do:
// of several webhooks that are equal under the sort, those that did not fit into a
// page are never listed. Without it, ties are ordered by id.
func WithTiesLost() Option { return func(c *config) { c.tiesLost = true } }

// WithCaseInsensitiveCollation compares URLs as a database with such a collation
// does: in sorts, in filters, and for uniqueness. Without it, URLs are compared
// byte by byte.
func WithCaseInsensitiveCollation() Option { return func(c *config) { c.fold = strings.ToLower } }

// WithMariaDBCollation compares URLs as [WithCaseInsensitiveCollation] does, and
// treats a letter with a mark like the letter without it, as MariaDB does by
// default.
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

// WithoutOperator returns 400 for filters with this operator. The operator has its
// main name and not an alias: nin for notin, lte for <=.
func WithoutOperator(name string) Option {
	return func(c *config) { c.withoutOperators = append(c.withoutOperators, name) }
}

// WithMaxRequestURI returns 414 for requests whose path and query are longer than n
// bytes. Without it there is no such limit.
func WithMaxRequestURI(n int) Option { return func(c *config) { c.maxURI = n } }

// Links is a form of the list's "links".
type Links int

// The forms of "links" in the response to a list.
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

// WithExtraFields adds fields to the responses that the API reference does not
// specify.
func WithExtraFields() Option { return func(c *config) { c.extraFields = true } }

// WithCreateStatus sets the status of a create, 201 or 200; 201 if unset.
func WithCreateStatus(status int) Option { return func(c *config) { c.createStatus = status } }

// WithDeleteStatus sets the status of a delete, 204 or 200; 204 if unset. Neither
// has a body.
func WithDeleteStatus(status int) Option { return func(c *config) { c.deleteStatus = status } }

// WithConflictStatus sets the status of a create with a taken URL, 422 or 409; 422
// if unset. A 409 has a message and no field errors.
func WithConflictStatus(status int) Option { return func(c *config) { c.conflictStatus = status } }

// WithRespelledURLs makes the server store URLs in its own spelling: the host in
// lower case, "/" for an empty path.
func WithRespelledURLs() Option { return func(c *config) { c.respell = true } }

// WithKept makes the server store the result of f instead of the requested webhook.
// f must be safe for concurrent use.
func WithKept(f func(Webhook) Webhook) Option { return func(c *config) { c.keeps = f } }

// WithOddIDs generates ids with characters that must be escaped in a path,
// including a slash.
func WithOddIDs() Option { return func(c *config) { c.oddIDs = true } }

// WithExtraEvents accepts these events in addition to those of the API reference,
// as the API may in the future.
func WithExtraEvents(events ...string) Option {
	return func(c *config) { c.extraEvents = append(c.extraEvents, events...) }
}

// WithRateLimit returns 429 for requests above n in a window of per, which begins
// with its first request. Refused requests do not count.
func WithRateLimit(n int, per time.Duration) Option {
	return func(c *config) { c.rateLimit, c.ratePeriod = n, per }
}

// WithRetryAfterForm sets how the 429 of [WithRateLimit] specifies the time of the
// next try; [InSeconds] if unset.
func WithRetryAfterForm(form RetryAfterForm) Option {
	return func(c *config) { c.rateLimitForm = form }
}

// WithOnRequest calls f with the record of each request when its response is
// decided, before it is sent. f must be safe for concurrent use.
func WithOnRequest(f func(Request)) Option { return func(c *config) { c.onRequestHandled = f } }

// WithOnDelivery calls f with the result of each delivery of [Sandbox.Deliver]. f
// must be safe for concurrent use.
func WithOnDelivery(f func(Delivery)) Option { return func(c *config) { c.onDelivery = f } }
