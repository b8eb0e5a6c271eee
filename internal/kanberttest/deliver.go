// SPDX-License-Identifier: MPL-2.0

package kanberttest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
)

// DeliverPath requests a delivery over HTTP: POST /deliver?event=contact:create. It
// is not part of the API: it needs no token and is not recorded.
const DeliverPath = "/deliver"

// SignatureHeader contains the signature of a delivery: the HMAC-SHA256 of the body
// with the webhook's secret, in lower-case hexadecimal. The API reference does not
// specify the name. This is the default of the library that the API appears to use.
const SignatureHeader = "Signature"

// deliveryTimeout is the time that a receiver has to respond (public pages: about
// three seconds).
const deliveryTimeout = 3 * time.Second

// Event is an event in the workspace.
type Event struct {
	// Name is one of [Events], or of [WithExtraEvents].
	Name string
	// ProjectID and ClientID, if set, exclude the webhooks of other projects and
	// clients.
	ProjectID, ClientID string
	// Data is the JSON of the payload's data. If it is empty, the data is a
	// generated id.
	Data json.RawMessage
}

// Delivery is the result of one delivery.
type Delivery struct {
	Event     string `json:"event"`
	WebhookID string `json:"webhook_id"`
	URL       string `json:"url"`
	Delivered bool   `json:"delivered"`
	// Status is the receiver's status, or 0 without a response.
	Status int `json:"status,omitempty"`
	// Reason says why the delivery failed.
	Reason string `json:"reason,omitempty"`
}

// Deliver sends a signed event once to each webhook of the first workspace that
// subscribes to it, one after the other. It sends only to loopback addresses.
func (s *Sandbox) Deliver(ctx context.Context, e Event) []Delivery {
	body := e.body()
	all := []Delivery{}
	for _, w := range s.Webhooks() {
		if !e.concerns(w) {
			continue
		}
		d := Delivery{Event: e.Name, WebhookID: w.ID, URL: w.URL}
		d.Status, d.Reason = send(ctx, w, body)
		d.Delivered = d.Reason == ""
		if f := s.config().onDelivery; f != nil {
			f(d)
		}
		all = append(all, d)
	}
	return all
}

func (e Event) concerns(w Webhook) bool {
	other := func(scope, id string) bool { return scope != "" && id != "" && scope != id }
	return w.Event == e.Name && !other(w.ProjectID, e.ProjectID) && !other(w.ClientID, e.ClientID)
}

// body generates an id for an event without data: receivers treat two equal bodies
// as one delivery that was sent twice.
func (e Event) body() []byte {
	data := e.Data
	if len(data) == 0 {
		noun, _, _ := strings.Cut(e.Name, ":")
		data = fmt.Appendf(nil, `{"id":"%s-%016x"}`, noun, rand.Uint64())
	}
	body, err := json.Marshal(struct {
		Event string          `json:"event"`
		Data  json.RawMessage `json:"data"`
	}{e.Name, data})
	if err != nil {
		panic(err) // Data is valid JSON.
	}
	return body
}

// send returns the receiver's status, and why the delivery failed.
func send(ctx context.Context, w Webhook, body []byte) (status int, reason string) {
	u, err := url.Parse(w.URL)
	if err != nil {
		return 0, "the URL cannot be read"
	}
	if !isLoopback(u.Hostname()) {
		return 0, fmt.Sprintf("%s is not a loopback address, and the sandbox delivers to no other", u.Hostname())
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, strings.NewReader(string(body)))
	if err != nil {
		return 0, "the URL cannot be requested"
	}
	mac := hmac.New(sha256.New, []byte(w.Secret))
	mac.Write(body)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(SignatureHeader, hex.EncodeToString(mac.Sum(nil)))
	resp, err := deliveryClient.Do(r)
	if err != nil {
		return 0, failure(err, u)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode/100 == 2 {
		return resp.StatusCode, ""
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 200))
	line, _, _ := strings.Cut(string(text), "\n")
	return resp.StatusCode, fmt.Sprintf("the receiver answered %d: %s", resp.StatusCode, line)
}

// failure says why there was no response. The error of net/http contains the URL,
// which may contain a password of the receiver.
func failure(err error, u *url.URL) string {
	if urlError := (*url.Error)(nil); errors.As(err, &urlError) {
		err = urlError.Err
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens at " + u.Host
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("the receiver did not answer within %s", deliveryTimeout)
	}
	return err.Error()
}

// isLoopback reports whether a host is on this machine, without a DNS look-up.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// deliveryClient connects only to loopback addresses, whatever a name resolves to,
// without a proxy, and follows no redirect.
var deliveryClient = &http.Client{
	Timeout:       deliveryTimeout,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: (&net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil || !to.Addr().Unmap().IsLoopback() {
				return fmt.Errorf("%s is not a loopback address", address)
			}
			return nil
		}}).DialContext,
	},
}

// serveDeliver handles POST /deliver. It returns 200 if a delivery succeeded, 404
// if no webhook subscribes to the event, and 502 if all deliveries failed.
func (s *Sandbox) serveDeliver(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		answerPerson(w, http.StatusMethodNotAllowed, errorBody{Message: "Send a POST: curl -X POST " + s.host() + DeliverPath + "?event=contact:create"})
		return
	}
	query := r.URL.Query()
	e := Event{Name: query.Get("event"), ProjectID: query.Get("project_id"), ClientID: query.Get("client_id")}
	if known := slices.Concat(events, s.config().extraEvents); !slices.Contains(known, e.Name) {
		answerPerson(w, http.StatusBadRequest, errorBody{
			Message: fmt.Sprintf("The parameter event is %q. It must be one of %s.", e.Name, strings.Join(known, ", ")),
		})
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil || len(body) > 0 && !json.Valid(body) {
		answerPerson(w, http.StatusBadRequest, errorBody{Message: "The body is not JSON. It becomes the data of the delivery, and may be left out."})
		return
	}
	e.Data = body
	all := s.Deliver(r.Context(), e)
	status := http.StatusBadGateway
	switch {
	case len(all) == 0:
		answerPerson(w, http.StatusNotFound, errorBody{Message: "No webhook subscribes to " + e.Name + "."})
		return
	case slices.ContainsFunc(all, func(d Delivery) bool { return d.Delivered }):
		status = http.StatusOK
	}
	answerPerson(w, status, map[string]any{"deliveries": all})
}

// answerPerson responds in indented JSON for a user.
func answerPerson(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(body)
}

// host is the sandbox's address without the path of the API.
func (s *Sandbox) host() string { return strings.TrimSuffix(s.baseURL, BasePath) }
