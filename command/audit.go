package command

import (
	"context"
	"encoding/json"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// RejectedNotes is the kind of the notes about rejected commands, see eventlog.Note.
const RejectedNotes = "rejected"

// maxKeptInput is how large an input is kept of a command that was rejected.
const maxKeptInput = 32 << 10

// auditBound is how long keeping a rejection may take: it is for people, and the client waits.
const auditBound = 2 * time.Second

// Rejected is a command that was rejected, as it is kept for people to read.
type Rejected struct {
	ID        string          `json:"-"` // of the note: the command's id and the code, so that the same command that is rejected again for the same reason is kept once
	At        time.Time       `json:"-"`
	Command   string          `json:"command"`
	Entity    string          `json:"entity"`
	EntityID  string          `json:"id"`
	CommandID string          `json:"commandId"`
	Actor     string          `json:"actor,omitempty"`
	Input     json.RawMessage `json:"input,omitempty"` // nil if it was larger than 32 KiB (less, if much of it is < and the like), or no input of the command
	Code      Code            `json:"code"`
	Reason    string          `json:"reason,omitempty"`
	Message   string          `json:"message"`
	Field     string          `json:"field,omitempty"`
	State     string          `json:"state,omitempty"`

	CorrelationID string `json:"correlationId,omitempty"`
	CausationID   string `json:"causationId,omitempty"`
}

// audit keeps a rejection, if rejections are kept. That it can't be kept is no failure of the command.
func (e *Engine) audit(ctx context.Context, a *attempt, r *Result) {
	if e.cfg.KeepRejected <= 0 || a.cmd.DryRun || r == nil || len(r.Rejections) == 0 || !validID(a.cmd.CommandID) && a.cmd.CommandID != "" {
		return
	}
	rejection := r.Rejections[0]
	note := Rejected{
		Command: a.spec.Name, Entity: a.spec.Entity.Name, EntityID: a.cmd.ID, CommandID: a.cmd.CommandID, Actor: a.cmd.Actor,
		Code: rejection.Code, Reason: short(rejection.Reason), Message: short(rejection.Message), Field: short(rejection.Field), State: rejection.State,
		CorrelationID: a.cmd.CorrelationID, CausationID: a.cmd.CausationID,
	}
	if len(a.input) <= maxKeptInput {
		note.Input = a.input
	}
	id := note.CommandID
	if id == "" {
		id = newCommandID()
	}
	id += "/" + string(note.Code) // a command that is rejected again, for another reason, is kept twice
	data, err := json.Marshal(note)
	if err == nil && len(data) > eventlog.MaxNoteBytes { // characters that take several bytes here
		note.Input = nil
		data, err = json.Marshal(note)
	}
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, auditBound)
		defer cancel()
		err = e.cfg.Log.AddNote(ctx, RejectedNotes, eventlog.Note{ID: id, Data: data}, e.cfg.KeepRejected, false)
	}
	if err != nil {
		e.cfg.Logger.Warn("a rejected command could not be kept", "command", a.spec.Name, "entity", a.ref.String(), "error", err)
	}
}

// Refused keeps a rejection of a command that was refused before it came to Execute: its arguments could not be read. Its input is not kept.
func (e *Engine) Refused(ctx context.Context, cmd Command, r *Rejection) {
	if spec := e.cfg.Model.Command(cmd.Name); spec != nil {
		a := attempt{cfg: &e.cfg, spec: spec, cmd: cmd, ref: eventlog.Ref{Entity: spec.Entity.Name, ID: cmd.ID}}
		e.audit(ctx, &a, &Result{Rejections: []*Rejection{r}})
	}
}

// Rejected returns a page of the rejected commands that are kept, the newest first; after is the ID of the last one of the page before. An after that is not there any
// more is eventlog.ErrNoNote.
func (e *Engine) Rejected(ctx context.Context, first int, after string) ([]Rejected, error) {
	notes, err := e.cfg.Log.Notes(ctx, eventlog.NotePage{Kind: RejectedNotes, After: after, Limit: first})
	if err != nil {
		return nil, err
	}
	out := make([]Rejected, len(notes))
	for i, n := range notes {
		if err := json.Unmarshal(n.Data, &out[i]); err != nil {
			out[i].Message = "what was kept of it can't be read"
		}
		out[i].ID, out[i].At = n.ID, n.At
	}
	return out, nil
}
