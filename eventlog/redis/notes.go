package redis

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// trimMax bounds how many notes one AddNote removes: keep may have been lowered by any number.
const trimMax = 100

// AddNote implements eventlog.Log.
func (l *Log) AddNote(ctx context.Context, kind string, n eventlog.Note, keep int, refuse bool) error {
	if err := n.Check(kind, keep); err != nil {
		return err
	}
	mode := ""
	if refuse {
		mode = "1"
	}
	_, err := l.run(ctx, addNoteScript, l.noteNames(kind), n.ID, []byte(n.Data), keep, mode, trimMax)
	return l.fail("add a note", err)
}

// Notes implements eventlog.Log.
func (l *Log) Notes(ctx context.Context, p eventlog.NotePage) ([]eventlog.Note, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	parts, err := l.run(ctx, notesScript, l.noteNames(p.Kind), p.After, p.Limit, eventlog.MaxReadBytes)
	if err != nil {
		return nil, l.fail("notes", err)
	}
	out := make([]eventlog.Note, 0, len(parts)/2)
	for ; len(parts) >= 2; parts = parts[2:] {
		n, err := parseNote(parts[0], parts[1])
		if err != nil {
			return nil, l.fail("notes", err)
		}
		out = append(out, n)
	}
	return out, nil
}

// Note implements eventlog.Log.
func (l *Log) Note(ctx context.Context, kind, id string) (*eventlog.Note, error) {
	if err := eventlog.CheckNote(kind, id); err != nil {
		return nil, err
	}
	text, found, err := l.getOf(ctx, 0, l.keys.noteData(kind), id)
	if err == nil && !found {
		err = fmt.Errorf("%w: %s %s", eventlog.ErrNoNote, kind, id)
	}
	if err != nil {
		return nil, l.fail("note", err)
	}
	n, err := parseNote(id, text)
	return &n, l.fail("note", err)
}

// RemoveNote implements eventlog.Log. A removal that go-redis had to send again answers false, though it happened.
func (l *Log) RemoveNote(ctx context.Context, kind, id string) (bool, error) {
	if err := eventlog.CheckNote(kind, id); err != nil {
		return false, err
	}
	reply, err := l.run(ctx, removeNoteScript, l.noteNames(kind), id)
	return err == nil && len(reply) == 1 && reply[0] == "1", l.fail("remove a note", err)
}

func (l *Log) noteNames(kind string) []string {
	return []string{l.keys.meta(0), l.keys.notes(kind), l.keys.noteData(kind)}
}

// parseNote reads a line of milliseconds, then the data.
func parseNote(id, text string) (eventlog.Note, error) {
	at, data, ok := strings.Cut(text, "\n")
	ms, err := strconv.ParseInt(at, 10, 64)
	if err != nil || !ok {
		return eventlog.Note{}, fmt.Errorf("note %s can't be read: %q", id, text)
	}
	return eventlog.Note{ID: id, At: time.UnixMilli(ms).UTC(), Data: rawOf(data)}, nil
}
