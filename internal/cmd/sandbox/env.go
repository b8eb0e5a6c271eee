// SPDX-License-Identifier: MPL-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// environment is what leads the provider, and a person, to the sandbox. None of
// its values needs quotes.
func environment(s *kanberttest.Sandbox) string {
	return fmt.Sprintf("export KANBERT_BASE_URL=%s\nexport KANBERT_TOKEN=%s\nexport SANDBOX_URL=%s\n",
		s.BaseURL(), s.Token(), strings.TrimSuffix(s.BaseURL(), kanberttest.BasePath))
}

// writeEnvironment writes a file that its owner alone can read, in place of one
// that another sandbox left, and returns its absolute name.
func writeEnvironment(file, text string) (_ string, err error) {
	file, err = filepath.Abs(file)
	if err != nil {
		return "", err
	}
	// A temporary file has the mode 0600 from the start, whatever stands there.
	temporary, err := os.CreateTemp(filepath.Dir(file), ".sandbox-*.env")
	if err != nil {
		return "", err
	}
	_, err = temporary.WriteString(text)
	err = errors.Join(err, temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), file)
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(temporary.Name()))
	}
	return file, nil
}

// removeEnvironment removes the file, unless it is another sandbox's by now. One
// that is left over does no harm.
func removeEnvironment(file, text string) {
	if now, err := os.ReadFile(file); err == nil && string(now) == text {
		_ = os.Remove(file)
	}
}

var plainWord = regexp.MustCompile(`^[\w@%+=:,./-]+$`)

// shellQuote gives text as one word of a shell.
func shellQuote(text string) string {
	if plainWord.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
