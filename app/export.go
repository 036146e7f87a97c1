package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/eventlog"
	redislog "github.com/daybook-cqrs/daybook/eventlog/redis"
	sqlitelog "github.com/daybook-cqrs/daybook/eventlog/sqlite"
	"github.com/daybook-cqrs/daybook/export"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// runExport writes events or documents, and returns the exit code: 2 for what is wrong with the arguments or can't be reached, 1 for what fails on the way.
func runExport(ctx context.Context, def Definition, in invocation) int {
	o, err := parseExport(def, in)
	switch {
	case errors.Is(err, ErrHelp):
		exportUsage(in.stdout)
		return 0
	case err != nil:
		return explain(in.stderr, fmt.Errorf("export: %w", err))
	}
	if o.kind == exportEvents {
		return o.events(ctx, in)
	}
	return o.documents(ctx, in)
}

// events exports events.
func (o *exportOptions) events(ctx context.Context, in invocation) int {
	log, err := existingLog(ctx, o.cfg)
	if err != nil {
		return explain(in.stderr, fmt.Errorf("export: %w", err))
	}
	defer log.Close() //nolint:errcheck // it was only read
	q := export.EventsQuery{From: o.from, To: o.to, Entities: o.entities}
	to, tail, err := o.open(in.stdout, func(r io.Reader) (export.Tail, error) { return export.ReadEvents(r, o.format) })
	if err != nil {
		return explain(in.stderr, fmt.Errorf("export: %w", err))
	}
	q.Hashes = map[int]string{}
	for p, hash := range tail.Hashes {
		there, _ := tail.Position.Place(p)
		if from, _ := q.From.Place(p); !there.Before(from) {
			q.Hashes[p] = hash
		}
	}
	q.From = q.From.Join(tail.Position)
	shown := newProgress(in.stderr, exportEvents)
	result, err := export.Events(ctx, log, q, o.output(to, tail, shown))
	shown.end()
	err = errors.Join(err, to.finish(errors.Is(err, export.ErrUsage)))
	return o.report(ctx, in, result.Rows, "--from="+result.Position.String(), result.Position.IsZero(), err)
}

// documents exports the documents of one entity.
func (o *exportOptions) documents(ctx context.Context, in invocation) int {
	store, err := existingDocuments(ctx, o.cfg, o.model)
	if err != nil {
		return explain(in.stderr, fmt.Errorf("export: %w", err))
	}
	defer store.Close() //nolint:errcheck // it was only read
	at, err := consolidated(ctx, store, o.model.View(o.entity.Name))
	if err != nil {
		return explain(in.stderr, fmt.Errorf("export: the documents can't be read: %w", err))
	}
	filter, err := query.New(query.Config{Model: o.model, Store: store}).Resolve(ctx, o.entity, o.filter)
	if err != nil {
		return explain(in.stderr, fmt.Errorf("export: --where: %w", err))
	}
	q := export.DocumentsQuery{Model: o.model, Entity: o.entity, Filter: filter, Fields: o.fields, After: o.after}
	to, tail, err := o.open(in.stdout, func(r io.Reader) (export.Tail, error) { return export.ReadDocuments(r, o.format, q) })
	if err != nil {
		return explain(in.stderr, fmt.Errorf("export: %w", err))
	}
	q.After = max(q.After, tail.Last)
	if !o.quiet && !at.IsZero() {
		fmt.Fprintf(in.stderr, "The documents have at least what the log has up to --from=%s.\n", at)
	}
	shown := newProgress(in.stderr, exportDocuments)
	result, err := export.Documents(ctx, store, q, o.output(to, tail, shown))
	shown.end()
	err = errors.Join(err, to.finish(errors.Is(err, export.ErrUsage)))
	return o.report(ctx, in, result.Rows, "--after="+quoted(result.Last), result.Last == "", err)
}

