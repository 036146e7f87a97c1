package sqlite

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	_ "modernc.org/sqlite" // registers the driver

	"github.com/daybook-cqrs/daybook/eventlog"
)

var (
	//go:embed schema.sql
	schema1 string
	//go:embed schema_2.sql
	schema2 string
)

const (
	driver        = "sqlite"
	maxReaders    = 8
	applicationID = 0x44627931 // "Dby1": tells a log from any other SQLite file
	fileVersion   = 2
	syncFull      = 2 // PRAGMA synchronous
)

// dsn returns the data source name of the file. Every commit is synced: synchronous=FULL in WAL mode.
func dsn(path string, write bool) string {
	q := "_pragma=busy_timeout(10000)&_pragma=synchronous(FULL)&_pragma=cache_size(-16000)"
	if write {
		q += "&_pragma=journal_mode(WAL)&_txlock=immediate"
	} else {
		q += "&_pragma=query_only(1)"
	}
	u := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: q}
	return u.String()
}

// filePath returns the absolute path of a file that is there or can be made.
func filePath(path string) (string, error) {
	if path == "" || strings.HasPrefix(path, ":") {
		return "", fmt.Errorf("the log needs the path of a file, not %q", path)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("the log %s: %w", path, err)
	}
	if info, err := os.Stat(abs); err == nil && !info.Mode().IsRegular() {
		return "", fmt.Errorf("the log %s is no file", path)
	}
	if _, err := os.Stat(filepath.Dir(abs)); err != nil {
		return "", fmt.Errorf("the folder of the log %s: %w", path, err)
	}
	return abs, nil
}

// openFile returns the one connection that writes, and the number of partitions. It completes the placement in o.
func openFile(ctx context.Context, path string, o *Options) (*sql.DB, int, error) {
	db, err := sql.Open(driver, dsn(path, true))
	if err != nil {
		return nil, 0, err
	}
	db.SetMaxOpenConns(1)
	have, err := prepareFile(ctx, db, o)
	if err != nil {
		return nil, 0, errors.Join(fmt.Errorf("the log %s: %w", path, err), db.Close())
	}
	return db, have, nil
}

// prepareFile makes the tables in a new file, brings those of an old one up to date and checks them, in one transaction: two processes may open a new file at once.
func prepareFile(ctx context.Context, db *sql.DB, o *Options) (int, error) {
	partitions := o.Partitions
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return 0, clearer(err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing, before it the first error counts
	version, err := checkFile(ctx, tx)
	if err != nil {
		return 0, err
	}
	if version == 0 {
		if o.Existing {
			return 0, eventlog.ErrNoLog
		}
		if partitions == 0 {
			partitions = DefaultPartitions
		}
		if err := createTables(ctx, tx, partitions); err != nil {
			return 0, clearer(err)
		}
	}
	if version < fileVersion {
		if err := upgrade(ctx, tx); err != nil {
			return 0, clearer(err)
		}
	}
	have, err := readPartitions(ctx, tx)
	if err != nil {
		return 0, err
	}
	if partitions != 0 && partitions != have {
		return 0, fmt.Errorf("%w: it has %d, not %d: open it with %d", eventlog.ErrPartitions, have, partitions, have)
	}
	if o.Placement, err = place(ctx, tx, o.Placement); err != nil {
		return 0, err
	}
	if err := tx.Commit(); err != nil {
		return 0, clearer(err)
	}
	return have, checkDurable(ctx, db)
}

// checkFile returns the version of a log's tables, 0 for a new file (no tables at all), and refuses anything else.
func checkFile(ctx context.Context, tx *sql.Tx) (int, error) {
	var app, version, tables int
	for query, into := range map[string]*int{
		"PRAGMA application_id": &app, "PRAGMA user_version": &version, "SELECT count(*) FROM sqlite_schema": &tables,
	} {
		if err := tx.QueryRowContext(ctx, query).Scan(into); err != nil {
			return 0, clearer(err)
		}
	}
	switch {
	case tables == 0 && app == 0 && version == 0:
		return 0, nil
	case app != applicationID:
		return 0, errors.New("it is a database of another program, not a Daybook log: choose another file")
	case version < 1 || version > fileVersion:
		return 0, fmt.Errorf("its format is version %d, this program reads version %d: use the program of that version", version, fileVersion)
	}
	return version, nil
}

// upgrade brings tables of version 1 to version 2.
func upgrade(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, schema2+fmt.Sprintf("; PRAGMA user_version = %d", fileVersion))
	return err
}

// createTables makes the tables of version 1.
func createTables(ctx context.Context, tx *sql.Tx, partitions int) error {
	if _, err := tx.ExecContext(ctx, schema1+fmt.Sprintf("; PRAGMA application_id = %d", applicationID)); err != nil {
		return err
	}
	for p := range partitions {
		if _, err := tx.ExecContext(ctx, "INSERT INTO partitions (partition) VALUES (?)", p); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO settings VALUES ('partitions', ?)", strconv.Itoa(partitions))
	return err
}

func readPartitions(ctx context.Context, tx *sql.Tx) (int, error) {
	var text string
	if err := tx.QueryRowContext(ctx, "SELECT value FROM settings WHERE name = 'partitions'").Scan(&text); err != nil {
		return 0, fmt.Errorf("the number of partitions can't be read: %w", clearer(err))
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > eventlog.MaxPartitions {
		return 0, fmt.Errorf("the file is damaged: it says it has %q partitions", text)
	}
	return n, nil
}

// placementName begins the names of the settings that keep placements.
const placementName = "placement:"

// place keeps the placement of types that are new to the file, and returns it with that of the others.
func place(ctx context.Context, tx *sql.Tx, p eventlog.Placement) (eventlog.Placement, error) {
	kept := eventlog.Placement{}
	rows, err := tx.QueryContext(ctx, "SELECT name, value FROM settings WHERE name LIKE ?", placementName+"%")
	if err != nil {
		return nil, clearer(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name, root string
		if err := rows.Scan(&name, &root); err != nil {
			return nil, clearer(err)
		}
		kept[strings.TrimPrefix(name, placementName)] = root
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, clearer(err)
	}
	all, err := p.With(kept)
	if err != nil {
		return nil, err
	}
	for _, entity := range p.Types() {
		if _, there := kept[entity]; there {
			continue
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO settings VALUES (?, ?)", placementName+entity, p[entity]); err != nil {
			return nil, clearer(err)
		}
	}
	return all, nil
}

// checkDurable makes sure that the engine's settings took: a file system without WAL support falls back in silence.
func checkDurable(ctx context.Context, db *sql.DB) error {
	var mode string
	if err := db.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil {
		return clearer(err)
	}
	var sync int
	if err := db.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&sync); err != nil {
		return clearer(err)
	}
	if mode != "wal" || sync != syncFull {
		return fmt.Errorf("it can't be kept durably there: journal mode %q, synchronous %d; use a local disk", mode, sync)
	}
	return nil
}

// clearer says what SQLite's own words leave open.
func clearer(err error) error {
	switch text := err.Error(); {
	case strings.Contains(text, "not a database"):
		return fmt.Errorf("it is not a Daybook log but some other file: choose another path (%w)", err)
	case strings.Contains(text, "unable to open"), strings.Contains(text, "readonly"):
		return fmt.Errorf("it can't be written: check the permissions of the file and its folder (%w)", err)
	case strings.Contains(text, "malformed"):
		return fmt.Errorf("the file is damaged: restore it from a copy (%w)", err)
	}
	return err
}
