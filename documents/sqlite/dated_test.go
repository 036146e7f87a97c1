package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/documents/storetest"
	"github.com/daybook-cqrs/daybook/schema"
)

func TestArchivesOfOlderVersionsGetTheirCreatedAt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "documents.db")
	storetest.Dated(t, func(m *schema.Model) documents.Store { return open(t, path, m) }, func() {
		// The columns in the order of an older file, without the new one and its index, and the other indexes that Setup makes now.
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		for _, q := range []string{`DROP INDEX "samples_versions_undated"`, `ALTER TABLE samples_versions DROP COLUMN createdAt`, `ALTER TABLE samples_versions ADD COLUMN createdAt TEXT`} {
			if _, err := db.ExecContext(t.Context(), q); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestFilesOfOlderVersionsAreOpened(t *testing.T) {
	path := filepath.Join(t.TempDir(), "documents.db")
	model := storetest.Model(t)
	if err := open(t, path, model).Setup(t.Context()); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, q := range []string{
		`DROP INDEX "samples_versions_undated"`, `ALTER TABLE samples_versions DROP COLUMN createdAt`,
		`INSERT INTO samples_versions VALUES ('a', 1, 'SampleCreated', '', '', 0, '2024-01-02T03:04:05.000000006Z', NULL, '{"count":1}', '[]', '', '', '', '', 0, 1, 1)`,
	} {
		if _, err := db.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, path, model)
	if err := s.Setup(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := s.Versions(t.Context(), "Sample", []documents.VersionKey{{ID: "a", Version: 1}})
	if v := got[documents.VersionKey{ID: "a", Version: 1}]; err != nil || v.At.IsZero() || !v.CreatedAt.Equal(v.At) {
		t.Fatalf("%+v: %v", got, err)
	}
}
