// SPDX-License-Identifier: MPL-2.0

package live

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	// Prefix is the prefix of the URLs of all runs. The domain .invalid never
	// exists (RFC 2606), so no delivery arrives anywhere.
	Prefix = "https://terraform-acc.invalid/"
	// LedgerFolder is the folder of the ledgers, in the root of the repository.
	LedgerFolder = ".kanbert-live"

	ledgerSuffix = ".jsonl"
)

// newRun returns the name of a run: its start time, and random characters.
func newRun(now time.Time) string {
	return now.UTC().Format("20060102t150405") + "-" + strings.ToLower(rand.Text()[:8])
}

// entry is one line of a ledger. The first line has Run, API and Workspace. Each
// other line has one of the other fields.
type entry struct {
	Run       string `json:"run,omitempty"`
	API       string `json:"api,omitempty"`
	Workspace string `json:"workspace,omitempty"`

	Made    string `json:"made,omitempty"`
	Deleted string `json:"deleted,omitempty"`
}

// ledger contains the ids of the webhooks that one run created. It contains no URLs
// except those of the run, no token and no secret.
type ledger struct {
	run, api, workspace string
	path                string
	modified            time.Time

	mu      sync.Mutex
	file    *os.File
	made    map[string]bool
	deleted map[string]bool
}

// prefix is the prefix of the URLs of the run.
func (l *ledger) prefix() string { return Prefix + l.run + "/" }

func createLedger(folder, api, workspace string) (*ledger, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	l := &ledger{run: newRun(time.Now()), api: api, workspace: workspace, made: map[string]bool{}, deleted: map[string]bool{}}
	l.path = filepath.Join(folder, l.run+ledgerSuffix)
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	l.file = file
	return l, l.write(entry{Run: l.run, API: api, Workspace: workspace})
}

// write adds a line and waits until it is on the disk, so that the webhooks of a
// killed run can be found.
func (l *ledger) write(e entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if _, err := l.file.Write(append(line, '\n')); err != nil {
		return err
	}
	return l.file.Sync()
}

// recordMade records an id and reports whether it is new.
func (l *ledger) recordMade(id string) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.made[id] {
		return false, nil
	}
	l.made[id] = true
	return true, l.write(entry{Made: id})
}

func (l *ledger) recordDeleted(id string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.deleted[id] {
		return nil
	}
	l.deleted[id] = true
	return l.write(entry{Deleted: id})
}

func (l *ledger) has(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.made[id]
}

// left returns the ids that were created and not deleted.
func (l *ledger) left() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var ids []string
	for id := range l.made {
		if !l.deleted[id] {
			ids = append(ids, id)
		}
	}
	return ids
}

// close closes the ledger, and removes its file if requested.
func (l *ledger) close(remove bool) error {
	err := l.file.Close()
	if remove {
		err = errors.Join(err, os.Remove(l.path))
	}
	return err
}

// readLedgers reads the ledgers of a folder that need not exist.
func readLedgers(folder string) ([]*ledger, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*"+ledgerSuffix))
	if err != nil {
		return nil, err
	}
	var ledgers []*ledger
	for _, path := range paths {
		l, err := readLedger(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		ledgers = append(ledgers, l)
	}
	return ledgers, nil
}

func readLedger(path string) (*ledger, error) {
	file, err := os.Open(path) //nolint:gosec // The caller names the folder of the ledger.
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	l := &ledger{path: path, modified: info.ModTime(), made: map[string]bool{}, deleted: map[string]bool{}}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var e entry
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue // A killed run may leave an incomplete last line.
		}
		l.apply(e)
	}
	if l.run == "" || l.run+ledgerSuffix != filepath.Base(path) {
		return nil, errors.New("this is not a ledger of a run")
	}
	return l, lines.Err()
}

func (l *ledger) apply(e entry) {
	switch {
	case e.Run != "":
		l.run, l.api, l.workspace = e.Run, e.API, e.Workspace
	case e.Made != "":
		l.made[e.Made] = true
	case e.Deleted != "":
		l.deleted[e.Deleted] = true
	}
}
