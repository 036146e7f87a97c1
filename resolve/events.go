package resolve

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/scalar"
)

// event is what clients see of an event. What is "" is not there, or not known here.
type event struct {
	ref                                          command.Ref
	version                                      int64
	name, from, to                               string
	at                                           time.Time
	commandID, actor, correlationID, causationID string
}

func (e event) object() *Object {
	return &Object{"EventInfo", plain{
		"eventId": command.EventID(e.ref, e.version), "entity": e.ref.Entity, "id": e.ref.ID, "name": e.name, "from": orNull(e.from), "to": orNull(e.to),
		"version": int(e.version), "at": scalar.NewDateTime(e.at), "commandId": orNull(e.commandID),
		"actor": orNull(e.actor), "correlationId": orNull(e.correlationID), "causationId": orNull(e.causationID),
	}}
}

func archived(ref command.Ref, v *documents.Version) event {
	return event{ref, v.Version, v.Event, v.From, v.To, v.At, v.CommandID, v.Actor, v.CorrelationID, v.CausationID}
}

// maxCauses is how long a chain of causes may be; reactions stop causing one another long before.
const maxCauses = 100

// causes resolves Query.causationOf: the events that led to one, each the cause of the next, from the archive.
func (rt *Runtime) causes(ctx context.Context, f field) (any, error) {
	id, _ := f.args["event"].(string)
	if _, _, err := command.ParseEventID(id); err != nil {
		return nil, badInput(fmt.Sprintf("event: %q is no id of an event such as %s:1@3", id, rt.Model.Entities[0].Name))
	}
	var out []*Object
	for len(out) < maxCauses {
		e, err := rt.archivedEvent(ctx, id)
		if err != nil {
			return nil, err
		}
		if e == nil {
			break
		}
		out = append(out, e.object())
		id = e.causationID
	}
	if len(out) == 0 {
		return nil, &publicError{"NOT_FOUND", fmt.Sprintf("event: there is no event %q, or it is not consolidated yet", id)}
	}
	slices.Reverse(out)
	return out, budgetOf(ctx).elements(ctx, len(out))
}

// archivedEvent returns the event of an id, nil if it is none of an event, or of one that is not in the archive.
func (rt *Runtime) archivedEvent(ctx context.Context, id string) (*event, error) {
	ref, version, err := command.ParseEventID(id)
	if err != nil {
		return nil, nil //nolint:nilerr,nilnil // what causes need not be events
	}
	entity := rt.Model.Entity(ref.Entity)
	if entity == nil {
		return nil, nil //nolint:nilnil // or of an older model
	}
	v, err := rt.Queries.Version(ctx, entity, ref.ID, version)
	if v == nil {
		return nil, err
	}
	e := archived(ref, v)
	return &e, nil
}
