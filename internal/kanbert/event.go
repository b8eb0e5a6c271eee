// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"regexp"
	"slices"
	"strings"
)

// Event names the event that a webhook subscribes to, as "noun:verb" (API reference,
// schema WebhookEvent). A webhook has exactly one.
type Event string

// The events that the API reference lists. The API may know more one day:
// compare with [Event.Known] before refusing one.
const (
	ContactCreate Event = "contact:create"
	ContactUpdate Event = "contact:update"
	ContactDelete Event = "contact:delete"
	CompanyCreate Event = "company:create"
	CompanyUpdate Event = "company:update"
	CompanyDelete Event = "company:delete"
	TaskCreate    Event = "task:create"
	TaskUpdate    Event = "task:update"
	TaskDelete    Event = "task:delete"
	CommentCreate Event = "comment:create"
)

// Events returns the events of the API reference, in its order.
func Events() []Event {
	return []Event{
		ContactCreate, ContactUpdate, ContactDelete,
		CompanyCreate, CompanyUpdate, CompanyDelete,
		TaskCreate, TaskUpdate, TaskDelete,
		CommentCreate,
	}
}

// Known reports whether the API reference lists e.
func (e Event) Known() bool { return slices.Contains(Events(), e) }

// WellFormed reports whether e has the shape noun:verb in lower case, which a
// future event would have as well.
func (e Event) WellFormed() bool { return eventShape.MatchString(string(e)) }

var eventShape = regexp.MustCompile(`^[a-z][a-z0-9_-]*:[a-z][a-z0-9_-]*$`)

// NeedsProject reports whether a webhook for e must be scoped to a project
// (API reference: "task:* and comment:* events have to be project-scoped").
func (e Event) NeedsProject() bool {
	noun, _, _ := strings.Cut(string(e), ":")
	return noun == "task" || noun == "comment"
}
