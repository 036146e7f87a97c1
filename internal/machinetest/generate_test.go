package machinetest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// generator draws commands: most of them sensible, given what there is.
type generator struct {
	t     *rapid.T
	r     *rand.Rand // of this step
	salt  uint64
	steps uint64
	o     *oracle
	about thing // the entity that the command is for
	n     int
	sent  []command.Command
	tried map[string]int // commands, by name
}

func newGenerator(t *rapid.T, o *oracle) *generator {
	g := &generator{t: t, o: o, tried: map[string]int{}}
	for _, b := range rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "salt") {
		g.salt = g.salt<<8 | uint64(b)
	}
	return g
}

// next begins a step. false: there is none, which is what rapid makes of steps that a failure does not need. Its own numbers lean towards small ones far too
// much for choices: a step draws from what they are a part of the seed of.
func (g *generator) next() bool {
	n := rapid.Uint64().Draw(g.t, "step")
	g.steps++
	g.r = rand.New(rand.NewPCG(n, g.salt+g.steps)) //nolint:gosec // a test
	return n != 0
}

func (g *generator) oneIn(n int) bool { return g.r.IntN(n) == 0 }

func pick[T any](g *generator, from ...T) T { return from[g.r.IntN(len(from))] }

// command draws the next command.
func (g *generator) command() command.Command {
	g.n++
	if len(g.sent) > 0 && g.oneIn(12) {
		return pick(g, g.sent...)
	}
	var c command.Command
	if refs := g.there(pick(g, g.o.model.Entities...).Name); len(refs) > 0 && !g.oneIn(5) {
		c = g.changing(pick(g, refs...))
	} else {
		among := slices.DeleteFunc(slices.Clone(g.o.model.Commands), func(c *schema.Command) bool { return c.Kind != schema.Create })
		if g.oneIn(20) {
			among = g.o.model.Commands
		}
		spec := g.oneOf(among)
		c = command.Command{Name: spec.Name, ID: g.id(spec.Entity)}
	}
	g.tried[c.Name]++
	spec := g.o.model.Command(c.Name)
	g.about = g.o.at(eventlog.Ref{Entity: spec.Entity.Name, ID: c.ID})
	c.Input = g.input(spec)
	if spec.Kind == schema.Create {
		c.ID = g.newID(spec, c)
	}
	c.CommandID = fmt.Sprintf("c%d", g.n)
	if len(g.sent) > 0 && g.oneIn(20) {
		c.CommandID = pick(g, g.sent...).CommandID
	} else if g.oneIn(20) {
		c.CommandID = ""
	}
	if g.oneIn(5) {
		v := g.about.version + int64(pick(g, 0, 0, 0, 1, -1))
		v = max(v, 0)
		c.ExpectedVersion = &v
	}
	c.DryRun = g.oneIn(15)
	if !c.DryRun && c.CommandID != "" {
		g.sent = append(g.sent, c)
	}
	return c
}

// changing draws a command on an entity that is or was there: mostly one that its state allows.
func (g *generator) changing(ref eventlog.Ref) command.Command {
	var all, allowed []*schema.Command
	for _, spec := range g.o.model.Entity(ref.Entity).Commands {
		all = append(all, spec)
		if spec.Kind != schema.Create && (spec.From == nil || slices.Contains(spec.From, g.o.at(ref).state)) && (spec.Kind != schema.Delete || g.oneIn(8)) {
			allowed = append(allowed, spec)
		}
	}
	if len(allowed) == 0 || g.oneIn(6) {
		allowed = all
	}
	return command.Command{Name: g.oneOf(allowed).Name, ID: ref.ID}
}

// oneOf draws one of some commands, mostly one that was tried seldom so far.
func (g *generator) oneOf(commands []*schema.Command) *schema.Command {
	if g.oneIn(3) {
		return pick(g, commands...)
	}
	return slices.MinFunc(commands, func(a, b *schema.Command) int { return g.tried[a.Name] - g.tried[b.Name] })
}

// there returns what there is of an entity, now and then also what there was, in an order that is the same in every run.
func (g *generator) there(entity string) []eventlog.Ref {
	dead := g.oneIn(20)
	refs := slices.Collect(maps.Keys(g.o.entities))
	refs = slices.DeleteFunc(refs, func(r eventlog.Ref) bool { return r.Entity != entity || g.o.at(r).deleted && !dead })
	slices.SortFunc(refs, func(a, b eventlog.Ref) int { return strings.Compare(a.String(), b.String()) })
	return refs
}

var short = []string{"a", "b", "ä c"}

// id draws an id of an entity, that is there or not.
func (g *generator) id(e *schema.Entity) string {
	if refs := g.there(e.Name); len(refs) > 0 && !g.oneIn(15) {
		return pick(g, refs...).ID
	}
	if g.oneIn(30) {
		return "a/b"
	}
	return pick(g, short...)
}

