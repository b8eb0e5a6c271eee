// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/examples/receiver/webhook"
)

// pipes is a listener without a network, so that time can be virtual.
type pipes struct {
	connections chan net.Conn
	once        sync.Once
	closed      chan struct{}
}

func newPipes() *pipes {
	return &pipes{connections: make(chan net.Conn), closed: make(chan struct{})}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.connections:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// dial returns the sender's end of a new connection.
func (p *pipes) dial() net.Conn {
	sender, receiver := net.Pipe()
	p.connections <- receiver
	return sender
}

// running is a receiver that serves.
type running struct {
	*pipes
	stop  context.CancelFunc
	ended chan error
}

// start serves in the bubble of the test. handle handles deliveries.
func start(t *testing.T, handle func(webhook.Delivery)) *running {
	t.Helper()
	receiver, err := webhook.New(map[string]string{"/hook": "secret"})
	if err != nil {
		t.Fatal(err)
	}
	receiver.Log = slog.New(slog.DiscardHandler)
	ctx, stop := context.WithCancel(t.Context())
	r := &running{newPipes(), stop, make(chan error, 1)}
	go func() { r.ended <- serve(ctx, r.pipes, receiver, handle) }()
	return r
}

// message is a signed delivery as it is sent, and the bytes of its body.
func message(event string) (head, body string) {
	body = fmt.Sprintf(`{"event":%q,"data":{}}`, event)
	head = fmt.Sprintf("POST /hook HTTP/1.1\r\nHost: receiver\r\nSignature: %s\r\nContent-Length: %d\r\n\r\n",
		webhook.Sign([]byte(body), "secret"), len(body))
	return head, body
}

// status reads an answer.
func status(t *testing.T, c net.Conn) int {
	t.Helper()
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// What was answered with 204 is handled, although the receiver is stopped: what
// waits in the queue, and what is sent to its end meanwhile.
func TestStoppedReceiverLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var handled []string
		release := make(chan struct{})
		r := start(t, func(d webhook.Delivery) {
			<-release
			handled = append(handled, d.Event)
		})
		events := []string{"contact:create", "contact:update", "task:create"}
		for _, event := range events {
			c := r.dial()
			head, body := message(event)
			_, _ = io.WriteString(c, head+body)
			if got := status(t, c); got != http.StatusNoContent {
				t.Fatalf("%s was answered %d", event, got)
			}
			_ = c.Close()
		}
		inFlight := r.dial()
		head, body := message("task:delete")
		_, _ = io.WriteString(inFlight, head+body[:5])
		synctest.Wait()

		r.stop()
		synctest.Wait()
		_, _ = io.WriteString(inFlight, body[5:])
		if got := status(t, inFlight); got != http.StatusNoContent {
			t.Errorf("the request in flight was answered %d", got)
		}
		time.Sleep(time.Minute) // virtual: as long as work takes, it is waited for
		select {
		case err := <-r.ended:
			t.Fatalf("it ended with %v before its work was done", err)
		default:
		}
		close(release)
		if err := <-r.ended; err != nil {
			t.Errorf("it ended with %v", err)
		}
		if got, want := strings.Join(handled, " "), strings.Join(append(events, "task:delete"), " "); got != want {
			t.Errorf("handled %s, want %s", got, want)
		}
	})
}

// A request that was in flight when the receiver was stopped is handled, although
// there was nothing to do at that moment.
func TestLastRequestIsHandled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handled := 0
		r := start(t, func(webhook.Delivery) { handled++ })
		c := r.dial()
		head, body := message("task:delete")
		_, _ = io.WriteString(c, head+body[:5])
		synctest.Wait()
		r.stop()
		synctest.Wait()
		_, _ = io.WriteString(c, body[5:])
		if got := status(t, c); got != http.StatusNoContent {
			t.Errorf("answered %d", got)
		}
		if err := <-r.ended; err != nil || handled != 1 {
			t.Errorf("ended with %v, handled %d", err, handled)
		}
	})
}

// A sender that does not come to an end does not hold up the end for longer than
// five seconds. What it sends later is not answered, so that it is sent again.
func TestSlowSenderDoesNotHoldUpTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, func(d webhook.Delivery) { t.Errorf("handled %s", d.Event) })
		slow := r.dial()
		head, body := message("contact:create")
		_, _ = io.WriteString(slow, head+body[:5])
		synctest.Wait()
		begin := time.Now()
		r.stop()
		if err := <-r.ended; err != nil {
			t.Errorf("it ended with %v", err)
		}
		if took := time.Since(begin); took != 5*time.Second {
			t.Errorf("it ended after %s", took)
		}
		_, _ = io.WriteString(slow, body[5:])
		if answer, err := io.ReadAll(slow); err == nil && bytes.Contains(answer, []byte("204")) {
			t.Errorf("after the end it answered %q", answer)
		}
	})
}

// A connection that is silent, or sends or takes a byte now and then, is closed.
func TestSlowConnectionIsClosed(t *testing.T) {
	head, body := message("contact:create")
	for name, test := range map[string]struct {
		send string
		// late is when the sender begins to take the answer.
		late, want time.Duration
		answered   bool
	}{
		"silent":          {"", 0, 5 * time.Second, false},
		"half a header":   {head[:20], 0, 5 * time.Second, false},
		"half a body":     {head + body[:5], 0, 10 * time.Second, false},
		"idle":            {head + body, 0, time.Minute, true},
		"answer in time":  {head + body, 10*time.Second - 1, 70*time.Second - 1, true},
		"answer too late": {head + body, 10*time.Second + 1, 10*time.Second + 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				handled := 0
				r := start(t, func(webhook.Delivery) { handled++ })
				begin := time.Now()
				c := r.dial()
				_, _ = io.WriteString(c, test.send)
				time.Sleep(test.late) // virtual
				// Nothing is sent any more: the end of the stream is the receiver's.
				answer, _ := io.ReadAll(c)
				if took := time.Since(begin); took != test.want {
					t.Errorf("closed after %s, want %s", took, test.want)
				}
				if got := bytes.HasPrefix(answer, []byte("HTTP/1.1 204 ")); got != test.answered {
					t.Errorf("answered %q", answer)
				}
				r.stop()
				if err := <-r.ended; err != nil {
					t.Error(err)
				}
				if whole := strings.HasSuffix(test.send, "}"); whole != (handled == 1) {
					t.Errorf("handled %d times", handled)
				}
			})
		})
	}
}
