package resolve_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/documents/sqlite"
	"github.com/daybook-cqrs/daybook/graph"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/resolve"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// noon is when everything happens.
var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// engine is a write side that answers what a test says, and keeps what it was asked.
type engine struct {
	resolve.Commands
	possible  []command.Possibility
	scheduled []command.Scheduled
	rejected  []command.Rejected
	failed    []command.FailedReaction
	result    *command.Result
	fails     error // of lists

	mu    sync.Mutex // fields of a query resolve at once
	asked []any
}

func (e *engine) note(what ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked = append(e.asked, what...)
}

func (e *engine) Execute(_ context.Context, c command.Command) (*command.Result, error) {
	e.note(c)
	return e.result, nil
}

func (e *engine) Snapshots(context.Context, []command.Ref, command.Known) (map[command.Ref]*command.Snapshot, error) {
	return map[command.Ref]*command.Snapshot{}, nil
}

func (e *engine) Possible(_ context.Context, entity *schema.Entity, id string) ([]command.Possibility, error) {
	e.note(entity.Name + ":" + id)
	return e.possible, nil
}

func (e *engine) Scheduled(_ context.Context, q command.ScheduledQuery) ([]command.Scheduled, error) {
	e.note(q)
	return e.scheduled, e.fails
}

func (e *engine) CancelScheduled(_ context.Context, id string) (bool, error) {
	e.note(id)
	return id == "c1", nil
}

func (e *engine) Refused(_ context.Context, c command.Command, r *command.Rejection) {
	e.note("refused", c.Name, r.Code)
}

func (e *engine) Rejected(_ context.Context, first int, after string) ([]command.Rejected, error) {
	e.note(first, after)
	return e.rejected, e.fails
}

func (e *engine) FailedReactions(_ context.Context, first int, after string) ([]command.FailedReaction, error) {
	e.note(first, after)
	return e.failed, e.fails
}

func (e *engine) ResumeReaction(_ context.Context, id string) (*command.Result, error) {
	e.note(id)
	return e.result, nil
}

func (e *engine) DiscardReaction(_ context.Context, id string) (bool, error) {
	e.note(id)
	return id == "r1", nil
}

// world is a runtime with the sample store's model, and what is behind it.
type world struct {
	*testing.T
	rt    *resolve.Runtime
	write *engine
	store documents.Store
}

func newWorld(t *testing.T) *world {
	t.Helper()
	m, err := schema.Load(os.DirFS(".."))
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "docs.db"), m, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	if err := errors.Join(store.Setup(t.Context()), store.Index(t.Context())); err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, write: &engine{}, store: store}
	w.rt = &resolve.Runtime{Model: m, Commands: w.write, Queries: query.New(query.Config{Model: m, Store: store})}
	return w
}

// document writes a document at version 1.
func (w *world) document(entity, id string, fields schema.Record) {
	w.Helper()
	doc := documents.Write{ID: id, Version: 1, CreatedAt: noon, UpdatedAt: noon, Set: fields}
	if err := w.store.Write(w.Context(), entity, []documents.Write{doc}); err != nil {
		w.Fatal(err)
	}
}

// do executes an operation and returns its data, and its errors as "CODE message".
func (w *world) do(text string) (data, errors string) {
	w.Helper()
	exec := executor.New(graph.New(w.rt, nil))
	exec.SetErrorPresenter(graphql.DefaultErrorPresenter)
	ctx := graphql.StartOperationTrace(w.Context())
	op, errs := exec.CreateOperationContext(ctx, &graphql.RawParams{Query: text, ReadTime: graphql.TraceTiming{Start: time.Now(), End: time.Now()}})
	if errs != nil {
		w.Fatal(errs)
	}
	if err := resolve.Begin(ctx, op); err != nil {
		w.Fatal(err)
	}
	answers, ctx := exec.DispatchOperation(ctx, op)
	a := answers(ctx)
	var said []string
	for _, e := range a.Errors {
		code := "-"
		if c, ok := e.Unwrap().(interface{ GraphQLCode() string }); ok {
			code = c.GraphQLCode()
		}
		said = append(said, code+" "+e.Message)
	}
	return string(a.Data), strings.Join(said, "\n")
}

// want executes an operation, which gives that data and no errors. Both are compared as JSON.
func (w *world) want(text, data string) {
	w.Helper()
	got, errors := w.do(text)
	if errors != "" {
		w.Errorf("%s\n%s", text, errors)
		return
	}
	var is, should any
	if err := json.Unmarshal([]byte(got), &is); err != nil {
		w.Fatal(err)
	}
	if err := json.Unmarshal([]byte(data), &should); err != nil {
		w.Fatalf("%v in %s", err, data)
	}
	if d := cmp.Diff(should, is); d != "" {
		w.Errorf("%s (-want +got)\n%s", text, d)
	}
}

// fails executes an operation, which gives one error that begins so.
func (w *world) fails(text, want string) {
	w.Helper()
	if data, errors := w.do(text); !strings.HasPrefix(errors, want) || strings.Contains(errors, "\n") {
		w.Errorf("%s: %s, errors %q, want %q", text, data, errors, want)
	}
}

// wasAsked compares what the write side was asked since the last time.
func (w *world) wasAsked(want ...any) {
	w.Helper()
	if d := cmp.Diff(want, w.write.asked, cmpopts.EquateComparable(scalar.DateTime{}), cmpopts.EquateEmpty()); d != "" {
		w.Errorf("asked (-want +got)\n%s", d)
	}
	w.write.asked = nil
}
