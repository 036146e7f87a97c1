// Package projection has what functions of package rules are written with that make the documents of a view: one that is declared with @view and has no aggregates.
//
// For a view CustomerActivity of Order there is one function, for each entity that it is made of:
//
//	func ProjectCustomerActivityFromOrder(c *projection.Change[entity.CustomerActivity], order projection.Of[entity.Order]) error {
//		if order.After == nil {
//			return nil
//		}
//		c.Update(order.After.Customer, func(activity *entity.CustomerActivity) error {
//			activity.LastOrder = order.ID
//			return nil
//		})
//		return nil
//	}
//
// It is called for every event of these entities, those of one entity in order. Each event counts once in each document, whatever crashed. For that the function and the
// updates that it gives must be pure: they depend on nothing but what they are given, and change nothing but the document. They may be called again at any time, also on a newer
// document. Entities of different partitions of the log come in any order, and after a rebuild in another: updates that make of two orders the same document are the ones to write.
//
// An error (or a panic) of a projection stops its view, as far as that partition of the log goes: nothing is skipped, and nothing else waits. It goes on once a process runs a function
// that can take the event.
package projection

import (
	"time"

	"github.com/daybook-cqrs/daybook/schema"
)

// Event is what happened to an entity.
type Event struct {
	Entity, ID                                   string // the entity's name and its id
	Name                                         string // "OrderApproved"
	From, To                                     string // states, "" without: From of a create, To of a delete
	Version                                      int64  // the entity's after it, from 1
	At                                           time.Time
	CommandID, Actor, CorrelationID, CausationID string // "" for none
}

// Of is an event, and the entity before and after it. Copied fields are not set: they belong to other entities.
type Of[E any] struct {
	Event
	Before *E // nil if it was not there: before a create, and after a delete
	After  *E // nil if it was deleted
}

// Change collects what an event changes in documents of the view V. It is not safe for concurrent use, nor for use after the function returned.
type Change[V any] struct {
	steps []step[V]
}

type step[V any] struct {
	id     string
	update func(*V) error // nil deletes
}

// Update has the document of that id changed. One that is not there (or was deleted) is made, with its zero values and its id, which can't be changed. An id is 1 to 200 bytes without
// control characters. Changes of one document happen in the order in which they are given.
func (c *Change[V]) Update(id string, update func(doc *V) error) {
	c.steps = append(c.steps, step[V]{id, update})
}

// Delete has the document of that id deleted, if it is there.
func (c *Change[V]) Delete(id string) { c.steps = append(c.steps, step[V]{id, nil}) }

// Func is a projection as the consolidator calls it, made by Wrap. before and after are nil where the entity is not there. It may panic.
type Func func(e Event, before, after schema.Record) ([]Step, error)

// Step is one change of one document.
type Step struct {
	ID string
	// Update returns the document after the step, of the one before: both with their id. It is nil for a step that deletes. It may panic.
	Update func(doc schema.Record) (schema.Record, error)
}

// Wrap makes a Func of a function of package rules and the functions that package entity has for the types. Generated code calls it.
func Wrap[V, E any](project func(*Change[V], Of[E]) error, entity func(schema.Record) *E, view func(schema.Record) *V, record func(*V) schema.Record) Func {
	made := func(r schema.Record) *E {
		if r == nil {
			return nil
		}
		return entity(r)
	}
	return func(e Event, before, after schema.Record) ([]Step, error) {
		var c Change[V]
		if err := project(&c, Of[E]{Event: e, Before: made(before), After: made(after)}); err != nil {
			return nil, err
		}
		steps := make([]Step, len(c.steps))
		for i, s := range c.steps {
			steps[i].ID = s.id
			if s.update == nil {
				continue
			}
			steps[i].Update = func(doc schema.Record) (schema.Record, error) {
				v := view(doc)
				if err := s.update(v); err != nil {
					return nil, err
				}
				return record(v), nil
			}
		}
		return steps, nil
	}
}
