// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"errors"
	"strings"
	"testing"
)

// TestSpellings has texts, and what they are as a canonical URL.
func TestSpellings(t *testing.T) {
	for raw, want := range map[string]string{
		"https://receiver.example/a":           "https://receiver.example/a",
		"HTTPS://Receiver.EXAMPLE/a":           "https://receiver.example/a",
		"https://receiver.example":             "https://receiver.example/",
		"https://receiver.example?q":           "https://receiver.example/?q",
		"https://receiver.example#f":           "https://receiver.example/#f",
		"https://receiver.example?":            "https://receiver.example/?",
		"https://receiver.example:443/a":       "https://receiver.example/a",
		"https://receiver.example:/a":          "https://receiver.example/a",
		"http://receiver.example:80/a":         "http://receiver.example/a",
		"https://receiver.example:80/a":        "https://receiver.example:80/a",
		"http://receiver.example:443/a":        "http://receiver.example:443/a",
		"https://receiver.example:8443/a":      "https://receiver.example:8443/a",
		"https://[::1]:443/a":                  "https://[::1]/a",
		"https://[::1]:8443/a":                 "https://[::1]:8443/a",
		"https://[FE80::1]/a":                  "https://[fe80::1]/a",
		"https://user:Pass@Receiver.example/a": "https://user:Pass@receiver.example/a",
		"ftp://Receiver.example:443":           "ftp://receiver.example:443/",
		// What may mean something to the receiver is kept byte for byte.
		"https://receiver.example/A":               "https://receiver.example/A",
		"https://receiver.example/a/":              "https://receiver.example/a/",
		"https://receiver.example//a":              "https://receiver.example//a",
		"https://receiver.example/a/../b":          "https://receiver.example/a/../b",
		"https://receiver.example/%61%2fb":         "https://receiver.example/%61%2fb",
		"https://receiver.example/é":               "https://receiver.example/é",
		"https://receiver.example/a?B=%41&c=//d":   "https://receiver.example/a?B=%41&c=//d",
		"https://receiver.example/a?#":             "https://receiver.example/a?#",
		"https://receiver.example/a#Fragment%41":   "https://receiver.example/a#Fragment%41",
		"https://receiver.example/a?u=http://X:80": "https://receiver.example/a?u=http://X:80",
		// What is no absolute URL comes back.
		"":                      "",
		"/A":                    "/A",
		"Receiver.example/a":    "Receiver.example/a",
		"//Receiver.example/a":  "//Receiver.example/a",
		"HTTPS:Receiver":        "HTTPS:Receiver",
		"HTTPS:///a":            "HTTPS:///a",
		"HTTPS://[":             "HTTPS://[",
		"HTTPS://receiver/%zz":  "HTTPS://receiver/%zz",
		"HTTPS://receiver/\x7f": "HTTPS://receiver/\x7f",
	} {
		got := CanonicalURL(raw)
		if got != want {
			t.Errorf("%q becomes %q, want %q", raw, got, want)
		}
		if again := CanonicalURL(got); again != got {
			t.Errorf("%q becomes %q, and that %q", raw, got, again)
		}
		if !SameURL(raw, want) || !SameURL(want, raw) || !SameURL(raw, raw) {
			t.Errorf("%q and %q are not the same", raw, want)
		}
	}
	for _, pair := range [][2]string{
		{"https://receiver.example/a", "https://receiver.example/A"},
		{"https://receiver.example/a", "https://receiver.example/a/"},
		{"https://receiver.example/a", "http://receiver.example/a"},
		{"https://receiver.example/a", "https://receiver.example:80/a"},
		{"https://receiver.example/a", "https://receiver.example/a?"},
		{"https://receiver.example/a", "https://receiver.example/%61"},
		{"https://receiver.example/a", "https://user@receiver.example/a"},
		{"https://receiver.example/a", "https://receiver.example.evil.example/a"},
		{"HTTPS:a", "https:a"},
		{"https://receiver.example/", ""},
	} {
		if SameURL(pair[0], pair[1]) {
			t.Errorf("%q and %q are the same", pair[0], pair[1])
		}
	}
}

// TestRedactedURLs expects neither user info nor query nor fragment.
func TestRedactedURLs(t *testing.T) {
	const unread = "(a URL that cannot be read)"
	for raw, want := range map[string]string{
		"https://receiver.example/hook":                                 "https://receiver.example/hook",
		"https://receiver.example/hook?key=hunter2":                     "https://receiver.example/hook",
		"https://receiver.example/hook?":                                "https://receiver.example/hook",
		"https://receiver.example?hunter2":                              "https://receiver.example",
		"https://receiver.example/hook#hunter2":                         "https://receiver.example/hook",
		"https://receiver.example/hook#%68unter2":                       "https://receiver.example/hook",
		"https://receiver.example/hook?a=b#hunter2":                     "https://receiver.example/hook",
		"https://hunter2@receiver.example/hook":                         "https://receiver.example/hook",
		"https://me:hunter2@receiver.example:8443/hook?hunter2#hunter2": "https://receiver.example:8443/hook",
		"https://me:hunter2@[::1]:8443/":                                "https://[::1]:8443/",
		"https:me:hunter2@receiver.example":                             unread,
		"mailto:hunter2@receiver.example":                               unread,
		"https://me:hunter2@[":                                          unread,
		"https://me:hunter2@receiver.example/%zz":                       unread,
		"https://receiver.example/\nhunter2":                            unread,
	} {
		if got := RedactURL(raw); got != want || strings.Contains(got, "hunter2") {
			t.Errorf("%q becomes %q, want %q", raw, got, want)
		}
	}
}

