package machinetest

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// walk is a way through a model: commands at random on an engine and on the oracle, which must agree.
type walk struct {
	*rapid.T
	model   *schema.Model
	log     eventlog.Log
	clock   *clock // nil if the log has its own
	engines []*command.Engine
	oracle  *oracle
	draw    *generator
	seen    map[value]bool // unique values that anything ever had
	fired   []eventlog.Fire
	met     map[string]int // what the commands came to
}

// Walk takes so many steps through the model, on an empty log. Afterwards the log must be what the oracle says. It returns how often commands came to what.
func Walk(t *rapid.T, m *schema.Model, l eventlog.Log, rules computed, steps int, c *clock) map[string]int {
	w := &walk{T: t, model: m, log: l, clock: c, oracle: newOracle(m, rules), seen: map[value]bool{}, met: map[string]int{}}
	if !l.Spans() { // command ids count within a partition
		w.oracle.where = func(ref eventlog.Ref) string { return fmt.Sprint("@", l.PartitionOf(ref)) }
	}
	w.draw = newGenerator(t, w.oracle)
	for range 2 { // as two processes would
		e, err := command.New(command.Config{Model: m, Log: l, Rules: rules.rules()})
		if err != nil {
			t.Fatal(err)
		}
		w.engines = append(w.engines, e)
	}
	for range steps {
		if !w.draw.next() {
			continue
		}
		if c != nil {
			c.pass(time.Duration(w.draw.r.IntN(5000)) * time.Millisecond)
		}
		if !w.fire() {
			w.step(w.draw.command())
		}
	}
	w.check()
	return w.met
}

// step executes a command, asks the oracle, and compares.
func (w *walk) step(c command.Command) {
	if spec := w.model.Command(c.Name); c.ID == "" && spec.Kind == schema.Create && !w.log.Spans() { // where an id counts that is derived, the oracle can't know
		c.ID = w.drawnID(spec, c, nil) + fmt.Sprint(w.oracle.events)
	}
	before := w.oracle.events
	r, err := pick(w.draw, w.engines...).Execute(w.Context(), c)
	if err != nil && !errors.Is(err, eventlog.ErrNoTimer) {
		w.Fatalf("%s: %v", w.show(c), err)
	}
	accepted := err == nil && r.Receipt != nil
	if spec := w.model.Command(c.Name); c.ID == "" && spec.Kind == schema.Create {
		c.ID = w.drawnID(spec, c, r)
	}
	if c.CommandID == "" {
		c.CommandID = "drawn"
		if accepted {
			c.CommandID = r.Receipt.CommandID
		}
	}
	now := time.Time{}
	if w.clock != nil {
		now = w.clock.Now()
	}
	v := w.oracle.decide(c, now)
	for u := range w.oracle.owners {
		w.seen[u] = true
	}
	switch {
	case v.noTimer != (err != nil), v.noTimer && v.code != "":
		w.Fatalf("%s: error %v, the oracle says %+v", w.show(c), err, v)
	case v.noTimer:
		w.met["NO_TIMER"]++
	case v.code != "":
		w.rejected(c, r, v)
	default:
		w.accepted(c, r, v)
	}
	if w.oracle.events > before {
		w.met[c.Name]++
	}
}

// drawnID is the id that the engine drew.
func (w *walk) drawnID(spec *schema.Command, c command.Command, r *command.Result) string {
	if r != nil && r.Entity != nil {
		return r.Entity.Ref.ID
	}
	if f := spec.Entity.With; f != nil {
		owner, _ := c.Input[f.Name].(string)
		return owner + "/drawn"
	}
	return "drawn"
}

func (w *walk) rejected(c command.Command, r *command.Result, v verdict) {
	if r.Receipt != nil {
		w.Fatalf("%s: accepted, and the oracle says %s %s", w.show(c), v.code, v.reason)
	}
	got := r.Rejections[0]
	if got.Code != v.code || v.reason != "" && got.Reason != v.reason || got.Message == "" {
		w.Fatalf("%s: %+v, and the oracle says %s %s", w.show(c), got, v.code, v.reason)
	}
	old := w.oracle.at(eventlog.Ref{Entity: w.model.Command(c.Name).Entity.Name, ID: c.ID})
	if e := r.Entity; e != nil && (e.Version != old.version || e.State != old.state || old.deleted) {
		w.Fatalf("%s: rejected, with %+v, and the oracle has %+v", w.show(c), e, old)
	}
	if v.code == command.InvalidTransition && got.State != old.state {
		w.Fatalf("%s: it is %s, not %s", w.show(c), old.state, got.State)
	}
	w.met[string(v.code)]++
}

