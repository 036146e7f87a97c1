// Package sqlite keeps documents in one SQLite file: a table per entity generation, with the fields as JSON and expression indexes on
// those that are looked up. It needs no cgo and nothing installed.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// batchLimit is how many writes share a transaction: enough that the commit's cost vanishes, few enough that other writers wait milliseconds.
const batchLimit = 1000

// Options are what Open may be told beside the path.
type Options struct {
	Readers int          // connections for reading at once; 0 is twice the processors, at least 4
	Log     *slog.Logger // nil discards
}

// Store is a documents.Store in one SQLite file, in WAL mode: one writer, readers that never wait for it. Several processes may
// open the same file.
type Store struct {
	model    *schema.Model
	entities map[string]*entity
	write    *sql.DB
	read     *sql.DB
	queries  *statements // prepared on read
	close    func() error
}

var _ documents.Store = (*Store)(nil)

// Open opens the file, creating it and its folder if need be. Setup makes the tables.
func Open(ctx context.Context, path string, model *schema.Model, o Options) (*Store, error) {
	if err := documents.CheckModel(model); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("documents in SQLite: %w", err)
	}
	if o.Readers < 1 {
		o.Readers = max(4, 2*runtime.NumCPU())
	}
	s := &Store{model: model, entities: map[string]*entity{}}
	for _, e := range model.Documents() {
		s.entities[e.Name] = newEntity(e, model.Entity(e.Name) == nil)
	}
	var err error
	// With synchronous=NORMAL a power cut may lose the last commits, checkpoints among them, never only some of them: they are consolidated again.
	if s.write, err = open(path, 1, "_txlock=immediate&_pragma=synchronous(NORMAL)&_pragma=cache_size(-16000)"); err != nil {
		return nil, err
	}
	if s.read, err = open(path, o.Readers, "_pragma=query_only(1)"); err != nil {
		return nil, errors.Join(err, s.write.Close())
	}
	s.queries = newStatements(s.read)
	s.close = sync.OnceValue(func() error {
		return errors.Join(s.queries.close(), s.read.Close(), s.write.Close())
	})
	if err := s.enterWAL(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("documents in SQLite file %s: %w", path, err), s.Close())
	}
	if o.Log != nil {
		o.Log.Info("documents in SQLite", "file", path, "readers", o.Readers)
	}
	return s, nil
}

func open(path string, conns int, params string) (*sql.DB, error) {
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?_pragma=busy_timeout(10000)&_pragma=temp_store(MEMORY)&" + params
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("documents in SQLite: %w", err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// enterWAL is tried more than once, because the switch does not wait for another process that is doing the same.
func (s *Store) enterWAL(ctx context.Context) error {
	var err error
	for range 50 {
		var mode string
		err = s.write.QueryRowContext(ctx, "PRAGMA journal_mode=WAL").Scan(&mode)
		if err == nil && mode != "wal" {
			return fmt.Errorf("it cannot be in WAL mode (it is %s): is it on a network drive?", mode)
		}
		if err == nil || !isBusy(err) || !pause(ctx) {
			return err
		}
	}
	return err
}

func (s *Store) entity(name string) (*entity, error) {
	if e := s.entities[name]; e != nil {
		return e, nil
	}
	return nil, fmt.Errorf("the model has no entity %q", name)
}

// BatchLimit implements documents.Store.
func (s *Store) BatchLimit() int { return batchLimit }

// Ping implements documents.Store.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return s.read.QueryRowContext(ctx, "SELECT 1").Scan(&one)
}

// Close implements documents.Store.
func (s *Store) Close() error { return s.close() }
