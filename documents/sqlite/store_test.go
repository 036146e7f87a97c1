package sqlite_test

import (
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/documents/sqlite"
	"github.com/daybook-cqrs/daybook/documents/storetest"
	"github.com/daybook-cqrs/daybook/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestContract(t *testing.T) {
	storetest.Run(t, func(t testing.TB, m *schema.Model) documents.Store {
		return open(t, filepath.Join(t.TempDir(), "a folder?", "documents#1.db"), m)
	}, storetest.Features{})
}

func open(t testing.TB, path string, m *schema.Model) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, m, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