func (w *walk) accepted(c command.Command, r *command.Result, v verdict) {
	if r.Receipt == nil {
		w.Fatalf("%s: %+v, and the oracle accepts it", w.show(c), r.Rejections[0])
	}
	if r.Receipt.Duplicate != v.duplicate || r.Receipt.Version != v.after.version || len(r.Receipt.Events) != 1 {
		w.Fatalf("%s: %+v, and the oracle says %+v", w.show(c), r.Receipt, v)
	}
	if e := r.Entity; e.Version != v.after.version || e.State != v.after.state || e.Deleted != v.after.deleted {
		w.Fatalf("%s: %+v, and the oracle says %+v", w.show(c), e, v.after)
	}
	if diff := gocmp.Diff(plain(v.after.fields), plain(own(w.model, r.Entity))); diff != "" && !v.after.deleted {
		w.Fatalf("%s: the entity is otherwise (- oracle, + engine):\n%s", w.show(c), diff)
	}
	switch {
	case v.duplicate:
		w.met["DUPLICATE"]++
	case c.DryRun:
		w.met["DRY"]++
	}
}

// own returns an entity's fields without id and state.
func own(m *schema.Model, s *command.Snapshot) schema.Record {
	out := maps.Clone(s.Fields)
	delete(out, "id")
	if f := m.Entity(s.Ref.Entity).State; f != nil {
		delete(out, f.Name)
	}
	return out
}

// fire runs the command of a timer now and then, also of one that ran before or was cancelled. false: there was none to run.
func (w *walk) fire() bool {
	if !w.draw.oneIn(12) {
		return false
	}
	set := w.timers()
	for _, f := range w.fired {
		set = append(set, eventlog.SetTimer{TimerKey: f.TimerKey, Token: f.Token, Data: []byte(`{"event":"x"}`)})
	}
	if len(set) == 0 {
		return false
	}
	t := pick(w.draw, set...)
	c, _, err := w.engines[0].DecodeTimer(t)
	if err != nil {
		w.Fatal(err)
	}
	w.fired = append(w.fired, *c.Fire)
	w.step(c)
	w.met["FIRED"]++
	return true
}

func (w *walk) timers() (out []eventlog.SetTimer) {
	for p := range w.log.Partitions() {
		some, err := w.log.Timers(w.Context(), p, eventlog.TimeoutTimer, nil, eventlog.MaxTimers)
		if err != nil {
			w.Fatal(err)
		}
		out = append(out, some...)
	}
	slices.SortFunc(out, func(a, b eventlog.SetTimer) int {
		return cmp.Or(strings.Compare(a.Ref.String(), b.Ref.String()), strings.Compare(a.Name, b.Name))
	})
	return out
}

func (w *walk) show(c command.Command) string {
	out := fmt.Sprintf("%s (command %s, dry %v)", describe(w.model, c), c.CommandID, c.DryRun)
	if c.ExpectedVersion != nil {
		out += fmt.Sprintf(" at version %d", *c.ExpectedVersion)
	}
	if c.Fire != nil {
		out += fmt.Sprintf(" by %+v", *c.Fire)
	}
	return out
}

// TestWalk walks through every model on every engine.
func TestWalk(t *testing.T) {
	for _, e := range engines() {
		for _, m := range models {
			t.Run(e.name+"/"+m.name, func(t *testing.T) {
				model, met := load(t, m.model), map[string]int{}
				rapid.Check(t, func(rt *rapid.T) {
					var c *clock
					var l eventlog.Log
					steps := 25
					if e.fast {
						c, steps = newClock(), 250
						l = openMemory(t, 3, model, c.Now)
					} else {
						l = e.open(t, 3, model)
					}
					defer l.Close()
					for what, n := range Walk(rt, model, l, m.rules, steps, c) {
						met[what] += n
					}
				})
				t.Logf("%v", met)
				for _, spec := range model.Commands {
					if e.fast && met[spec.Name] == 0 {
						t.Errorf("%s was never accepted", spec.Name)
					}
				}
			})
		}
	}
}
