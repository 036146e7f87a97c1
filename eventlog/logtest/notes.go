package logtest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/position"
)

func testCursors(t *testing.T, s *suite) {
	at := func(epoch, seq uint64, hash string) eventlog.Cursor {
		return eventlog.Cursor{Place: position.Place{Epoch: epoch, Seq: seq}, Hash: hash}
	}
	want := func(name string, partition int, want eventlog.Cursor) {
		t.Helper()
		if c, err := s.log.Cursor(s.ctx, name, partition); err != nil || c != want {
			t.Fatalf("cursor %s of partition %d: %+v, %v, want %+v", name, partition, c, err, want)
		}
	}
	want("a", 0, eventlog.Cursor{})
	for _, step := range []struct{ set, want eventlog.Cursor }{
		{at(0, 0, ""), at(0, 0, "")},
		{at(0, 5, "h5"), at(0, 5, "h5")},
		{at(0, 4, "h4"), at(0, 5, "h5")},
		{at(0, 5, "other"), at(0, 5, "h5")},
		{at(0, 10, "h10"), at(0, 10, "h10")}, // "10" is after "5" as a number only
		{at(2, 1, "h1"), at(2, 1, "h1")},
		{at(0, 11, "h11"), at(2, 1, "h1")},
		{at(10, 1, "h2"), at(10, 1, "h2")},
	} {
		if err := s.log.SetCursor(s.ctx, "a", 0, step.set); err != nil {
			t.Fatal(err)
		}
		want("a", 0, step.want)
	}
	want("a", 1, eventlog.Cursor{})
	want("b", 0, eventlog.Cursor{})
	for _, err := range race(func(i int) error { return s.log.SetCursor(s.ctx, "b", 0, at(0, uint64(i+1), fmt.Sprint(i+1))) }) {
		if err != nil {
			t.Fatal(err)
		}
	}
	want("b", 0, at(0, callers, fmt.Sprint(callers)))
}

// note adds a note that must be taken.
func (s *suite) note(t *testing.T, id, data string, keep int, refuse bool) {
	t.Helper()
	if err := s.log.AddNote(s.ctx, "rejected", eventlog.Note{ID: id, Data: raw(data)}, keep, refuse); err != nil {
		t.Fatalf("note %s: %v", id, err)
	}
}

// noteIDs returns the ids of all notes, the newest first, read in pages.
func (s *suite) noteIDs(t *testing.T, kind string, limit int) string {
	t.Helper()
	ids := []string{}
	for p := (eventlog.NotePage{Kind: kind, Limit: limit}); ; p.After = ids[len(ids)-1] {
		page, err := s.log.Notes(s.ctx, p)
		if err != nil || len(page) > limit {
			t.Fatalf("notes after %q: %+v, %v", p.After, page, err)
		}
		if len(page) == 0 {
			return strings.Join(ids, " ")
		}
		for _, n := range page {
			ids = append(ids, n.ID)
		}
	}
}

