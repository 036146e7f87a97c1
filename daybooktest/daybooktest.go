// Package daybooktest tests rules: given what happened, when a command comes, then these events follow, or it is rejected so. It runs the model and the rules on the
// real engine, over a log in memory whose clock stands still until the test moves it. A case takes a tenth or two of a millisecond and needs no server.
package daybooktest

import (
	"context"
	"fmt"
	"io/fs"
	"time"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/memory"
	"github.com/daybook-cqrs/daybook/schema"
)

// TB is what a Kit needs of a test: *testing.T, *testing.B and rapid's *T have it.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
}

// Start is what a Kit's clock says at first.
var Start = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// Kit is one case: an application's model and rules, and what has happened so far. It belongs to one goroutine. Whatever is not as the test says ends the test.
type Kit struct {
	t      TB
	ctx    context.Context //nolint:containedctx // a case has no other
	model  *schema.Model
	engine *command.Engine
	log    *memory.Log

	now  time.Time
	seq  uint64 // of the last event that was read
	hash string
	ids  int      // command ids that were drawn
	last *Outcome // nil before the first command
}

// New begins a case in which nothing has happened yet. rules may be nil.
func New(t TB, model *schema.Model, rules command.Rules) *Kit {
	t.Helper()
	k := &Kit{t: t, ctx: context.Background(), model: model, now: Start}
	var err error
	if k.log, err = memory.Open(memory.Options{Partitions: 1, Now: k.Now, Placement: model.Roots()}); err != nil {
		t.Fatalf("the log: %v", err)
	}
	if c, ok := t.(interface{ Cleanup(f func()) }); ok {
		c.Cleanup(func() { k.atEnd() })
	}
	if k.engine, err = command.New(command.Config{Model: model, Log: k.log, Rules: rules, AllowImport: true}); err != nil {
		t.Fatalf("the rules: %v", err)
	}
	return k
}

// MustLoad returns the model of the folder `schema` of fsys, or of its top. It panics with all that is wrong with it: it is for a variable of the test's package,
// daybooktest.MustLoad(os.DirFS("..")).
func MustLoad(fsys fs.FS) *schema.Model {
	m, err := schema.Load(fsys)
	if err != nil {
		panic(err)
	}
	return m
}

// Now returns what the clock says.
func (k *Kit) Now() time.Time { return k.now }

// Pass moves the clock on.
func (k *Kit) Pass(d time.Duration) *Kit {
	k.t.Helper()
	return k.SetNow(k.now.Add(d))
}

// SetNow sets the clock, which never steps back.
func (k *Kit) SetNow(now time.Time) *Kit {
	k.t.Helper()
	if now.Before(k.now) {
		k.t.Fatalf("the clock can't step back from %s to %s", k.now.Format(time.RFC3339Nano), now.UTC().Format(time.RFC3339Nano))
	}
	k.now = now.UTC()
	return k
}

// settled ends the test if the last command was not accepted and no Then said so.
func (k *Kit) settled() {
	k.t.Helper()
	if o := k.last; o != nil && !o.seen && !o.accepted() {
		k.t.Fatalf("%s, and no Then says so", o)
	}
}

// atEnd is settled for the last command, unless the test has failed already.
func (k *Kit) atEnd() {
	if f, ok := k.t.(interface{ Failed() bool }); ok && f.Failed() {
		return
	}
	k.settled()
}

// commandID draws an id: the same for the same case, and so the ids that are derived from it.
func (k *Kit) commandID() string {
	k.ids++
	return fmt.Sprintf("command-%d", k.ids)
}

// news returns the events since it was called last.
func (k *Kit) news() []eventlog.Event {
	k.t.Helper()
	events, err := k.log.Read(k.ctx, 0, k.seq, k.hash, 10_000, 0)
	if err != nil {
		k.t.Fatalf("the log can't be read: %v", err)
	}
	if n := len(events); n > 0 {
		k.seq, k.hash = events[n-1].Seq, events[n-1].Hash
	}
	return events
}

// snapshot returns an entity as it is now, nil if there never was one.
func (k *Kit) snapshot(ref eventlog.Ref) *command.Snapshot {
	k.t.Helper()
	found, err := k.engine.Snapshots(k.ctx, []command.Ref{ref}, command.Known{})
	if err != nil {
		k.t.Fatalf("%s can't be read: %v", name(ref), err)
	}
	return found[ref]
}

func name(ref eventlog.Ref) string { return ref.Entity + " " + ref.ID }
