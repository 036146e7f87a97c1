package consolidator

import (
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/position"
)

// TestAPartitionThatStaysBehindHasAWatermark: while history is imported faster than it is consolidated, and asked about all the time.
func TestAPartitionThatStaysBehindHasAWatermark(t *testing.T) {
	place := func(seq uint64) position.Place { return position.Place{Epoch: 1, Seq: seq} }
	at := func(seq uint64) documents.Checkpoint { return documents.Checkpoint{Place: place(seq)} }
	end := func(seq uint64) eventlog.Tail {
		return eventlog.Tail{Place: place(seq), Clock: time.Unix(int64(seq), 0)}
	}
	m := newMarks(1)
	m.begin(0, at(0))
	var was documents.Checkpoint
	for seq := uint64(1); seq <= 20; seq++ { // the end is always 5 ahead
		if m.tell(0, was, end(seq+5)) {
			t.Fatal("it is not at the end")
		}
		was = at(seq)
		was.Watermark = m.after(0, []eventlog.Event{{Epoch: 1, Seq: seq, Imported: true}})
		m.reached(0, was)
		if seq >= 12 && was.Watermark.Before(time.Unix(int64(seq)-6, 0)) {
			t.Errorf("at %d the watermark is %s", seq, was.Watermark)
		}
		if was.Watermark.After(time.Unix(int64(seq), 0)) {
			t.Errorf("at %d the watermark is %s already", seq, was.Watermark)
		}
	}
}
