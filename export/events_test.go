package export_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/logtest"
	"github.com/daybook-cqrs/daybook/eventlog/memory"
	"github.com/daybook-cqrs/daybook/export"
	"github.com/daybook-cqrs/daybook/position"
)

// fill makes a log of n events of entities that lie in all partitions, some brought in from the past, with texts that are hard to write down.
func fill(t testing.TB, partitions, n int) eventlog.Log {
	t.Helper()
	l, err := memory.Open(memory.Options{Partitions: partitions})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	texts := []string{`"plain"`, `"a,b \"c\" \r\n d"`, `" space "`, `"\u2028 é 𝄞 <&>"`, `""`, `"=1+1"`, "{\"a\":\n [1,\r\n2]}", "null"}
	for i := range n {
		entity := []string{"Order", "Customer"}[i%2]
		a := logtest.Step(eventlog.Ref{Entity: entity, ID: fmt.Sprint("e", i)}, 0, fmt.Sprint("c", i), map[string]json.RawMessage{"note": json.RawMessage(texts[i%(len(texts)-1)])})
		a.Input, a.Actor = json.RawMessage(texts[(i+3)%len(texts)]), []string{"", "ana \"x\", y"}[i%2]
		if i%5 == 4 {
			a.Imported, a.Decided = true, time.Date(2020, 1, 1, 0, 0, i, 1, time.UTC)
		}
		if _, err := l.Append(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func events(t testing.TB, l eventlog.Log, q export.EventsQuery, out *export.Output) (string, position.Position) {
	t.Helper()
	var b strings.Builder
	out.To = &b
	r, err := export.Events(t.Context(), l, q, out)
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), r.Position
}

// seqs returns partition and sequence of every row.
func seqs(t testing.TB, f export.Format, text string) [][2]string {
	t.Helper()
	var out [][2]string
	if f == export.CSV {
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows[1:] {
			out = append(out, [2]string{r[0], r[2]})
		}
		return out
	}
	for line := range strings.Lines(text) {
		var e struct{ Partition, Seq json.Number }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		out = append(out, [2]string{string(e.Partition), string(e.Seq)})
	}
	return out
}

var formats = []export.Format{export.NDJSON, export.CSV}

// TestEveryEventOnce: each partition is whole and in its order, and without imported events time never steps back.
func TestEveryEventOnce(t *testing.T) {
	l := fill(t, 4, 203)
	for _, f := range formats {
		text, at := events(t, l, export.EventsQuery{}, &export.Output{Format: f})
		next := map[string]int{}
		rows := seqs(t, f, text)
		for _, r := range rows {
			if next[r[0]]++; fmt.Sprint(next[r[0]]) != r[1] {
				t.Fatalf("partition %s has event %s as its %d.", r[0], r[1], next[r[0]])
			}
		}
		if len(rows) != 203 || len(next) != 4 || len(at.Partitions()) != 4 {
			t.Errorf("%d events of %d partitions", len(rows), len(next))
		}
		if none, still := events(t, l, export.EventsQuery{From: at}, &export.Output{Format: f, Resumed: true}); none != "" || still.String() != at.String() {
			t.Errorf("behind the end there is %q", none)
		}
	}
}

func TestEventsAreMergedByTime(t *testing.T) {
	l, err := memory.Open(memory.Options{Partitions: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for i := range 60 {
		if _, err := l.Append(t.Context(), logtest.Step(eventlog.Ref{Entity: "Order", ID: fmt.Sprint(i)}, 0, fmt.Sprint(i), nil)); err != nil {
			t.Fatal(err)
		}
	}
	text, _ := events(t, l, export.EventsQuery{}, &export.Output{Format: export.NDJSON})
	var last time.Time
	for line := range strings.Lines(text) {
		var e struct{ At time.Time }
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.At.Before(last) {
			t.Fatalf("%v, behind %s: %s", err, last, line)
		}
		last = e.At
	}
}

// What stands in a cell or a line is what the log has.
func TestValuesStayExact(t *testing.T) {
	l := fill(t, 1, 16)
	inLog, err := l.Read(t.Context(), 0, 0, "", 100, 0)
	if err != nil {
		t.Fatal(err)
	}
	asCSV, _ := events(t, l, export.EventsQuery{}, &export.Output{Format: export.CSV})
	rows, err := csv.NewReader(strings.NewReader(asCSV)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	lines, _ := events(t, l, export.EventsQuery{}, &export.Output{Format: export.NDJSON})
	i := 0
	for line := range strings.Lines(lines) {
		var e struct {
			Input, Changes   json.RawMessage
			Actor, CommandID *string
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, inLog[i].Input); err != nil {
			t.Fatal(err)
		}
		if string(e.Input) != compact.String() || *e.CommandID != inLog[i].CommandID || (e.Actor == nil) != (inLog[i].Actor == "") || e.Actor != nil && *e.Actor != inLog[i].Actor {
			t.Errorf("%s is not %+v", line, inLog[i])
		}
		input := rows[i+1][slices.Index(rows[0], "input")]
		if want := strings.ReplaceAll(string(inLog[i].Input), "\r\n", "\n"); input != want && (input != "" || want != "null") { // the reader makes one line's end of the other
			t.Errorf("the cell is %q, not %q", input, want)
		}
		i++
	}
	if i != 16 {
		t.Errorf("%d lines", i)
	}
}

// TestAnyCutIsContinued cuts an export at any byte, and goes on behind what is whole: that is the export in one go.
func TestAnyCutIsContinued(t *testing.T) {
	l := fill(t, 3, 12)
	for _, f := range formats {
		whole, _ := events(t, l, export.EventsQuery{}, &export.Output{Format: f})
		for cut := range len(whole) + 1 {
			tail, err := export.ReadEvents(strings.NewReader(whole[:cut]), f)
			if err != nil {
				t.Fatalf("%s cut at %d: %v\n%s", f, cut, err, whole[:cut])
			}
			rest, _ := events(t, l, export.EventsQuery{From: tail.Position, Hashes: tail.Hashes}, &export.Output{Format: f, Resumed: tail.Size > 0})
			if whole[:tail.Size]+rest != whole {
				t.Fatalf("%s cut at %d, whole up to %d:\n%s", f, cut, tail.Size, rest)
			}
		}
	}
}

// full takes so many bytes.
type full struct {
	bytes.Buffer
	room int
}

var errFull = errors.New("no space left")

func (w *full) Write(b []byte) (int, error) {
	n := min(len(b), w.room)
	w.room -= n
	w.Buffer.Write(b[:n])
	if n < len(b) {
		return n, errFull
	}
	return n, nil
}

// TestThePositionIncludesWhatWasWritten has the output fail anywhere, or the log, or the export be interrupted.
func TestThePositionIncludesWhatWasWritten(t *testing.T) {
	l := fill(t, 3, 900)
	whole, _ := events(t, l, export.EventsQuery{Entities: []string{"Order"}}, &export.Output{Format: export.NDJSON})
	rapid.Check(t, func(rt *rapid.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		w := &full{room: rapid.IntRange(0, len(whole)+10).Draw(rt, "room")}
		pieces := rapid.IntRange(1, 5).Draw(rt, "pieces")
		broken := &breaking{Log: l, reads: rapid.IntRange(3, 9).Draw(rt, "reads")}
		r, err := export.Events(ctx, broken, export.EventsQuery{Entities: []string{"Order"}}, &export.Output{To: w, Format: export.NDJSON, Progress: func(done, total int64) {
			if pieces--; pieces == 0 {
				cancel()
			}
			if done > total || total != 900 {
				rt.Errorf("%d of %d", done, total)
			}
		}})
		if err != nil && !errors.Is(err, errFull) && !errors.Is(err, errAway) && !errors.Is(err, context.Canceled) {
			rt.Fatal(err)
		}
		rest, _ := events(t, l, export.EventsQuery{From: r.Position, Entities: []string{"Order"}}, &export.Output{Format: export.NDJSON})
		written := whole[:len(whole)-len(rest)]
		if written+rest != whole || !strings.HasPrefix(w.String(), written) || int(r.Rows) != strings.Count(written, "\n") || err == nil && rest != "" {
			rt.Fatalf("%d rows (%v), %d bytes written, %d left of %d", r.Rows, err, w.Len(), len(rest), len(whole))
		}
	})
}

// breaking is a log that is away after so many reads.
type breaking struct {
	eventlog.Log
	reads int
}

var errAway = errors.New("the log is away")

func (b *breaking) Read(ctx context.Context, partition int, after uint64, prev string, limit int, wait time.Duration) ([]eventlog.Event, error) {
	if b.reads--; b.reads < 0 {
		return nil, errAway
	}
	return b.Log.Read(ctx, partition, after, prev, min(limit, 100), wait)
}

// Of another log, or of one that has less, nothing is taken for a continuation.
func TestPositionsOfAnotherLog(t *testing.T) {
	l, other := fill(t, 2, 20), fill(t, 2, 30)
	place := func(p int, epoch, seq uint64) position.Position {
		return position.At(p, position.Place{Epoch: epoch, Seq: seq})
	}
	text, _ := events(t, other, export.EventsQuery{}, &export.Output{Format: export.NDJSON})
	tail, err := export.ReadEvents(strings.NewReader(text[:len(text)/3]), export.NDJSON)
	if err != nil {
		t.Fatal(err)
	}
	for name, q := range map[string]export.EventsQuery{
		"another partition":         {From: place(2, 0, 1)},
		"another partition's end":   {To: place(2, 0, 1)},
		"beyond the end":            {From: place(1, 0, 1000)},
		"an end beyond the end":     {To: place(1, 0, 1000)},
		"another epoch":             {From: place(0, 1, 1)},
		"what another log's has":    {From: tail.Position, Hashes: tail.Hashes},
		"an end of another history": {To: place(0, 3, 1)},
	} {
		if r, err := export.Events(t.Context(), l, q, &export.Output{To: io.Discard, Format: export.NDJSON}); !errors.Is(err, export.ErrUsage) || r.Rows > 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is no export is not continued, and so not cut.
func TestFilesThatAreNoExport(t *testing.T) {
	l := fill(t, 2, 10)
	lines, _ := events(t, l, export.EventsQuery{}, &export.Output{Format: export.NDJSON})
	cells, _ := events(t, l, export.EventsQuery{}, &export.Output{Format: export.CSV})
	first, _, _ := strings.Cut(lines, "\n")
	header, row, _ := strings.Cut(cells, "\n")
	for _, c := range []struct{ name, text, want string }{
		{"a letter", "Dear Ana", "line 1 does not begin"},
		{"another's JSON", `{"id":"o1"}` + "\n", "does not begin"},
		{"a line of other fields", `{"partition":1}` + "\n", "other fields"},
		{"a line that is none", first[:40] + "\n", "line 1 is no JSON"},
		{"a name changed", strings.Replace(first, `"hash"`, `"bash"`, 1) + "\n", "no hash"},
		{"the same event twice", first + "\n" + first + "\n", "two wrote to it"},
		{"a strange sequence", strings.Replace(first, `"seq":1`, `"seq":"x"`, 1) + "\n", `seq is "x"`},
		{"a strange partition", strings.Replace(first, `{"partition":`, `{"partition":9999999`, 1) + "\n", "partition"},
	} {
		if tail, err := export.ReadEvents(strings.NewReader(c.text), export.NDJSON); !errors.Is(err, export.ErrUsage) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %+v, %v", c.name, tail, err)
		}
	}
	for _, c := range []struct{ name, text, want string }{
		{"a letter", "Dear Ana", "does not begin"},
		{"a quoted letter", `"Dear Ana`, "does not begin"},
		{"other columns", "a,b\r\n1,2\r\n", "its columns are"},
		{"a row of fewer", header + "\n1,2\r\n" + row, "row 1"},
		{"a strange sequence", header + "\nx" + row, "partition is"},
		{"a quote left open", header + "\n\"" + strings.Repeat("x", 70<<20), "damaged"},
	} {
		if tail, err := export.ReadEvents(strings.NewReader(c.text), export.CSV); !errors.Is(err, export.ErrUsage) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %+v, %v", c.name, tail, err)
		}
	}
	if _, err := export.ReadEvents(strings.NewReader(strings.Repeat(lines[:20], 1)+strings.Repeat(" ", 70<<20)), export.NDJSON); !errors.Is(err, export.ErrUsage) {
		t.Errorf("a line without end: %v", err)
	}
}
