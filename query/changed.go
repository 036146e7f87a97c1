package query

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// BlameSelection asks which event a field has its value from.
type BlameSelection struct {
	Field *schema.Field // a copy too
}

// FieldToBlame returns the field that changedBy names, as the model or the API calls it: customer, customerId.
func FieldToBlame(entity *schema.Entity, name string) (*schema.Field, error) {
	whole, _, dotted := strings.Cut(name, ".")
	i := slices.IndexFunc(documents.StoredFields(entity), func(f *schema.Field) bool {
		return f.Name == whole || f.Ref != nil && f.Name+"Id" == whole
	})
	if i < 0 {
		return nil, invalid("field: %s has no field %q whose changes are kept", entity.Name, whole)
	}
	if dotted {
		return nil, invalid("field: %q lies inside a field: ask for %q as a whole; the changes of an entry name the elements of lists", name, whole)
	}
	return documents.StoredFields(entity)[i], nil
}

// maxLookedThrough bounds how many versions one changedBy looks through, for all entities of a list together.
const maxLookedThrough = 20_000

var errLookedThrough = &Error{"TOO_MUCH", "changedBy: the histories of so many entities are too long to look through: ask for fewer of them"}

// blame returns by id the events that nodes have the values of a field from; nodes whose field was never set are absent. A copy has it from the later of the event that
// set the ref and the one that changed the source: that one's entry is of the source.
func (e *Engine) blame(ctx context.Context, f *schema.Field, nodes []*Node, asOf time.Time) (map[string]*Entry, error) {
	s := &search{engine: e}
	entity := nodes[0].Entity
	if f.Copy == nil {
		return s.last(ctx, entity, f, readTo(nodes, 0), asOf)
	}
	via := entity.Field(f.Copy.Via)
	out, err := s.last(ctx, entity, via, readTo(nodes, 0), asOf)
	if err != nil {
		return nil, err
	}
	source := e.cfg.Model.Entity(via.Ref.Entity)
	copied := source.Field(f.Copy.Field)
	var of []documents.VersionKey
	for _, n := range nodes {
		if id, ok := n.Fields[via.Name].(string); ok && !slices.Contains(of, documents.VersionKey{ID: id}) {
			of = append(of, documents.VersionKey{ID: id})
		}
	}
	if len(of) == 0 {
		return out, nil
	}
	s.alive = true
	changed, err := s.last(ctx, source, copied, of, asOf)
	for _, n := range nodes {
		id, _ := n.Fields[via.Name].(string)
		if c := changed[id]; c != nil && (out[n.ID] == nil || c.At.After(out[n.ID].At)) {
			out[n.ID] = c
		}
	}
	return out, err
}

// search looks through histories, the newest versions first, in pieces.
type search struct {
	engine *Engine
	alive  bool // begin with the last version that is no tombstone
	looked int
}

// last returns by id the last events that changed a field, among versions below those of the keys.
func (s *search) last(ctx context.Context, entity *schema.Entity, f *schema.Field, of []documents.VersionKey, asOf time.Time) (map[string]*Entry, error) {
	found := map[string]int64{}                          // the version that each is, by id
	open := make(map[string]*documents.Version, len(of)) // the oldest that was looked at, by id
	for piece := 10; len(of) > 0; piece = min(piece*10, maxLooked) {
		var on []documents.VersionKey
		for part := range slices.Chunk(of, max(1, maxLooked/piece)) {
			got, err := s.engine.cfg.Store.History(ctx, documents.HistoryQuery{Entity: entity.Name, Of: part, AsOf: asOf, Limit: piece, Fields: []string{f.Name}})
			if err != nil {
				return nil, err
			}
			for _, k := range part {
				vs := got[k.ID]
				if s.looked += len(vs); s.looked > maxLookedThrough {
					return nil, errLookedThrough
				}
				last, err := s.step(f, open[k.ID], vs, len(vs) < piece, found)
				if err != nil {
					return nil, err
				}
				if last != nil {
					open[k.ID] = last
					on = append(on, documents.VersionKey{ID: k.ID, Version: last.Version})
				}
			}
		}
		of = on
	}
	return s.entriesOf(ctx, entity, found)
}

// maxLooked is how many versions one read gives, each with one field.
const maxLooked = 10_000

// step looks at the next versions of one entity. It returns the last of them if the event is not found yet, and nil if it is, or there is none.
func (s *search) step(f *schema.Field, open *documents.Version, vs []documents.Version, all bool, found map[string]int64) (*documents.Version, error) {
	if open != nil {
		vs = append([]documents.Version{*open}, vs...)
	}
	for s.alive && len(vs) > 0 && vs[0].Deleted {
		vs = vs[1:]
	}
	for i := range vs {
		var old any
		if i+1 < len(vs) {
			old = vs[i+1].State[f.Name]
		} else if !all {
			return &vs[i], nil
		}
		same, err := s.engine.same(f.Type, old, vs[i].State[f.Name])
		if err != nil {
			return nil, err
		}
		if !same {
			found[vs[i].ID] = vs[i].Version
			return nil, nil //nolint:nilnil // found
		}
	}
	return nil, nil //nolint:nilnil // it was never set
}

// entriesOf reads what the versions changed.
func (s *search) entriesOf(ctx context.Context, entity *schema.Entity, versions map[string]int64) (map[string]*Entry, error) {
	out := make(map[string]*Entry, len(versions))
	if len(versions) == 0 {
		return out, nil
	}
	var of []documents.VersionKey
	for id, v := range versions {
		of = append(of, documents.VersionKey{ID: id, Version: v + 1})
	}
	entries, err := s.engine.entries(ctx, entity, of, 1, time.Time{})
	for id, list := range entries {
		out[id] = &list[0]
	}
	return out, err
}

// blameLoad reads for a level's nodes the events that they have a field from.
func (e *Engine) blameLoad(m moment, b *BlameSelection, nodes []*Node) load {
	var got map[string]*Entry
	return load{
		read: func(ctx context.Context) (err error) {
			got, err = e.blame(ctx, b.Field, nodes, m.asOf())
			return err
		},
		keep: func(l *loaded) (step, error) {
			l.blames[b] = got
			return step{}, nil
		},
	}
}
