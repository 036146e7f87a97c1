package sqlite_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/documents/sqlite"
	"github.com/daybook-cqrs/daybook/documents/storetest"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestContract(t *testing.T) {
	storetest.Run(t, func(t testing.TB, m *schema.Model) documents.Store {
		return open(t, filepath.Join(t.TempDir(), "a folder?", "documents#1.db"), m)
	}, storetest.Features{})
}

func TestValuesThatNoLongerFitTheModel(t *testing.T) {
	path := filepath.Join(t.TempDir(), "documents.db")
	storetest.Unreadable(t, func(m *schema.Model) documents.Store { return open(t, path, m) })
}

// Two processes on one file, here two stores: both set it up and write at once, and nothing is lost.
func TestTwoWritersOnOneFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "documents.db")
	model := storetest.Model(t)
	const each = 50
	secrets := make([][]byte, 2)
	var wg sync.WaitGroup
	for w := range 2 {
		wg.Go(func() {
			s := open(t, path, model)
			if err := s.Setup(t.Context()); err != nil {
				t.Error(err)
				return
			}
			var err error
			if secrets[w], err = s.Secret(t.Context()); err != nil {
				t.Error(err)
			}
			for i := range each {
				now := time.Now()
				err := s.Write(t.Context(), "Sample", []documents.Write{{ID: fmt.Sprint(w, "-", i), Version: 1, CreatedAt: now, UpdatedAt: now}})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n, err := open(t, path, model).Count(t.Context(), documents.CountQuery{Entity: "Sample"}); err != nil || n != 2*each {
		t.Errorf("%d documents of %d: %v", n, 2*each, err)
	}
	if !bytes.Equal(secrets[0], secrets[1]) {
		t.Errorf("two processes have the secrets %x and %x", secrets[0], secrets[1])
	}
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

func BenchmarkArchive(b *testing.B) {
	storetest.BenchArchive(b, func(t testing.TB, m *schema.Model) documents.Store {
		return open(t, filepath.Join(t.TempDir(), "documents.db"), m)
	})
}

func BenchmarkStore(b *testing.B) {
	storetest.Bench(b, func(t testing.TB, m *schema.Model) documents.Store {
		return open(t, filepath.Join(t.TempDir(), "documents.db"), m)
	}, 20_000)
}

// TestCheckpointsOfBeforeWatermarks: a file of an older version of Daybook opens, and goes on.
func TestCheckpointsOfBeforeWatermarks(t *testing.T) {
	path, m := filepath.Join(t.TempDir(), "d.db"), storetest.Model(t)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{
		`CREATE TABLE checkpoints (generation INTEGER NOT NULL, partition INTEGER NOT NULL, epoch INTEGER NOT NULL,
			seq INTEGER NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (generation, partition)) WITHOUT ROWID`,
		`INSERT INTO checkpoints VALUES (1, 3, 0, 7, 'h')`,
	} {
		if _, err := db.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s, err := sqlite.Open(t.Context(), path, m, sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Setup(t.Context()); err != nil {
			t.Fatal(err)
		}
		c := documents.Checkpoint{Place: position.Place{Seq: 7}, Hash: "h", Watermark: time.Unix(1, 2).UTC()}
		if err := s.Advance(t.Context(), 3, c); err != nil {
			t.Fatal(err)
		}
		if all, err := s.Checkpoints(t.Context()); err != nil || len(all) != 1 || all[3] != c {
			t.Fatalf("%+v, %v", all, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestViewsThatWereDroppedBeginAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "documents.db")
	storetest.Dropped(t, func(m *schema.Model) documents.Store { return open(t, path, m) }, func(stored string) {
		db, err := sql.Open("sqlite", path)
		if err == nil {
			defer func() { _ = db.Close() }()
			_, err = db.ExecContext(t.Context(), `DROP TABLE "`+stored+`_g1"`)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
}