// consolidated returns what the documents have at least: those of a view, if it is not nil. A view has to be complete.
func consolidated(ctx context.Context, store documents.Store, view *schema.Entity) (position.Position, error) {
	checkpoints, err := store.Checkpoints(ctx)
	if view != nil && err == nil {
		var ready bool
		if ready, err = store.ViewReady(ctx, view.Name); err == nil && !ready {
			return position.Position{}, fmt.Errorf("%s is being built: ask again later, while the backend runs", view.Name)
		}
		if err == nil {
			checkpoints, err = store.ViewCheckpoints(ctx, view.Name)
		}
	}
	return documents.PositionOf(checkpoints), err
}

func (o *exportOptions) output(to *exportFile, tail export.Tail, shown *progress) *export.Output {
	out := &export.Output{To: to, Format: o.format, Resumed: tail.Size > 0}
	if !o.quiet {
		out.Progress = shown.show
	}
	return out
}

// report says how it ended and how to go on, and returns the exit code. nothing says that there is nothing to go on behind.
func (o *exportOptions) report(ctx context.Context, in invocation, rows int64, goOn string, nothing bool, err error) int {
	switch {
	case nothing:
		goOn = "nothing was written that it could go on behind"
	case o.file != "":
		goOn = "go on with the same command and --resume, or into another file with " + goOn
	default:
		goOn = "go on with the same command and " + goOn
	}
	switch {
	case errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe):
		return 1 // who read it has enough
	case err != nil && ctx.Err() != nil:
		fmt.Fprintf(in.stderr, "daybook: export: interrupted behind %s %s: %s\n", scalar.Grouped(rows), o.kind, goOn)
		return 1
	case errors.Is(err, export.ErrUsage):
		return explain(in.stderr, fmt.Errorf("export: %w", err))
	case err != nil:
		fmt.Fprintf(in.stderr, "daybook: export: %v; it had written %s %s: %s\n", err, scalar.Grouped(rows), o.kind, goOn)
		return 1
	}
	if !o.quiet {
		fmt.Fprintf(in.stderr, "%s %s. For what comes later %s\n", scalar.Grouped(rows), o.kind, goOn)
	}
	return 0
}

// quoted is text as a shell takes it for one word.
func quoted(text string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@", r)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return !plain(r) }) {
		return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	}
	return text
}

// existingLog opens the log, beside a process that works on it or alone. It makes none.
func existingLog(ctx context.Context, cfg *Config) (log eventlog.Log, err error) {
	ctx, cancel := context.WithTimeout(ctx, openBound)
	defer cancel()
	if cfg.RedisURL != "" {
		if err := redisEngine.reach(ctx, cfg.RedisURL); err != nil {
			return nil, err
		}
		l, err := redislog.Open(ctx, cfg.RedisURL, redislog.Options{Existing: true})
		if err != nil {
			return nil, redisEngine.failed(cfg.RedisURL, err)
		}
		return l, nil
	}
	l, err := sqlitelog.Open(ctx, filepath.Join(cfg.Data, "log.db"), sqlitelog.Options{Existing: true})
	switch {
	case errors.Is(err, eventlog.ErrNoLog), errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no log in %s: name the directory of one with --data or DAYBOOK_DATA, or REDIS_URL if it is in Redis", cfg.Data)
	case err != nil:
		return nil, fmt.Errorf("the log in %s: %w", cfg.Data, err)
	}
	return l, nil
}

// existingDocuments opens the documents, beside a process that works on them or alone. It makes none.
func existingDocuments(ctx context.Context, cfg *Config, model *schema.Model) (documents.Store, error) {
	ctx, cancel := context.WithTimeout(ctx, openBound)
	defer cancel()
	if _, err := os.Stat(filepath.Join(cfg.Data, "documents.db")); cfg.MongoURI == "" && err != nil {
		return nil, fmt.Errorf("there are no documents in %s: name their directory with --data or DAYBOOK_DATA, or MONGODB_URI if they are in MongoDB", cfg.Data)
	}
	return openStore(ctx, cfg, model, nil)
}
