package resolve

import (
	"context"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// plain is an object whose values were all known when it was made.
type plain map[string]any

func (p plain) value(_ context.Context, name string) (any, error) { return p[name], nil }

// payload makes the answer to a mutation, with what the client selected of the entity loaded from the log's heads.
func (rt *Runtime) payload(ctx context.Context, e *schema.Entity, f field, r *command.Result) (*Object, error) {
	values := plain{"errors": errorObjects(r.Rejections), "receipt": receiptObject(ctx, r.Receipt)}
	if r.Entity != nil {
		h := &heads{rt: rt, left: budgetOf(ctx), known: map[command.Ref]*command.Snapshot{r.Entity.Ref: r.Entity}}
		if r.Receipt != nil {
			h.after = r.Receipt.Position
			if r.Receipt.Durability == "none" {
				h.rehearsed = r.Entity
			}
		}
		for _, sub := range f.selected(ctx, e.Name+"Payload") {
			if sub.Name != e.Singular {
				continue
			}
			if err := h.load(ctx, e, r.Entity, sub, r.Known); err != nil {
				return nil, err
			}
		}
		values[e.Singular] = h.object(r.Entity.Ref)
	}
	return &Object{e.Name + "Payload", values}, nil
}

func errorObjects(rs []*command.Rejection) []*Object {
	out := make([]*Object, len(rs))
	for i, r := range rs {
		out[i] = errorObject(r)
	}
	return out
}

func errorObject(r *command.Rejection) *Object {
	allowed := make([]string, len(r.Allowed))
	copy(allowed, r.Allowed)
	return &Object{"CommandError", plain{
		"code": string(r.Code), "reason": orNull(r.Reason), "message": r.Message, "field": orNull(r.Field),
		"state": orNull(r.State), "allowed": allowed,
	}}
}

func receiptObject(ctx context.Context, r *command.Receipt) any {
	if r == nil {
		return nil
	}
	readingOf(ctx).writes(r.Position)
	events := make([]*Object, len(r.Events))
	for i, e := range r.Events {
		events[i] = event{ref: e.Ref, version: e.Version, name: e.Name, from: e.From, to: e.To, at: e.At, commandID: r.CommandID}.object()
	}
	values := plain{
		"commandId": r.CommandID, "position": positionText(r.Position), "version": int(r.Version), "events": events,
		"duplicate": r.Duplicate, "durability": r.Durability,
	}
	if !r.RunAt.IsZero() {
		values["runAt"] = scalar.NewDateTime(r.RunAt)
	}
	return &Object{"Receipt", values}
}

func positionText(p position.Position) string { return p.String() }

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
