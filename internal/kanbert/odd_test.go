// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestOddRecord lists a record that lacks a field, or has one that cannot be
// read, beside a whole one. Only a caller that needs the odd one gets an error.
func TestOddRecord(t *testing.T) {
	const whole = `"id":"wh_1","url":"https://receiver.example/","client_id":null,"project_id":null,"event":"contact:create","created_at":"2026-01-02T03:04:05Z"`
	for _, test := range []struct{ old, odd, field string }{
		{`"url":"https://receiver.example/",`, ``, "url"},
		{`"https://receiver.example/"`, `null`, "url"},
		{`"client_id":null,`, ``, "client_id"},
		{`"client_id":null`, `"client_id":{}`, "client_id"},
		{`"project_id":null,`, ``, "project_id"},
		{`"project_id":null`, `"project_id":7`, "project_id"},
		{`"event":"contact:create",`, ``, "event"},
		{`"contact:create"`, `null`, "event"},
		{`"contact:create"`, `["contact:create"]`, "event"},
		{`,"created_at":"2026-01-02T03:04:05Z"`, ``, "created_at"},
		{`"2026-01-02T03:04:05Z"`, `null`, "created_at"},
		{`"2026-01-02T03:04:05Z"`, `"yesterday"`, "created_at"},
		{`"2026-01-02T03:04:05Z"`, `1767323045`, "created_at"},
	} {
		t.Run(test.odd+" for "+test.field, func(t *testing.T) {
			odd := strings.Replace(whole, test.old, test.odd, 1)
			if odd == whole {
				t.Fatal("nothing was replaced")
			}
			second := strings.ReplaceAll(strings.ReplaceAll(whole, "wh_1", "wh_2"), "receiver", "other")
			c, _ := answering(t, reply{status: 200, body: `{"data":[{` + odd + `},{` + second + `}],"meta":{"next_cursor":null}}`})
			page, err := c.ListPage(t.Context(), ListOptions{})
			if err != nil || len(page.Webhooks) != 2 {
				t.Fatalf("got %v, %v", page, err)
			}
			if err := page.Webhooks[1].Complete(); err != nil {
				t.Errorf("the whole record: %v", err)
			}
			err = page.Webhooks[0].Complete()
			if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), `"wh_1"`) || !strings.Contains(err.Error(), `"`+test.field+`"`) {
				t.Errorf("the odd record: %v", err)
			}
		})
	}
}

// TestListIsBounded follows lists that would go on: each ends at the bound that it
// reaches first, and one that is as large but comes to an end is read.
func TestListIsBounded(t *testing.T) {
	const page = 8 << 20
	for _, test := range []struct {
		name  string
		fetch func() *Page
		pages int
	}{
		{"pages", func() *Page { return &Page{} }, MaxPages},
		{"webhooks", func() *Page { return &Page{Webhooks: make([]Webhook, 1000)} }, MaxListed / 1000},
		{"bytes", func() *Page { return &Page{Bytes: page} }, MaxListBytes / page},
		{"time", func() *Page { time.Sleep(time.Minute); return &Page{} }, int(MaxListTime/time.Minute) + 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for _, ends := range []bool{false, true} {
					fetched := 0
					var last error
					for _, err := range Pages(ListOptions{}, func(ListOptions) (*Page, error) {
						fetched++
						p := test.fetch()
						if p.NextCursor = fmt.Sprint(fetched); ends && fetched == test.pages {
							p.NextCursor = ""
						}
						return p, nil
					}) {
						last = err
					}
					if fetched != test.pages || errors.Is(last, ErrEndlessList) == ends {
						t.Errorf("%d pages were fetched, want %d; the list ends: %t; got %v", fetched, test.pages, ends, last)
					}
				}
			})
		})
	}
}

// TestOneAttempt asks once, and is not sent again.
func TestOneAttempt(t *testing.T) {
	c, transport := answering(t, reply{status: 500, body: `{"message":"Server Error"}`})
	if _, err := c.ListPage(t.Context(), ListOptions{Once: true}); !errors.Is(err, ErrServer) {
		t.Errorf("got %v", err)
	}
	if n := len(transport.requests); n != 1 {
		t.Errorf("%d requests were sent", n)
	}
}
