package redis_test

import (
	"os"
	"path/filepath"
)

// mkdirWithFile makes a folder that nothing can be renamed over.
func mkdirWithFile(dir, name string) error {
	if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name, "x"), nil, 0o600)
}
