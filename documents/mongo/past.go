package mongo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// table is where documents are read from: as they are now or, in the archive, as they were.
type table struct {
	*entity
	in   *mongo.Collection
	past bool
	at   time.Time // of the past
	gone bool      // tombstones of the past
}

func (e *entity) now() *table { return &table{entity: e, in: e.docs} }

// as returns the table of what was at an instant, of what is now for the zero time.
func (e *entity) as(at time.Time) *table {
	if at.IsZero() {
		return e.now()
	}
	return e.then(at)
}

func (e *entity) then(at time.Time) *table {
	return &table{entity: e, in: e.versions, past: true, at: at}
}

// key is the name under which a field, or what a document has beside them, is stored.
func (t *table) key(field string) string {
	if !t.past {
		return field
	}
	switch field {
	case documents.FieldID:
		return "id"
	case documents.FieldVersion:
		return "version"
	case documents.FieldCreatedAt:
		return "createdAt"
	case documents.FieldUpdatedAt:
		return "validFrom"
	}
	return "state." + field
}

// filter compiles a checked filter.
func (t *table) filter(s *Store, f documents.Filter) (bson.D, error) {
	f = t.present(f)
	if t.past {
		var err error
		f, err = documents.Rewrite(f, func(f documents.Filter) (documents.Filter, error) {
			return documents.Renamed(f, t.key(documents.FieldOf(f))), nil
		})
		if err != nil {
			return nil, err
		}
	}
	return s.filter(f)
}

// present puts a comparison with null, which MongoDB knows, in the place of IsNull where that is denied of a scalar. An index finds the values so, where it would go through all that are
// missing to find what exists: in an index those are nulls. Of a list it would be about its elements.
func (t *table) present(f documents.Filter) documents.Filter {
	switch f := f.(type) {
	case documents.And:
		out := make(documents.And, len(f))
		for i, p := range f {
			out[i] = t.present(p)
		}
		return out
	case documents.Not:
		null, ok := f.F.(documents.IsNull)
		if field := t.byName[null.Field]; ok && field != nil && field.Type.Comparable() {
			return documents.Not{F: documents.Compare{Field: null.Field}}
		}
	}
	return f
}

func (t *table) document(s *Store, raw bson.Raw) (documents.Document, error) {
	if t.past {
		return s.pastDocument(t.entity, raw)
	}
	return s.document(t.entity, raw)
}

// lived adds that the document is no tombstone (or, if those are asked for, is one), and is or was there. Of several versions of one instant it is the last one.
func (t *table) lived(filter bson.D) bson.D {
	if !t.past {
		return live(filter)
	}
	return append(bson.D{{Key: "deleted", Value: t.gone}}, t.valid(filter)...)
}

// valid adds that the document was what there was at the instant, a tombstone too.
func (t *table) valid(filter bson.D) bson.D {
	at := encodeTime(t.at)
	open := bson.A{where("validTo", "$exists", false), where("validTo", "$gt", at)}
	out := bson.D{{Key: "validFrom", Value: bson.D{{Key: "$lte", Value: at}}}, {Key: "$or", Value: open}}
	if len(filter) > 0 {
		out = append(out, bson.E{Key: "$and", Value: bson.A{filter}})
	}
	return out
}

// projection selects the fields, and what every document has beside them; nil for all fields.
func (t *table) projection(fields []string, more ...string) any {
	if fields == nil && !t.past {
		return nil
	}
	names := []string{documents.FieldVersion, documents.FieldCreatedAt, documents.FieldUpdatedAt}
	var out bson.D
	if t.past {
		out = bson.D{{Key: t.key(documents.FieldID), Value: 1}, {Key: "deleted", Value: 1}}
		if fields == nil {
			out = append(out, bson.E{Key: "state", Value: 1})
			more = nil
		}
	} else {
		out = bson.D{{Key: fieldDeleted, Value: 1}}
	}
	for _, list := range [][]string{names, fields, more} {
		for _, name := range list {
			key := t.key(name)
			if (t.byName[name] != nil || slices.Contains(names, name)) && !slices.ContainsFunc(out, func(el bson.E) bool { return el.Key == key }) {
				out = append(out, bson.E{Key: key, Value: 1})
			}
		}
	}
	return out
}

// stored returns what a document holds under a field's name.
func (t *table) stored(raw bson.Raw, field string) bson.RawValue {
	if t.past {
		return raw.Lookup("state", field)
	}
	return raw.Lookup(field)
}

// pastDocument decodes a document of the archive.
func (s *Store) pastDocument(e *entity, raw bson.Raw) (documents.Document, error) {
	d := documents.Document{Fields: schema.Record{}}
	elements, err := raw.Elements()
	if err != nil {
		return d, &documents.UnreadableError{Entity: e.Name, Err: err}
	}
	for _, el := range elements {
		field, v := el.Key(), el.Value()
		switch field {
		case "id":
			err = own(&d, documents.FieldID, v)
		case "version":
			err = own(&d, documents.FieldVersion, v)
		case "createdAt":
			err = own(&d, documents.FieldCreatedAt, v)
		case "validFrom":
			err = own(&d, documents.FieldUpdatedAt, v)
		case "deleted":
			err = own(&d, fieldDeleted, v)
		case "state":
			if state, ok := v.DocumentOK(); ok {
				d.Fields, err = s.decodeRecord(e.own, state)
			}
		}
		if err != nil {
			id, _ := raw.Lookup("id").StringValueOK()
			version, _ := raw.Lookup("version").AsInt64OK()
			return d, unreadable(e, id, version, field, err)
		}
	}
	if d.CreatedAt.IsZero() {
		d.CreatedAt = d.UpdatedAt // an older process archived it meanwhile: Setup gives it one
	}
	return d, nil
}

// LoadAsOf implements documents.Store.
func (s *Store) LoadAsOf(ctx context.Context, entity string, ids []string, fields []string, at time.Time) (map[string]documents.Document, error) {
	e, err := s.entity(entity)
	if err != nil {
		return nil, err
	}
	t := e.then(at)
	out := make(map[string]documents.Document, len(ids))
	switch len(ids) {
	case 0:
		return out, nil
	case 1:
		// Back from its latest version to that of the instant: an index by time would cost every write.
		filter := bson.D{{Key: "id", Value: ids[0]}, {Key: "validFrom", Value: bson.D{{Key: "$lte", Value: encodeTime(at)}}}}
		last := options.FindOne().SetSort(bson.D{{Key: "version", Value: -1}}).SetProjection(t.projection(fields))
		raw, err := e.versions.FindOne(ctx, filter, last).Raw()
		if errors.Is(err, mongo.ErrNoDocuments) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s in MongoDB: %w", e.Plural, err)
		}
		d, err := s.pastDocument(e, raw)
		out[d.ID] = d
		return out, err
	}
	err = s.find(ctx, t, t.valid(where("id", "$in", ids)), options.Find().SetProjection(t.projection(fields)), func(d documents.Document, _ bson.Raw) { out[d.ID] = d })
	return out, err
}
