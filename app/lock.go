//go:build unix

package app

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lockData makes the data directory, and makes sure that no other process works in it: the feed of the embedded engines is inside the process. The
// lock ends with the file, however the process does.
func lockData(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("can't make the data directory: %w: choose another with --data or DAYBOOK_DATA", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("can't write to the data directory: %w: choose another with --data or DAYBOOK_DATA", err)
	}
	if !lockFile(f) {
		f.Close()
		return nil, fmt.Errorf("another process works on %s: stop it, or choose another directory with --data or DAYBOOK_DATA", dir)
	}
	return f, nil
}

// lockFile reports whether the file now is this process's alone. The lock ends with the file, however the process does.
func lockFile(f *os.File) bool {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}
