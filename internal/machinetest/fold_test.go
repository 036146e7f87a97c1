package machinetest

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// folded is an entity as its events make it.
type folded struct {
	version int64
	state   string
	deleted bool
	fields  map[string]any // the state among them
}

// check compares the log with the oracle, and with itself.
func (w *walk) check() {
	all, events := map[eventlog.Ref]*folded{}, 0
	for p := range w.log.Partitions() {
		after, hash := uint64(0), ""
		for {
			page, err := w.log.Read(w.Context(), p, after, hash, 1000, 0)
			if err != nil {
				w.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for i := range page {
				w.fold(all, &page[i])
			}
			events += len(page)
			last := page[len(page)-1]
			after, hash = last.Seq, last.Hash
		}
	}
	if events != w.oracle.events || len(all) != len(w.oracle.entities) {
		w.Fatalf("%d events of %d entities, and the oracle has %d of %d", events, len(all), w.oracle.events, len(w.oracle.entities))
	}
	for ref, f := range all {
		w.compare(ref, f)
	}
	w.checkClaims()
	w.checkTimers()
}

// fold adds an event, and checks that the model declares it.
func (w *walk) fold(all map[eventlog.Ref]*folded, e *eventlog.Event) {
	f := all[e.Ref()]
	if f == nil {
		f = &folded{fields: map[string]any{}}
		all[e.Ref()] = f
	}
	entity := w.model.Entity(e.Entity)
	i := slices.IndexFunc(entity.Commands, func(c *schema.Command) bool { return c.Event == e.Name })
	if i < 0 {
		w.Fatalf("%s is an event of no command of %s", e.Name, e.Entity)
	}
	spec := entity.Commands[i]
	to := spec.To
	if to == "" {
		to = e.From
	}
	switch {
	case e.Version != f.version+1 || f.deleted:
		w.Fatalf("version %d of %s follows %+v", e.Version, e.Ref(), f)
	case e.From != f.state || (spec.Kind == schema.Create) != (e.Version == 1) || spec.From != nil && !slices.Contains(spec.From, e.From):
		w.Fatalf("%s of %s leads from %q, and it is %q", e.Name, e.Ref(), e.From, f.state)
	case e.To != to || e.Deleted != (spec.Kind == schema.Delete):
		w.Fatalf("%s of %s leads to %q, deleted %v", e.Name, e.Ref(), e.To, e.Deleted)
	}
	f.version, f.state, f.deleted = e.Version, e.To, e.Deleted
	if e.Deleted {
		f.fields = map[string]any{}
		return
	}
	var changes []struct {
		Op, Path, By, Key string
		Value             json.RawMessage
	}
	if err := json.Unmarshal(e.Changes, &changes); err != nil {
		w.Fatalf("%s: %s: %v", e.EventID(), e.Changes, err)
	}
	for _, c := range changes {
		elements := list(f.fields[c.Path])
		at := slices.IndexFunc(elements, func(v any) bool { m, _ := v.(map[string]any); return m[c.By] == c.Key })
		switch {
		case c.Op == "set" && string(c.Value) == "null":
			delete(f.fields, c.Path)
		case c.Op == "set":
			f.fields[c.Path] = decoded(c.Value)
		case c.Op == "insert" && at < 0:
			f.fields[c.Path] = append(slices.Clone(elements), decoded(c.Value))
		case c.Op == "update" && at >= 0:
			elements = slices.Clone(elements)
			elements[at] = decoded(c.Value)
			f.fields[c.Path] = elements
		case c.Op == "remove" && at >= 0:
			f.fields[c.Path] = slices.Delete(slices.Clone(elements), at, at+1)
		default:
			w.Fatalf("%s can't be folded: %s of %s on %v", e.EventID(), c.Op, c.Key, elements)
		}
	}
	if s := entity.State; s != nil && f.fields[s.Name] != f.state {
		w.Fatalf("%s leads to %s, and its changes to %v", e.EventID(), f.state, f.fields[s.Name])
	}
}

// compare compares the fold of an entity's events with its head and with the oracle's.
func (w *walk) compare(ref eventlog.Ref, f *folded) {
	loaded, err := w.log.Load(w.Context(), eventlog.Load{Primary: ref})
	if err != nil {
		w.Fatal(err)
	}
	head, t := loaded.Heads[ref], w.oracle.at(ref)
	if head.Version != f.version || head.State != f.state || head.Deleted != f.deleted || t.version != f.version || t.state != f.state || t.deleted != f.deleted {
		w.Fatalf("%s: fold %+v, head %+v, oracle %+v", ref, f, head, t)
	}
	if s := w.model.Entity(ref.Entity).State; s != nil {
		delete(f.fields, s.Name)
	}
	fields := map[string]any{}
	for name, raw := range head.Fields {
		fields[name] = decoded(raw)
	}
	if diff := cmp.Diff(f.fields, fields); diff != "" {
		w.Fatalf("the head of %s is otherwise (- fold, + head):\n%s", ref, diff)
	}
	if diff := cmp.Diff(plain(t.fields), any(f.fields)); diff != "" {
		w.Fatalf("%s is otherwise (- oracle, + fold):\n%s", ref, diff)
	}
}

// checkClaims compares who has every unique value that anything ever had.
func (w *walk) checkClaims() {
	var claims []eventlog.Claim
	nobody := eventlog.Ref{Entity: w.model.Entities[0].Name, ID: "nobody"}
	for u := range w.seen {
		claims = append(claims, eventlog.Claim{Field: u.unique, Value: u.text, Owner: nobody})
	}
	loaded, err := w.log.Load(w.Context(), eventlog.Load{Primary: nobody, Claims: claims})
	if err != nil {
		w.Fatal(err)
	}
	for i, c := range claims {
		if want := w.oracle.owners[value{c.Field, c.Value}]; loaded.Owners[i] != want {
			w.Fatalf("%s %q is held by %q, and the oracle says %q", c.Field, c.Value, loaded.Owners[i], want)
		}
	}
}

// checkTimers compares what timers are set; when they are due only on a clock that the walk moves.
func (w *walk) checkTimers() {
	got, want := map[eventlog.TimerKey]string{}, map[eventlog.TimerKey]string{}
	for _, t := range w.timers() {
		got[t.TimerKey] = t.Token
		if w.clock != nil {
			got[t.TimerKey] += " " + t.Due.Format(time.RFC3339Nano)
		}
	}
	for key, t := range w.oracle.timers {
		want[key] = t.token
		if w.clock != nil {
			want[key] += " " + t.set.Add(t.after).Format(time.RFC3339Nano)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.Fatalf("other timers are set (- oracle, + log):\n%s", diff)
	}
}