// TestLoopback has hosts to which the token may be sent in the clear, and those to
// which it may not.
func TestLoopback(t *testing.T) {
	for host, loopback := range map[string]bool{
		"localhost": true, "LOCALHOST": true, "LocalHost": true,
		"127.0.0.1": true, "127.0.0.2": true, "127.255.255.255": true, "::1": true, "::ffff:127.0.0.1": true, "0:0:0:0:0:0:0:1": true,

		"": false, "0.0.0.0": false, "::": false, "10.0.0.1": false, "192.168.0.1": false, "169.254.1.1": false, "126.255.255.255": false,
		"128.0.0.1": false, "8.8.8.8": false, "::2": false, "fe80::1": false, "::ffff:10.0.0.1": false, "2001:db8::1": false,
		"localhost.evil.com": false, "evil.localhost.com": false, "localhost.": false, "sub.localhost": false, "localhos": false, "127.0.0.1.evil.com": false,
		"127.1": false, "2130706433": false, "0x7f000001": false, "127.0.0.01": false, "ip6-localhost": false, "[::1]": false,
	} {
		if got := IsLoopback(host); got != loopback {
			t.Errorf("%q: loopback is %t", host, got)
		}
		base := "http://" + host + "/"
		if strings.Contains(host, ":") && !strings.Contains(host, "[") {
			base = "http://[" + host + "]/"
		}
		_, err := New(WithToken(NewSecret("a-token")), WithBaseURL(base))
		if (err == nil) != loopback && host != "[::1]" {
			t.Errorf("%s gives %v", base, err)
		}
		var refused *OptionError
		if err != nil && (!errors.As(err, &refused) || refused.Option != "base_url") {
			t.Errorf("%s gives %v", base, err)
		}
	}
}

// TestPrivateHosts has hosts that the internet can reach, and those that it cannot.
func TestPrivateHosts(t *testing.T) {
	for host, private := range map[string]bool{
		"localhost": true, "receiver": true, "a.localhost": true, "a.local": true, "A.LOCAL.": true, "a.b.internal": true, "router.home.arpa": true,
		"a.localdomain": true, "127.0.0.1": true, "10.1.2.3": true, "172.16.0.1": true, "172.31.255.255": true, "192.168.1.1": true,
		"169.254.0.1": true, "0.0.0.0": true, "100.64.0.0": true, "100.127.255.255": true, "::1": true, "::": true, "fe80::1": true, "fd00::1": true,
		"::ffff:10.0.0.1": true,

		"receiver.example": false, "local.example": false, "notlocal": true, "a.notlocal": false, "internal.example.com": false, "a.arpa": false,
		"8.8.8.8": false, "172.15.255.255": false, "172.32.0.0": false, "100.63.255.255": false, "100.128.0.0": false, "11.0.0.1": false,
		"192.167.0.1": false, "2001:4860::8888": false, "::ffff:8.8.8.8": false,
	} {
		if got := IsPrivateHost(host); got != private {
			t.Errorf("%q: private is %t", host, got)
		}
	}
	c, err := New(WithToken(NewSecret("a-token")), WithBaseURL("https://Api.example:8443/x"))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Hostname(); got != "Api.example" {
		t.Errorf("the API's host is %q", got)
	}
}

// TestEventNames has the shape of events, and which of them need a project.
func TestEventNames(t *testing.T) {
	for event, want := range map[Event]struct{ known, wellFormed, needsProject bool }{
		TaskCreate: {true, true, true}, TaskUpdate: {true, true, true}, TaskDelete: {true, true, true}, CommentCreate: {true, true, true},
		ContactCreate: {true, true, false}, CompanyDelete: {true, true, false},
		"task:archive": {false, true, true}, "comment:delete": {false, true, true}, "invoice:create": {false, true, false}, "a1_b-c:d2_e-f": {false, true, false},
		"": {}, "task": {false, false, true}, "task:": {false, false, true}, ":create": {}, "Task:create": {}, "task:create:x": {false, false, true},
		"\u00a0task:create": {}, "task:create\n": {false, false, true}, "1task:create": {}, "tasks:create": {false, true, false}, "task:1": {false, false, true},
	} {
		if got := event.Known(); got != want.known {
			t.Errorf("%q: known is %t", event, got)
		}
		if got := event.WellFormed(); got != want.wellFormed {
			t.Errorf("%q: well-formed is %t", event, got)
		}
		if got := event.NeedsProject(); got != want.needsProject {
			t.Errorf("%q: needs a project is %t", event, got)
		}
	}
}