// newID draws the id of a new entity, "" for one that the engine draws. It begins with that of its owner, but not always.
func (g *generator) newID(spec *schema.Command, c command.Command) string {
	if g.oneIn(8) {
		return ""
	}
	id := pick(g, "a", "b", "c", "d", "ä c", "e", "f", "g", "h", "i", "j", "k")
	if f := spec.Entity.With; f != nil && !g.oneIn(12) {
		owner, _ := c.Input[f.Name].(string)
		return owner + "/" + id
	}
	return id
}

func (g *generator) input(spec *schema.Command) schema.Record {
	in := schema.Record{}
	for _, a := range spec.Args {
		whole := spec.Kind == schema.Create && a.Field != nil && a.Field.Type.NonNull
		switch {
		case a.Type.NonNull && g.oneIn(40), !a.Type.NonNull && g.oneIn(2):
			continue
		case a.Type.NonNull && g.oneIn(60), !a.Type.NonNull && !whole && g.oneIn(6):
			in[a.Name] = nil
			continue
		}
		raw := g.value(a.Type, a)
		v, err := g.o.model.Coerce(a.Type, raw, a.Name)
		if err != nil {
			g.t.Fatalf("a walk draws what can't be: %v", err)
		}
		in[a.Name] = v
	}
	return in
}

// value draws a value of a type as a request has it. a is the argument that it is for.
func (g *generator) value(t schema.Type, a *schema.Arg) any {
	if t.List {
		out := []any{}
		for range max(g.r.IntN(5)-1, 0) {
			one := t
			one.List, one.NonNull = false, t.ElemNonNull
			if !t.ElemNonNull && g.oneIn(4) {
				out = append(out, nil)
				continue
			}
			out = append(out, g.value(one, a))
		}
		return out
	}
	switch t.Kind {
	case schema.KindObject:
		return g.object(t, a)
	case schema.KindEnum:
		return pick(g, g.o.model.Enum(t.Name).Values...).Name
	case schema.KindID:
		if a.Ref != "" {
			return g.id(g.o.model.Entity(a.Ref))
		}
		return g.key(a)
	}
	return g.scalar(t.Kind)
}

func (g *generator) scalar(kind schema.Kind) any {
	switch kind {
	case schema.KindInt:
		return pick(g, 0, 1, 2, -1, 1<<31-1)
	case schema.KindFloat:
		return pick(g, 0.5, 2.0, -1e300, 1e-7)
	case schema.KindBoolean:
		return g.oneIn(2)
	case schema.KindDecimal:
		return pick(g, "1.50", "1.5", "0", "-0.00", "1234567890123456789.123")
	case schema.KindDateTime:
		return pick(g, "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", "0001-01-01T00:00:00Z", "2026-01-01T00:00:00.000000001Z")
	case schema.KindDate:
		return pick(g, "2026-01-01", "2024-02-29")
	case schema.KindLong:
		return pick(g, "1", "9223372036854775807", "-1")
	case schema.KindUUID:
		return pick(g, "6e0d6b3a-9f0c-5d38-8b58-5d4f1f4f5c11", "6E0D6B3A-9F0C-5D38-8B58-5D4F1F4F5C11", "00000000-0000-0000-0000-000000000000")
	case schema.KindJSON:
		return pick[any](g, map[string]any{"b": []any{1, nil}, "a": "<&>"}, "text", 1.5, []any{}, false)
	}
	return pick(g, "ana", "Ana", "ANA", "Straße", "STRASSE", "strasse", "", `"q\`, "<é>\n")
}

// object draws an input. The keys of elements are often those that are there.
func (g *generator) object(t schema.Type, a *schema.Arg) any {
	in := g.o.model.Input(t.Name)
	object := g.o.model.Object(strings.TrimSuffix(strings.TrimSuffix(in.Name, "Input"), "Patch"))
	out := map[string]any{}
	for _, f := range in.Fields {
		ref := object.Field(f.Name).Ref
		switch {
		case object.Field(f.Name).Key && in.Patch || object.Field(f.Name).Key && g.oneIn(3):
			out[f.Name] = g.key(a)
		case object.Field(f.Name).Key, !f.Type.NonNull && g.oneIn(2):
		case !f.Type.NonNull && g.oneIn(5):
			out[f.Name] = nil
		case ref != nil:
			out[f.Name] = g.id(g.o.model.Entity(ref.Entity))
		default:
			out[f.Name] = g.value(f.Type, a)
		}
	}
	return out
}

// key draws the key of an element: often of one that is there.
func (g *generator) key(a *schema.Arg) string {
	f := a.Field
	if a.List != nil {
		f = a.List
	}
	var keys []string
	if f != nil {
		for _, one := range list(g.about.fields[f.Name]) {
			if object := g.o.model.Object(f.Type.Name); object != nil && object.Key() != nil {
				keys = append(keys, one.(schema.Record)[object.Key().Name].(string))
			}
		}
	}
	if len(keys) > 0 && !g.oneIn(8) {
		return pick(g, keys...)
	}
	return pick(g, "k1", "k2", "1-1", "2-1", "2-2")
}
