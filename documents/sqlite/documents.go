package sqlite

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// record decodes a body: all of the entity's fields, or those named. Names that the entity doesn't have are ignored. An error comes with the field that it
// is about.
func (s *Store) record(e *entity, body string, only []string) (r schema.Record, field string, err error) {
	ms, err := members(make([]member, 0, usual), body)
	if err != nil {
		return nil, "", err
	}
	out := make(schema.Record, len(ms))
	for _, m := range ms {
		f := e.byName[m.name]
		if f == nil || only != nil && !slices.Contains(only, m.name) {
			continue
		}
		v, err := decode(s.model, f, m.raw)
		if err != nil {
			return nil, m.name, err
		}
		if v != nil {
			out[m.name] = v
		}
	}
	return out, "", nil
}

// body encodes a record's values for the given fields.
func (s *Store) body(fields []*schema.Field, r schema.Record) (string, error) {
	ms := make([]member, 0, len(r))
	for _, f := range fields {
		v := r[f.Name]
		if v == nil {
			continue
		}
		raw, err := encode(s.model, f, v)
		if err != nil {
			return "", err
		}
		ms = append(ms, member{name: f.Name, raw: string(raw)})
	}
	return join(ms), nil
}

// Sources are stored as {"customer":{"id":"c1","v":3}}, refs in order.

func encodeSources(sources map[string]documents.Source) string {
	ms := make([]member, 0, len(sources))
	for _, ref := range slices.Sorted(maps.Keys(sources)) {
		src := sources[ref]
		ms = append(ms, member{name: ref, raw: join([]member{
			{name: "id", raw: string(appendString(nil, src.ID))}, {name: "v", raw: strconv.FormatInt(src.Version, 10)},
		})})
	}
	return join(ms)
}

func decodeSources(raw string) (map[string]documents.Source, error) {
	refs, err := members(make([]member, 0, usual), raw)
	if err != nil || len(refs) == 0 {
		return nil, err
	}
	out := make(map[string]documents.Source, len(refs))
	for _, ref := range refs {
		src, err := decodeSource(ref.raw)
		if err != nil {
			return nil, err
		}
		out[ref.name] = src
	}
	return out, nil
}

func decodeSource(raw string) (documents.Source, error) {
	var src documents.Source
	ms, err := members(make([]member, 0, usual), raw)
	for _, m := range ms {
		switch m.name {
		case "id":
			src.ID, err = unquote(m.raw)
		case "v":
			src.Version, err = strconv.ParseInt(m.raw, 10, 64)
		}
		if err != nil {
			return src, err
		}
	}
	return src, err
}

func encodeTime(t time.Time) string { return scalar.NewDateTime(t).Sortable() }

func decodeTime(s string) (time.Time, error) {
	t, err := scalar.ParseDateTime(s)
	return t.Time(), err
}
