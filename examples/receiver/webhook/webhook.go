// SPDX-License-Identifier: MPL-2.0

// Package webhook receives Kanbert's deliveries: it verifies each one's
// signature, answers at once, and hands it to a function of yours.
//
// It is an example to copy. It keeps accepted deliveries in memory, so a process
// that is killed loses the few it had not handled yet: a receiver that must not
// lose any writes to a queue that survives it before it answers.
package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// DefaultHeader is where the signature is looked for unless [Receiver.Header]
// says otherwise. The API reference does not state the header's name. Compare it
// with a delivery of your own.
const DefaultHeader = "Signature"

// MaxBody is the largest body that is read, in bytes. What is larger is refused
// before it fills the memory.
const MaxBody = 1 << 20

// Delivery is one verified message from Kanbert.
type Delivery struct {
	// Path is the path of the webhook's URL that it came to.
	Path string `json:"-"`
	// Event is what happened, such as "contact:create".
	Event string `json:"event"`
	// Data is what it happened to, as Kanbert wrote it.
	Data json.RawMessage `json:"data"`
}

// Receiver is an [http.Handler] that takes deliveries, and the worker that
// handles them.
type Receiver struct {
	// Header names the header that holds the signature.
	Header string
	// Log receives why a delivery was refused or ignored. It never receives a
	// signature or a body.
	Log *slog.Logger

	secrets map[string]string
	queue   chan Delivery
	seen    *memory
}

// New returns a receiver. secrets holds the signing secret of each path: every
// webhook has its own URL and its own secret. An empty secret is an error, since
// anyone could sign with it.
func New(secrets map[string]string) (*Receiver, error) {
	if len(secrets) == 0 {
		return nil, errors.New("there is no signing secret: nothing could be verified")
	}
	for path, secret := range secrets {
		if secret == "" {
			return nil, errors.New("the signing secret of " + path + " is empty: anyone could sign with it")
		}
	}
	return &Receiver{
		Header:  DefaultHeader,
		Log:     slog.Default(),
		secrets: secrets,
		queue:   make(chan Delivery, 100),
		seen:    newMemory(time.Hour, 10_000),
	}, nil
}

// ServeHTTP answers within milliseconds, because Kanbert waits for about three
// seconds and then tries again. Every 2xx tells it that the delivery arrived.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	secret, known := r.secrets[req.URL.Path]
	if !known {
		r.refuse(w, req, http.StatusNotFound, "there is no secret for the path")
		return
	}
	if req.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		r.refuse(w, req, http.StatusMethodNotAllowed, "deliveries are sent by POST")
		return
	}
	// The signature is over the bytes as they were sent. A body that was decoded
	// and encoded again has other bytes.
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, MaxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		r.refuse(w, req, http.StatusRequestEntityTooLarge, "the body is too large")
		return
	}
	if err != nil {
		r.refuse(w, req, http.StatusBadRequest, "the body could not be read whole")
		return
	}
	if req.Header.Get(r.Header) == "" {
		// Which header it is can be seen from the names of those that came.
		r.refuse(w, req, http.StatusUnauthorized, "there is no header "+r.Header, "headers", headerNames(req))
		return
	}
	if !Verify(body, req.Header.Get(r.Header), secret) {
		r.refuse(w, req, http.StatusUnauthorized, "the signature does not match")
		return
	}
	delivery := Delivery{Path: req.URL.Path}
	if err := json.Unmarshal(body, &delivery); err != nil || delivery.Event == "" {
		r.refuse(w, req, http.StatusBadRequest, "the body is no delivery")
		return
	}
	r.accept(w, req, sha256.Sum256(body), delivery)
}

// accept queues a delivery unless it came before. Kanbert sends again what it
// got no answer to, and two webhooks for one event both report it: the body is
// the same each time, and is handled once. The API reference documents no id of a
// delivery, so that two events with identical bodies within the hour count as one.
func (r *Receiver) accept(w http.ResponseWriter, req *http.Request, key [sha256.Size]byte, delivery Delivery) {
	if !r.seen.add(key) {
		r.Log.Info("delivery ignored", "path", req.URL.Path, "why", "the same body came before")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	select {
	case r.queue <- delivery:
		w.WriteHeader(http.StatusNoContent)
	default:
		// Forgotten again, so that the next try is not taken for a repetition.
		r.seen.remove(key)
		r.refuse(w, req, http.StatusServiceUnavailable, "the queue is full")
	}
}

func (r *Receiver) refuse(w http.ResponseWriter, req *http.Request, status int, why string, more ...any) {
	r.Log.Warn("delivery refused", append([]any{"method", req.Method, "path", req.URL.Path, "status", status, "why", why}, more...)...)
	http.Error(w, why, status)
}

// headerNames are the names of the headers that came, without their values, and
// not endlessly many.
func headerNames(req *http.Request) string {
	names := slices.Sorted(maps.Keys(req.Header))
	return strings.Join(names[:min(len(names), 50)], ", ")
}

// Run gives each accepted delivery to handle, one after the other, until ctx
// ends and the queue is empty.
func (r *Receiver) Run(ctx context.Context, handle func(Delivery)) {
	for {
		select {
		case delivery := <-r.queue:
			handle(delivery)
			continue
		case <-ctx.Done():
		}
		select {
		case delivery := <-r.queue:
			handle(delivery)
		default:
			return
		}
	}
}

// Verify reports whether signature is the HMAC-SHA256 of body under secret, in
// hexadecimal.
func Verify(body []byte, signature, secret string) bool {
	got, err := hex.DecodeString(signature)
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	// hmac.Equal takes the same time wherever the first difference is. The
	// operator == would tell an attacker how much of a guess was right.
	return hmac.Equal(got, mac.Sum(nil))
}

// Sign returns the signature that [Verify] accepts: what a test of your own
// sends.
func Sign(body []byte, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}
