package consolidator

import (
	"errors"
	"fmt"
	"maps"
	"runtime"
	"strings"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/projection"
	"github.com/daybook-cqrs/daybook/schema"
)

// projected has the view's function say what an event changes.
func (v *view) projected(docs *viewDocs, e viewEvent) error {
	project := v.project[e.event.Entity]
	name := schema.ProjectionName(v.entity.Name, e.event.Entity)
	if project == nil {
		return &viewError{v.entity.Name, "", fmt.Errorf("there is no %s", name)}
	}
	var steps []projection.Step
	err := guarded(func() (err error) {
		steps, err = project(eventOf(e), withID(e.before, e.event.ID), withID(e.after, e.event.ID))
		return err
	})
	for i := 0; err == nil && i < len(steps); i++ {
		if err = legalID(steps[i].ID); err == nil {
			change := docs.change(steps[i].ID, nil, e.event)
			change.steps = append(change.steps, steps[i])
		}
	}
	if err != nil {
		return &viewError{v.entity.Name, "", fmt.Errorf("%s with event %d (%s, %s of version %d): %w", name, e.event.Seq, e.event.Name, e.event.Ref(), e.event.Version, err)}
	}
	return nil
}

func eventOf(e viewEvent) projection.Event {
	of := e.event
	return projection.Event{
		Entity: of.Entity, ID: of.ID, Name: of.Name, From: of.From, To: of.To, Version: of.Version, At: of.At,
		CommandID: of.CommandID, Actor: of.Actor, CorrelationID: of.CorrelationID, CausationID: of.CausationID,
	}
}

// withID returns the fields of an entity with its id, and without copies; nil if it is not there. States are shared, so it is a record of its own.
func withID(s *state, id string) schema.Record {
	if s == nil {
		return nil
	}
	r := make(schema.Record, len(s.fields)+1)
	maps.Copy(r, s.fields)
	r["id"] = id
	return r
}

func legalID(id string) error {
	if !schema.LegalID(id) {
		return fmt.Errorf("%.40q is no id of a document: write 1 to %d bytes without control characters", id, schema.MaxIDBytes)
	}
	return nil
}

// step computes a document by the steps that functions gave.
func (v *view) step(m *schema.Model, w *documents.ViewWrite, was documents.ViewDocument, changes []viewChange) error {
	fields := was.Fields
	if was.Version == 0 || was.Deleted {
		fields = nil
	}
	for i := range changes {
		for _, s := range changes[i].steps {
			if s.Update == nil {
				fields = nil
				continue
			}
			doc := make(schema.Record, len(fields)+1)
			maps.Copy(doc, fields)
			doc["id"] = w.ID
			err := guarded(func() (err error) {
				fields, err = s.Update(doc)
				return err
			})
			if err == nil {
				err = v.checked(m, w.ID, fields)
			}
			if err != nil {
				e := changes[i].event
				return fmt.Errorf("%s with event %d (%s, %s of version %d): %w", schema.ProjectionName(v.entity.Name, e.Entity), e.Seq, e.Name, e.Ref(), e.Version, err)
			}
		}
	}
	w.Fields, w.Deleted = fields, fields == nil
	return nil
}

// checked reports a document that the model does not allow, and brings it into the form of documents: without its id, and with empty texts and lists where a function left some.
func (v *view) checked(m *schema.Model, id string, r schema.Record) error {
	if r == nil {
		return errors.New("it made no document of it")
	}
	if got, _ := r["id"].(string); got != id {
		return fmt.Errorf("it changed the id to %q: update the document of that id instead", got)
	}
	delete(r, "id")
	for _, f := range documents.StoredFields(v.entity) {
		if r[f.Name] == nil && f.Type.NonNull {
			switch {
			case f.Type.List:
				r[f.Name] = []any{}
			case f.Type.Kind == schema.KindString:
				r[f.Name] = ""
			default:
				return fmt.Errorf("it left %s empty, which is never null: set it", f.Name)
			}
		}
		raw, err := m.EncodeValue(f.Type, r[f.Name])
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		if r[f.Name], err = m.DecodeValue(f.Type, raw); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		if r[f.Name] == nil {
			delete(r, f.Name)
		}
	}
	return nil
}

// guarded makes an error of a panic, with where it came from.
func guarded(do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("it panicked: %v%s", r, panicked())
		}
	}()
	return do()
}

// panicked returns the place of the panic that is being recovered from.
func panicked() string {
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	for {
		f, more := frames.Next()
		if f.File != "" && !strings.HasPrefix(f.Function, "runtime.") {
			return fmt.Sprintf(" (%s:%d)", f.File, f.Line)
		}
		if !more {
			return ""
		}
	}
}
