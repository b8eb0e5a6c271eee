// SPDX-License-Identifier: MPL-2.0

package webhook

import (
	"crypto/sha256"
	"sync"
	"time"
)

// memory remembers the deliveries of a while. It is bounded both ways, so that
// neither time nor a flood makes it grow.
type memory struct {
	keep time.Duration
	most int

	mu    sync.Mutex
	order []remembered
	keys  map[[sha256.Size]byte]struct{}
}

type remembered struct {
	key   [sha256.Size]byte
	until time.Time
}

func newMemory(keep time.Duration, most int) *memory {
	return &memory{keep: keep, most: most, keys: make(map[[sha256.Size]byte]struct{})}
}

// add remembers key, and reports whether it was new.
func (m *memory) add(key [sha256.Size]byte) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	for len(m.order) > 0 && !now.Before(m.order[0].until) {
		m.forgetOldest()
	}
	if _, known := m.keys[key]; known {
		return false
	}
	if len(m.order) == m.most {
		m.forgetOldest()
	}
	m.keys[key] = struct{}{}
	m.order = append(m.order, remembered{key: key, until: now.Add(m.keep)})
	return true
}

func (m *memory) forgetOldest() {
	delete(m.keys, m.order[0].key)
	m.order = m.order[1:]
}

// remove forgets key.
func (m *memory) remove(key [sha256.Size]byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.keys, key)
	for i := range m.order {
		if m.order[i].key == key {
			m.order = append(m.order[:i], m.order[i+1:]...)
			return
		}
	}
}
