// Package testsrc knows this checkout, for tests that compile or run it in child processes.
package testsrc

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// Root returns the folder of this checkout.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
}

// Look asks about every file that a child process may compile: the test cache knows what a test itself looks at, and nothing of its children, so that
// the result of an older program would be served.
func Look(t testing.TB) {
	t.Helper()
	compiled := []string{".go", ".mod", ".sum", ".sql", ".lua", ".graphql"}
	err := filepath.WalkDir(Root(), func(path string, d fs.DirEntry, err error) error {
		switch name := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && path != Root() && (strings.HasPrefix(name, ".") || name == "node_modules"):
			return fs.SkipDir
		case !d.IsDir() && slices.Contains(compiled, filepath.Ext(name)) && !strings.HasSuffix(name, "_test.go"):
			_, err = os.Stat(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