func testNotes(t *testing.T, s *suite) {
	if got := s.noteIDs(t, "rejected", 10); got != "" {
		t.Fatalf("notes of an empty log: %s", got)
	}
	odd := "{ \"b\" :1.50, \"a\": \"<&>\u2028é\\n\" }"
	before := s.load(t, eventlog.Load{Primary: ref("o1")}).Now
	for _, id := range []string{"b", "a", "e x:\u2028*", "d", "c"} {
		s.note(t, id, odd, 100, false)
	}
	if err := s.log.AddNote(s.ctx, "failed", eventlog.Note{ID: "a", Data: raw("1")}, 100, false); err != nil {
		t.Fatal(err)
	}
	for _, limit := range []int{1, 2, 5, eventlog.MaxNotes} {
		if got := s.noteIDs(t, "rejected", limit); got != "c d e x:\u2028* a b" {
			t.Fatalf("in pages of %d: %s", limit, got)
		}
	}
	n, err := s.log.Note(s.ctx, "rejected", "a")
	if err != nil || n.ID != "a" || string(n.Data) != odd || n.At.Sub(before).Abs() > time.Minute || n.At.Location() != time.UTC || n.At.Nanosecond()%1e6 != 0 {
		t.Fatalf("added at %s: %+v, %v", before, n, err)
	}
	s.note(t, "a", "2", 100, false) // replaced: it is the newest now
	if got := s.noteIDs(t, "rejected", 2); got != "a c d e x:\u2028* b" {
		t.Fatal(got)
	}
	if page, err := s.log.Notes(s.ctx, eventlog.NotePage{Kind: "rejected", Limit: 1}); err != nil || len(page) != 1 || string(page[0].Data) != "2" || page[0].At.Before(n.At) {
		t.Fatalf("%+v, %v", page, err)
	}
	for _, want := range []bool{true, false} {
		if is, err := s.log.RemoveNote(s.ctx, "rejected", "d"); is != want || err != nil {
			t.Fatalf("removed: %v, %v", is, err)
		}
	}
	if got := s.noteIDs(t, "rejected", 2); got != "a c e x:\u2028* b" {
		t.Fatal(got)
	}
	if _, err := s.log.Note(s.ctx, "rejected", "d"); !errors.Is(err, eventlog.ErrNoNote) {
		t.Fatalf("a note that is gone: %v", err)
	}
	if _, err := s.log.Notes(s.ctx, eventlog.NotePage{Kind: "rejected", After: "d", Limit: 1}); !errors.Is(err, eventlog.ErrNoNote) {
		t.Fatalf("the page after a note that is gone: %v", err)
	}
	if got := s.noteIDs(t, "failed", 2); got != "a" {
		t.Fatalf("notes of the other kind: %s", got)
	}
}

func testNotesTrimmed(t *testing.T, s *suite) {
	for i := range 7 {
		s.note(t, fmt.Sprint(i), "1", 4, false)
	}
	if got := s.noteIDs(t, "rejected", 3); got != "6 5 4 3" {
		t.Fatal(got)
	}
	s.note(t, "5", "2", 4, false) // replaced: nothing has to go
	if got := s.noteIDs(t, "rejected", 3); got != "5 6 4 3" {
		t.Fatal(got)
	}
	s.note(t, "7", "1", 2, false) // fewer are kept from now on
	if got := s.noteIDs(t, "rejected", 3); got != "7 5" {
		t.Fatal(got)
	}
}

func testNotesRefused(t *testing.T, s *suite) {
	taken := 0
	for i, err := range race(func(i int) error {
		return s.log.AddNote(s.ctx, "rejected", eventlog.Note{ID: fmt.Sprint(i)}, 5, true)
	}) {
		switch {
		case err == nil:
			taken++
		case !errors.Is(err, eventlog.ErrManyNotes):
			t.Fatalf("caller %d: %v", i, err)
		}
	}
	before := s.noteIDs(t, "rejected", 3)
	if taken != 5 || len(strings.Fields(before)) != 5 {
		t.Fatalf("%d were taken: %s", taken, before)
	}
	if err := s.log.AddNote(s.ctx, "rejected", eventlog.Note{ID: "more"}, 5, true); !errors.Is(err, eventlog.ErrManyNotes) {
		t.Fatalf("one more: %v", err)
	}
	oldest := strings.Fields(before)[4]
	s.note(t, oldest, "2", 5, true) // replaced: there are no more than before
	if is, err := s.log.RemoveNote(s.ctx, "rejected", oldest); !is || err != nil {
		t.Fatal(is, err)
	}
	s.note(t, "more", "1", 5, true)
	if got := s.noteIDs(t, "rejected", 3); len(strings.Fields(got)) != 5 || !strings.HasPrefix(got, "more ") {
		t.Fatal(got)
	}
}
