// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"context"
	"sync"
)

// claims is what a client knows of ids, so that no create takes a webhook for its
// own that is another's.
type claims struct {
	mu  sync.Mutex
	ids map[string]claim
}

type claim struct{ madeHere, deleted bool }

// Claim tells the client that the webhook with this id is accounted for: no
// create takes it for its own, so that it is never deleted but by
// [Client.DeleteWebhook].
func (c *Client) Claim(id string) { c.claims.update(id, func(*claim) {}) }

// made notes that a create was answered with id. Some databases use the id of a
// deleted row again.
func (cs *claims) made(id string) { cs.update(id, func(c *claim) { *c = claim{madeHere: true} }) }

func (cs *claims) delete(id string) { cs.update(id, func(c *claim) { c.deleted = true }) }

func (cs *claims) update(id string, change func(*claim)) {
	if id == "" {
		return
	}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.ids == nil {
		cs.ids = make(map[string]claim)
	}
	c := cs.ids[id]
	change(&c)
	cs.ids[id] = c
}

func (cs *claims) get(id string) (claim, bool) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c, ok := cs.ids[id]
	return c, ok
}

func (cs *claims) isClaimed(id string) bool {
	_, ok := cs.get(id)
	return ok
}

// isMadeHere reports whether a create of this client was answered with id, and
// the webhook was not deleted since.
func (cs *claims) isMadeHere(id string) bool {
	c, _ := cs.get(id)
	return c.madeHere && !c.deleted
}

// isDeleted reports whether the API has confirmed to this client that it deleted
// the webhook, and has not used its id again.
func (cs *claims) isDeleted(id string) bool {
	c, _ := cs.get(id)
	return c.deleted
}

// keyedLock lets calls of one key run one after the other, in the order in which
// they came.
type keyedLock struct {
	mu    sync.Mutex
	locks map[string]*lockQueue
}

type lockQueue struct {
	token chan struct{}
	// users counts the holder and those that wait.
	users int
}

// lock returns the function that unlocks key, or the error of ctx if that ends
// first.
func (k *keyedLock) lock(ctx context.Context, key string) (unlock func(), err error) {
	q := k.enter(key)
	select {
	case q.token <- struct{}{}:
		return func() { <-q.token; k.leave(key, q) }, nil
	case <-ctx.Done():
		k.leave(key, q)
		return nil, context.Cause(ctx)
	}
}

func (k *keyedLock) enter(key string) *lockQueue {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.locks == nil {
		k.locks = make(map[string]*lockQueue)
	}
	q := k.locks[key]
	if q == nil {
		q = &lockQueue{token: make(chan struct{}, 1)}
		k.locks[key] = q
	}
	q.users++
	return q
}

func (k *keyedLock) leave(key string, q *lockQueue) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if q.users--; q.users == 0 {
		delete(k.locks, key)
	}
}
