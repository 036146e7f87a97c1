package mongo

import (
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// change gathers what one update sets and unsets. A path is in one of the two only: what comes later wins.
type change struct {
	set   bson.D
	unset []string
}

func (c *change) put(path string, v any) {
	c.unset = slices.DeleteFunc(c.unset, func(p string) bool { return p == path })
	for i := range c.set {
		if c.set[i].Key == path {
			c.set[i].Value = v
			return
		}
	}
	c.set = append(c.set, bson.E{Key: path, Value: v})
}

func (c *change) drop(path string) {
	c.set = slices.DeleteFunc(c.set, func(el bson.E) bool { return el.Key == path })
	if !slices.Contains(c.unset, path) {
		c.unset = append(c.unset, path)
	}
}

// update is the change as MongoDB's update document.
func (c *change) update() bson.D {
	var out bson.D
	if len(c.set) > 0 {
		out = append(out, bson.E{Key: "$set", Value: c.set})
	}
	if len(c.unset) > 0 {
		paths := make(bson.D, len(c.unset))
		for i, p := range c.unset {
			paths[i] = bson.E{Key: p, Value: ""}
		}
		out = append(out, bson.E{Key: "$unset", Value: paths})
	}
	return out
}

// own is what a write does to the document's own fields.
func (s *Store) own(e *entity, w *documents.Write) (*change, error) {
	c := &change{set: bson.D{{Key: documents.FieldVersion, Value: w.Version}, {Key: documents.FieldUpdatedAt, Value: encodeTime(w.UpdatedAt)}}}
	if w.Deleted {
		c.put(fieldDeleted, true)
		c.drop(fieldSources)
		for _, f := range e.fields {
			c.drop(f.Name)
		}
		return c, nil
	}
	c.drop(fieldDeleted)
	if err := s.setFields(e, c, w.Set); err != nil {
		return nil, err
	}
	for _, name := range w.Clear {
		c.drop(name)
		if f := e.byName[name]; f != nil && f.Ref != nil {
			c.drop(fieldSources + "." + name)
			for _, copied := range documents.CopiesVia(e.Entity, name) {
				c.drop(copied)
			}
		}
	}
	return c, nil
}

func (s *Store) setFields(e *entity, c *change, values schema.Record) error {
	for _, f := range e.fields {
		v, ok := values[f.Name]
		if !ok {
			continue
		}
		if v == nil {
			c.drop(f.Name)
			continue
		}
		stored, err := s.value(f.Type, v)
		if err != nil {
			return err
		}
		c.put(f.Name, stored)
	}
	return nil
}

// copies adds the copies of one ref. by tells a Recopy's own changes from others', "" elsewhere.
func (s *Store) copies(e *entity, c *change, copied documents.Copies, by string) error {
	for _, name := range copied.Names {
		c.drop(name)
	}
	path := fieldSources + "." + copied.Ref
	if copied.Source.ID == "" {
		c.drop(path)
		return nil
	}
	source := bson.D{{Key: "id", Value: copied.Source.ID}, {Key: "v", Value: copied.Source.Version}}
	if by != "" {
		source = append(source, bson.E{Key: "by", Value: by})
	}
	c.put(path, source)
	return s.setFields(e, c, copied.Values)
}
