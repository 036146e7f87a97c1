package resolve

import (
	"context"
	"fmt"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// The fields of every entity about its past. Query has a history too.
const (
	history   = "history"
	changedBy = "changedBy"
)

// historyOf resolves Query.history.
func (rt *Runtime) historyOf(ctx context.Context, f field) (any, error) {
	name, _ := f.args["entity"].(string)
	e := rt.Model.Entity(name)
	if e == nil {
		return nil, badInput(fmt.Sprintf("entity: the model has no entity %q", name))
	}
	id, err := rt.neededID(f, "id")
	if err != nil {
		return nil, err
	}
	h, err := historyArgs(f)
	if err != nil {
		return nil, err
	}
	entries, err := rt.Queries.HistoryAsOf(ctx, f.asOf, e, id, *h)
	if err != nil {
		return nil, err
	}
	return rt.reader(ctx).entries(ctx, entries)
}

func historyArgs(f field) (*query.HistorySelection, error) {
	first, err := intArg(f, "first")
	if err != nil {
		return nil, err
	}
	below, err := intArg(f, "beforeVersion")
	if err != nil {
		return nil, err
	}
	h := &query.HistorySelection{First: defaultHistory}
	if first != nil {
		h.First = *first
	}
	if below != nil {
		if *below < 1 {
			return nil, badInput("beforeVersion: versions begin with 1")
		}
		h.Below = int64(*below)
	}
	return h, nil
}

// defaultHistory is what an explicit null asks for, as the API's default does.
const defaultHistory = 50

func (s *shape) addHistory(f field) error {
	h, err := historyArgs(f)
	if err != nil {
		return err
	}
	s.histories[f.Alias] = h
	s.selection.Histories = append(s.selection.Histories, h)
	return nil
}

func (s *shape) addBlame(e *schema.Entity, f field) error {
	name, _ := f.args["field"].(string)
	of, err := query.FieldToBlame(e, name)
	if err != nil {
		return err
	}
	b := &query.BlameSelection{Field: of}
	s.blames[f.Alias] = b
	s.selection.Blames = append(s.selection.Blames, b)
	return nil
}

// entries returns the objects of a history.
func (rd *reader) entries(ctx context.Context, entries []query.Entry) (any, error) {
	out := make([]*Object, len(entries))
	for i := range entries {
		out[i] = &Object{"HistoryEntry", &entrySource{rd, &entries[i]}}
	}
	return out, rd.left.elements(ctx, len(out))
}

// entry returns the object of an event of a history, nil for none.
func (rd *reader) entry(e *query.Entry) any {
	if e == nil {
		return nil
	}
	return &Object{"HistoryEntry", &entrySource{rd, e}}
}

type entrySource struct {
	rd    *reader
	entry *query.Entry
}

func (s *entrySource) value(ctx context.Context, name string) (any, error) {
	e := s.entry
	if name == "event" {
		return archived(command.Ref{Entity: e.Entity.Name, ID: e.ID}, &e.Version).object(), nil
	}
	out := make([]*Object, len(e.Changes))
	for i := range out {
		out[i] = &Object{"FieldChange", &fieldChangeSource{s.rd, &e.Changes[i]}}
	}
	return out, s.rd.left.elements(ctx, len(out))
}

type fieldChangeSource struct {
	rd     *reader
	change *query.FieldChange
}

func (s *fieldChangeSource) value(ctx context.Context, name string) (any, error) {
	c := s.change
	switch name {
	case "field":
		return c.Field.Name, nil
	case "key":
		return orNull(c.Key), nil
	case "before":
		return s.json(ctx, c.Before)
	}
	return s.json(ctx, c.After)
}

// json returns a value as JSON, in the forms that the API's scalars have.
func (s *fieldChangeSource) json(ctx context.Context, v any) (any, error) {
	if v == nil {
		return nil, nil //nolint:nilnil // null
	}
	raw, err := s.rd.Model.EncodeStored(s.change.Type, v)
	if err != nil {
		return nil, err
	}
	return scalar.JSON(raw), s.rd.left.value(ctx, scalar.JSON(raw))
}
