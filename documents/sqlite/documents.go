package sqlite

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// record decodes a body: all of the entity's fields, or those named. Names that the entity doesn't have are ignored.
func (s *Store) record(e *entity, body string, only []string) (schema.Record, error) {
	ms, err := members(body)
	if err != nil {
		return nil, err
	}
	out := make(schema.Record, len(ms))
	for _, m := range ms {
		f := e.byName[m.name]
		if f == nil || only != nil && !slices.Contains(only, m.name) {
			continue
		}
		v, err := decode(s.model, f, m.raw)
		if err != nil {
			return nil, fmt.Errorf("stored %s.%s: %w", e.Name, m.name, err)
		}
		if v != nil {
			out[m.name] = v
		}
	}
	return out, nil
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

// sources is stored as {"customer":{"id":"c1","v":3}}.
type storedSource struct {
	ID      string `json:"id"`
	Version int64  `json:"v"`
}

func encodeSources(sources map[string]documents.Source) (string, error) {
	stored := make(map[string]storedSource, len(sources))
	for ref, src := range sources {
		stored[ref] = storedSource(src)
	}
	raw, err := json.Marshal(stored)
	return string(raw), err
}

func decodeSources(raw string) (map[string]documents.Source, error) {
	if len(raw) <= 2 {
		return nil, nil //nolint:nilnil // none
	}
	var stored map[string]storedSource
	if err := json.Unmarshal([]byte(raw), &stored); err != nil {
		return nil, err
	}
	out := make(map[string]documents.Source, len(stored))
	for ref, src := range stored {
		out[ref] = documents.Source(src)
	}
	return out, nil
}

func encodeTime(t time.Time) string { return scalar.NewDateTime(t).Sortable() }

func decodeTime(s string) (time.Time, error) {
	t, err := scalar.ParseDateTime(s)
	return t.Time(), err
}
