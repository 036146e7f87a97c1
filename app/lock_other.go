//go:build !unix

package app

import (
	"fmt"
	"os"
	"path/filepath"
)

// lockData makes the data directory. Where there is no flock, nothing keeps a second process out.
func lockData(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("can't make the data directory: %w: choose another with --data or DAYBOOK_DATA", err)
	}
	return os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
}

// lockFile keeps nobody out.
func lockFile(*os.File) bool { return true }
