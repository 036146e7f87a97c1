package resolve

import (
	"context"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/schema"
)

// heads is the write side's view of a payload's entity and of what it refers to: from the log's heads, so that a process with the
// command role alone needs no documents.
type heads struct {
	rt    *Runtime
	known map[command.Ref]*command.Snapshot
	after position.Position // what reads of documents wait for
	left  *budget

	rehearsed *command.Snapshot // the payload's entity, if it is as a dry run would have left it
}

// want is an entity that a selection reaches, and what is selected on it.
type want struct {
	ref       command.Ref
	selection field
}

// load reads the heads that a selection reaches, one atomic read per level of references. The depth of a query bounds the levels.
func (h *heads) load(ctx context.Context, e *schema.Entity, s *command.Snapshot, selection field, known command.Known) error {
	level := h.reach(ctx, e, s.Fields, selection)
	for len(level) > 0 {
		var refs []command.Ref
		seen := map[command.Ref]bool{}
		for _, w := range level {
			if _, ok := h.known[w.ref]; !ok && !seen[w.ref] {
				seen[w.ref] = true
				refs = append(refs, w.ref)
			}
		}
		found, err := h.rt.Commands.Snapshots(ctx, refs, known)
		if err != nil {
			return err
		}
		for _, ref := range refs {
			h.known[ref] = found[ref] // nil if there is none
		}
		var next []want
		for _, w := range level {
			if s := h.known[w.ref]; s != nil {
				next = append(next, h.reach(ctx, h.rt.Model.Entity(w.ref.Entity), s.Fields, w.selection)...)
			}
		}
		level = next
	}
	return nil
}

// reach returns what the selected fields of an entity refer to.
func (h *heads) reach(ctx context.Context, e *schema.Entity, r schema.Record, selection field) []want {
	var out []want
	for _, sub := range selection.selected(ctx, e.Name, "Node") {
		f := e.Field(sub.Name)
		if f == nil {
			continue
		}
		if f.Copy != nil { // a copy is its source's field: no selection below it
			via := e.Field(f.Copy.Via)
			out = append(out, h.reachField(ctx, via, r[via.Name], field{})...)
			continue
		}
		out = append(out, h.reachField(ctx, f, r[f.Name], sub)...)
	}
	return out
}

func (h *heads) reachField(ctx context.Context, f *schema.Field, v any, selection field) []want {
	switch v := v.(type) {
	case string:
		if f.Ref != nil {
			return []want{{command.Ref{Entity: f.Ref.Entity, ID: v}, selection}}
		}
	case []any:
		var out []want
		for _, e := range v {
			out = append(out, h.reachField(ctx, f, e, selection)...)
		}
		return out
	case schema.Record:
		var out []want
		object := h.rt.Model.Object(f.Type.Name)
		for _, sub := range selection.selected(ctx, object.Name) {
			if of := object.Field(sub.Name); of != nil {
				out = append(out, h.reachField(ctx, of, v[of.Name], sub)...)
			}
		}
		return out
	}
	return nil
}

// object returns the GraphQL object of an entity, nil if there is none or it was deleted.
func (h *heads) object(ref command.Ref) any {
	s := h.known[ref]
	if s == nil {
		return nil
	}
	return &Object{ref.Entity, &headSource{heads: h, entity: h.rt.Model.Entity(ref.Entity), snapshot: s}}
}

func (h *heads) refObject(_ context.Context, f *schema.Field, id string) any {
	ref := command.Ref{Entity: f.Ref.Entity, ID: id}
	if s := h.known[ref]; s == nil || s.Deleted {
		return nil
	}
	return h.object(ref)
}

// headSource is an entity as a head has it.
type headSource struct {
	heads    *heads
	entity   *schema.Entity
	snapshot *command.Snapshot
}

func (s *headSource) value(ctx context.Context, name string) (any, error) {
	f := s.entity.Field(name)
	if f == nil {
		if v, ok := system(s.entity, name, s.snapshot.Ref.ID, s.snapshot.Version, s.snapshot.CreatedAt, s.snapshot.UpdatedAt); ok {
			return v, nil
		}
		if ref := refOfID(s.entity.Fields, name); ref != nil {
			return s.snapshot.Fields[ref.Name], nil
		}
		if name == possibleCommands {
			return s.possible(ctx)
		}
		return s.fromDocuments(ctx, name)
	}
	if f.Copy != nil {
		return s.copied(f), nil
	}
	return recordValue(ctx, s.heads, f, s.snapshot.Fields[name])
}

// possible says what can be done with the entity now; with one as a dry run would have left it, what the model says could be done then.
func (s *headSource) possible(ctx context.Context) (any, error) {
	h, now := s.heads, s.snapshot
	switch {
	case now.Deleted:
		return []*Object{}, nil
	case now == h.rehearsed:
		return possibleObjects(ctx, h.left, command.PossibleIn(s.entity, now.Ref.ID, now.State))
	}
	return h.rt.possible(ctx, h.left, s.entity, now.Ref.ID, now.State)
}

// copied returns a copied field: the source's own, as its head has it.
func (s *headSource) copied(f *schema.Field) any {
	via := s.entity.Field(f.Copy.Via)
	id, _ := s.snapshot.Fields[via.Name].(string)
	source := s.heads.known[command.Ref{Entity: via.Ref.Entity, ID: id}]
	if source == nil {
		return nil
	}
	return source.Fields[f.Copy.Field]
}

// reader is for what only documents can give. It has the same budget.
func (h *heads) reader() *reader { return &reader{Runtime: h.rt, left: h.left} }
