package command

import (
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// Reactions are an application's reactions that are written in Go.
type Reactions []GoReaction

// GoReaction is a reaction that is written in Go.
type GoReaction struct {
	Name          string // "OnOrderCanceled": among all of the application
	Entity, Event string // to whose event
	React         ReactFunc
}

// ReactFunc says what is to be done after an event. entity is as the event left it; if the event deleted it, as it was before. It has no effects of its own,
// and says the same each time: it may run several times for one event. An error is a failure, after which it runs again, later.
type ReactFunc func(r *Reaction, entity schema.Record) error

// Reaction is what a ReactFunc knows and what it leads to. It belongs to one run of one function and is not for concurrent use.
type Reaction struct {
	event *eventlog.Event
	sent  []Command
}

// NewReaction returns the Reaction for an event. The reactor calls it, and tests.
func NewReaction(event *eventlog.Event) *Reaction { return &Reaction{event: event} }

// Event returns the event that is reacted to. It is shared: don't change it.
func (r *Reaction) Event() *eventlog.Event { return r.event }

// Send has a command run after the reaction: on the entity with that id, "" for a create to which an id is given. Commands run in the order in which they were sent, each once,
// whether those before it were accepted or rejected.
func (r *Reaction) Send(name, id string, input schema.Record) {
	r.sent = append(r.sent, Command{Name: name, ID: id, Input: input})
}

// Sent returns the commands that were sent, in order.
func (r *Reaction) Sent() []Command { return r.sent }
