package command

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// maxKeptText is how many bytes are kept of a text for people. With maxKeptInput a note stays below eventlog.MaxNoteBytes.
const maxKeptText = 1 << 10

// failedNote is a FailedReaction as JSON.
type failedNote struct {
	Reaction  string         `json:"reaction"`
	Key       string         `json:"key,omitempty"`
	Event     string         `json:"event,omitempty"`
	Epoch     uint64         `json:"epoch,omitempty"`
	Seq       uint64         `json:"seq,omitempty"`
	Command   keptCommand    `json:"command"`
	Cut       bool           `json:"cut,omitempty"`
	Rejection *keptRejection `json:"rejection,omitempty"`
	Message   string         `json:"message,omitempty"`
	Tries     int            `json:"tries,omitempty"`
}

type keptCommand struct {
	Name          string          `json:"name,omitempty"`
	ID            string          `json:"id,omitempty"`
	Input         json.RawMessage `json:"input,omitempty"`
	CommandID     string          `json:"commandId,omitempty"`
	Expected      *int64          `json:"expectedVersion,omitempty"`
	OccurredAt    *string         `json:"occurredAt,omitempty"`
	Actor         string          `json:"actor,omitempty"`
	CorrelationID string          `json:"correlationId,omitempty"`
	CausationID   string          `json:"causationId,omitempty"`
	Depth         int             `json:"depth,omitempty"`
}

type keptRejection struct {
	Code    Code     `json:"code"`
	Reason  string   `json:"reason,omitempty"`
	Message string   `json:"message"`
	Field   string   `json:"field,omitempty"`
	State   string   `json:"state,omitempty"`
	Allowed []string `json:"allowed,omitempty"`
}

// Of says which reaction it is of; none for a timer's.
func (f *FailedReaction) Of(r *AnyReaction, event *eventlog.Event) *FailedReaction {
	f.Reaction, f.reaction, f.Event, f.Place = r.Name, r.Key(), event.EventID(), event.Place()
	return f
}

// OfTimer has what a scheduled command is kept as it is, though the model can't read it: another one may, when it is resumed.
func (f *FailedReaction) OfTimer(t *eventlog.SetTimer) *FailedReaction {
	var d scheduledData
	if t.Kind == eventlog.CommandTimer && json.Unmarshal(t.Data, &d) == nil {
		d.CorrelationID = cmp.Or(d.CorrelationID, t.Name)
		f.unread = &d
	}
	return f
}

func (f *FailedReaction) note(m *schema.Model) (eventlog.Note, error) {
	c := &f.Command
	kept := failedNote{
		Reaction: f.Reaction, Key: f.reaction, Event: f.Event, Epoch: f.Place.Epoch, Seq: f.Place.Seq, Cut: f.Cut, Message: short(f.Message), Tries: f.Tries,
		Command: keptCommand{
			Name: c.Name, ID: c.ID, CommandID: c.CommandID, Expected: c.ExpectedVersion, Actor: c.Actor,
			CorrelationID: c.CorrelationID, CausationID: c.CausationID, Depth: c.Depth,
		},
	}
	if d := f.unread; d != nil {
		kept.Command.Name, kept.Command.Expected, kept.Command.Actor = d.Command, d.ExpectedVersion, d.Actor
		kept.Command.CorrelationID, kept.Command.CausationID = d.CorrelationID, d.CausationID
		if kept.Command.Input = d.Input; len(d.Input) > maxKeptInput {
			kept.Cut, kept.Command.Input = true, nil
		}
	}
	if c.OccurredAt != nil {
		text := c.OccurredAt.String()
		kept.Command.OccurredAt = &text
	}
	if spec := m.Command(c.Name); spec != nil && !f.Cut && f.unread == nil {
		input, err := encodeInput(m, spec, c.Input)
		if err != nil || len(input) > maxKeptInput { // what can't be encoded is not of the arguments' types
			kept.Cut, input = true, nil
		}
		kept.Command.Input = input
	}
	if r := f.Rejection; r != nil {
		kept.Rejection = &keptRejection{Code: r.Code, Reason: short(r.Reason), Message: short(r.Message), Field: short(r.Field), State: r.State}
		for _, name := range r.Allowed[:min(len(r.Allowed), 50)] {
			kept.Rejection.Allowed = append(kept.Rejection.Allowed, short(name))
		}
	}
	data, err := json.Marshal(kept)
	if err == nil && len(data) > eventlog.MaxNoteBytes { // characters that take several bytes here
		if kept.Command.Input, kept.Cut = nil, true; kept.Rejection != nil {
			kept.Rejection.Allowed = nil
		}
		data, err = json.Marshal(kept)
	}
	return eventlog.Note{ID: f.ID, Data: data}, err
}

// short cuts a text for people.
func short(s string) string {
	if len(s) <= maxKeptText {
		return s
	}
	return strings.ToValidUTF8(s[:maxKeptText], "") + "…"
}

func decodeFailed(m *schema.Model, kind string, n *eventlog.Note) (*FailedReaction, error) {
	var kept failedNote
	if err := json.Unmarshal(n.Data, &kept); err != nil {
		return nil, fmt.Errorf("the note %s about a reaction: %w", n.ID, err)
	}
	c := &kept.Command
	f := &FailedReaction{
		ID: n.ID, At: n.At.UTC(), Reaction: kept.Reaction, Event: kept.Event, Status: ReactionRejected, Message: kept.Message, Tries: kept.Tries,
		Place: position.Place{Epoch: kept.Epoch, Seq: kept.Seq}, Cut: kept.Cut, reaction: kept.Key,
		Command: Command{
			Name: c.Name, ID: c.ID, CommandID: c.CommandID, ExpectedVersion: c.Expected, Actor: c.Actor,
			CorrelationID: c.CorrelationID, CausationID: c.CausationID, Depth: c.Depth,
		},
	}
	if kind == FailedReactionNotes {
		f.Status = ReactionParked
	}
	if c.OccurredAt != nil {
		at, err := scalar.ParseDateTime(*c.OccurredAt)
		if err != nil {
			return nil, fmt.Errorf("the note %s about a reaction: %w", n.ID, err)
		}
		f.Command.OccurredAt = &at
	}
	if r := kept.Rejection; r != nil {
		f.Rejection = &Rejection{Code: r.Code, Reason: r.Reason, Message: r.Message, Field: r.Field, State: r.State, Allowed: r.Allowed}
	}
	spec := m.Command(c.Name)
	if spec == nil || len(c.Input) == 0 {
		return f, nil
	}
	var err error
	if f.Command.Input, err = decodeInput(m, spec, c.Input); err != nil {
		f.Command.Input, f.Cut = nil, true // the model is not what it was: the reaction, if it is one, is asked again
	}
	return f, nil
}
