package mongo

import (
	"fmt"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// Documents are decoded by walking their BSON once, each field by the kind that the model gives it: no reflection.

// document decodes one document. Elements that the model doesn't know are ignored.
func (s *Store) document(e *entity, raw bson.Raw) (documents.Document, error) {
	d := documents.Document{Fields: schema.Record{}}
	elements, err := raw.Elements()
	if err != nil {
		return d, &documents.UnreadableError{Entity: e.Name, Err: err}
	}
	for _, el := range elements {
		name, v := el.Key(), el.Value()
		if strings.HasPrefix(name, "_") {
			err = own(&d, name, v)
		} else if f := e.byName[name]; f != nil && v.Type != bson.TypeNull {
			d.Fields[name], err = s.decode(f.Type, v)
		}
		if err != nil {
			id, _ := raw.Lookup(documents.FieldID).StringValueOK()
			return d, &documents.UnreadableError{Entity: e.Name, ID: id, Field: name, Err: err}
		}
	}
	return d, nil
}

// own decodes what a document holds beside its fields.
func own(d *documents.Document, name string, v bson.RawValue) error {
	var err error
	ok := true
	switch name {
	case documents.FieldID:
		d.ID, ok = v.StringValueOK()
	case documents.FieldVersion:
		d.Version, ok = v.AsInt64OK()
	case documents.FieldCreatedAt:
		d.CreatedAt, err = decodeTime(v)
	case documents.FieldUpdatedAt:
		d.UpdatedAt, err = decodeTime(v)
	case fieldDeleted:
		d.Deleted, ok = v.BooleanOK()
	case fieldSources:
		d.Sources, err = decodeSources(v)
	}
	if err == nil && !ok {
		err = fmt.Errorf("a BSON %s is not what belongs there", v.Type)
	}
	return err
}

func decodeTime(v bson.RawValue) (time.Time, error) {
	text, _ := v.StringValueOK()
	return parseTime(text)
}

func parseTime(text string) (time.Time, error) {
	t, err := scalar.ParseDateTime(text)
	return t.Time(), err
}

func decodeSources(v bson.RawValue) (map[string]documents.Source, error) {
	doc, ok := v.DocumentOK()
	if !ok {
		return nil, fmt.Errorf("a BSON %s is no document", v.Type)
	}
	elements, err := doc.Elements()
	if err != nil || len(elements) == 0 {
		return nil, err
	}
	out := make(map[string]documents.Source, len(elements))
	for _, el := range elements {
		src, ok := el.Value().DocumentOK()
		if !ok {
			continue
		}
		id, _ := src.Lookup("id").StringValueOK()
		version, _ := src.Lookup("v").AsInt64OK()
		out[el.Key()] = documents.Source{ID: id, Version: version}
	}
	return out, nil
}

func (s *Store) decode(t schema.Type, v bson.RawValue) (any, error) {
	if t.List {
		return s.decodeList(t, v)
	}
	if t.Kind == schema.KindObject {
		doc, ok := v.DocumentOK()
		o := s.model.Object(t.Name)
		if !ok || o == nil {
			return nil, fmt.Errorf("a BSON %s is no %s", v.Type, t.Name)
		}
		return s.decodeRecord(o.Fields, doc)
	}
	return decodeScalar(t.Kind, v)
}

func (s *Store) decodeList(t schema.Type, v bson.RawValue) (any, error) {
	array, ok := v.ArrayOK()
	if !ok {
		return nil, fmt.Errorf("a BSON %s is no list", v.Type)
	}
	values, err := array.Values()
	if err != nil {
		return nil, err
	}
	t.List = false
	out := make([]any, len(values))
	for i, item := range values {
		if item.Type == bson.TypeNull {
			continue
		}
		if out[i], err = s.decode(t, item); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *Store) decodeRecord(fields []*schema.Field, doc bson.Raw) (schema.Record, error) {
	out := make(schema.Record, len(fields))
	for _, f := range fields { // value objects have few fields: a lookup each costs less than an index of names
		v, err := doc.LookupErr(f.Name)
		if err != nil || v.Type == bson.TypeNull {
			continue
		}
		if out[f.Name], err = s.decode(f.Type, v); err != nil {
			return nil, &fieldError{f.Name, err}
		}
	}
	return out, nil
}

// fieldError is what is wrong with a field of a record.
type fieldError struct {
	field string
	err   error
}

func (e *fieldError) Error() string { return e.field + ": " + e.err.Error() }
func (e *fieldError) Unwrap() error { return e.err }

func decodeScalar(k schema.Kind, v bson.RawValue) (any, error) {
	switch v.Type {
	case bson.TypeString:
		return decodeText(k, v.StringValue())
	case bson.TypeInt32, bson.TypeInt64:
		switch k {
		case schema.KindInt:
			return int(v.AsInt64()), nil
		case schema.KindLong:
			return scalar.Long(v.AsInt64()), nil
		case schema.KindFloat:
			return float64(v.AsInt64()), nil
		}
	case bson.TypeDouble:
		if k == schema.KindFloat {
			return v.Double(), nil
		}
	case bson.TypeBoolean:
		if k == schema.KindBoolean {
			return v.Boolean(), nil
		}
	case bson.TypeDecimal128:
		if k == schema.KindDecimal {
			return scalar.ParseDecimal(v.Decimal128().String())
		}
	}
	return nil, fmt.Errorf("a BSON %s is not what belongs there", v.Type)
}

func decodeText(k schema.Kind, s string) (any, error) {
	switch k {
	case schema.KindString, schema.KindID, schema.KindEnum, schema.KindEntity:
		return s, nil
	case schema.KindDecimal:
		return scalar.DecimalFromSortable(s)
	case schema.KindDateTime:
		return scalar.ParseDateTime(s)
	case schema.KindDate:
		return scalar.Date(s), nil
	case schema.KindUUID:
		return scalar.UUID(s), nil
	case schema.KindJSON:
		return scalar.JSON(s), nil
	}
	return nil, fmt.Errorf("text is not what belongs there")
}
