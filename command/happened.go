package command

import (
	"context"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// Happened is an event that a test begins with.
type Happened struct {
	Command   *schema.Command // which makes such events
	ID        string
	CommandID string
	Fields    schema.Record // the entity as the event leaves it, its state among them
}

// Record appends an event as if its command had been accepted, with its unique values and timers. No state, reference or rule is asked: what tests begin with is
// not what they test.
func (e *Engine) Record(ctx context.Context, h Happened) (*Receipt, error) {
	a := attempt{cfg: &e.cfg, spec: h.Command, cmd: Command{Name: h.Command.Name, ID: h.ID, CommandID: h.CommandID}, input: []byte("{}")}
	a.ref, a.hash = eventlog.Ref{Entity: h.Command.Entity.Name, ID: h.ID}, inputHash(&a.cmd, a.input)
	loaded, err := e.cfg.Log.Load(ctx, a.load())
	if err != nil {
		return nil, err
	}
	head := loaded.Heads[a.ref]
	before, err := snapshot(e.cfg.Model, a.ref, head)
	if err != nil {
		return nil, err
	}
	now, err := a.when(loaded.Now, head)
	if err != nil {
		return nil, err
	}
	if err := nameElements(e.cfg.Model, h.Command.Entity, before, h.Fields, nil); err != nil {
		return nil, err
	}
	c := newContext(ctx, &e.cfg, &a.cmd, loaded.Heads, now)
	c.conditions[a.ref], c.needed[a.ref] = before.Version, true
	s := &step{c: c, spec: h.Command, ref: a.ref, before: before}
	after, err := s.affect(h.Fields)
	if err != nil {
		return nil, err
	}
	receipt, err := e.cfg.Log.Append(ctx, a.decided(c, after).append)
	if err != nil {
		return nil, err
	}
	return a.receipt(receipt), nil
}
