package memory

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/logtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, o Options) *Log {
	t.Helper()
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func TestLog(t *testing.T) {
	logtest.Run(t, func(t *testing.T) eventlog.Log { return open(t, Options{Partitions: logtest.Partitions}) }, logtest.Features{
		NoStorage:  true,
		Durability: "memory",
		LoseTail: func(_ *testing.T, l eventlog.Log, number int, keep uint64, _ string) {
			change(l, number, func(p *partition) { p.entries = p.entries[:keep] })
		},
		Tamper: func(_ *testing.T, l eventlog.Log, number int, seq uint64) {
			change(l, number, func(p *partition) { p.entries[seq-1].Input = `{"step":null}` })
		},
		Fork: func(_ *testing.T, l eventlog.Log, number int, seq uint64, prev string) {
			change(l, number, func(p *partition) {
				e := &p.entries[seq-1]
				e.Prev = prev
				e.Hash = e.Sum()
			})
		},
	})
}

// change does to the partition what a bad memory would, and wakes its reads.
func change(l eventlog.Log, number int, do func(p *partition)) {
	m := l.(*Log)
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.partitions[number]
	do(p)
	close(p.woken)
	p.woken = make(chan struct{})
}

func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{Partitions: -1}, "partitions"},
		{Options{Partitions: eventlog.MaxPartitions + 1}, "partitions"},
		{Options{ReceiptWindow: time.Second}, "receipt window"},
	} {
		if _, err := Open(c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v does not say %q", c.o, err, c.want)
		}
	}
	if n := open(t, Options{}).Partitions(); n != DefaultPartitions {
		t.Errorf("%d partitions", n)
	}
}

// The test moves the clock: timers become due, and receipts are forgotten once their window is over.
func TestClockMoves(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	l := open(t, Options{Partitions: 1, Now: func() time.Time { return now }})
	ref := eventlog.Ref{Entity: "Order", ID: "o1"}
	a := logtest.Step(ref, 0, "c1", nil)
	a.Decided = now
	a.Timers = []eventlog.Timer{{TimerKey: eventlog.TimerKey{Kind: eventlog.TimeoutTimer, Ref: ref, Name: "t"}, After: time.Hour}}
	if _, err := l.Append(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if d, err := l.Due(t.Context(), 0, eventlog.TimeoutTimer, 1); err != nil || len(d.Timers) != 0 || d.Next != time.Hour {
		t.Fatalf("%+v, %v", d, err)
	}
	now = now.Add(time.Hour)
	if d, err := l.Due(t.Context(), 0, eventlog.TimeoutTimer, 1); err != nil || len(d.Timers) != 1 || !d.Timers[0].Due.Equal(now) || d.Next >= 0 {
		t.Fatalf("an hour later: %+v, %v", d, err)
	}
	if l, err := l.Load(t.Context(), eventlog.Load{Primary: ref, CommandID: "c1"}); err != nil || !l.Now.Equal(now) || l.Receipt == nil {
		t.Fatalf("%+v, %v", l, err)
	}
	now = now.Add(DefaultReceiptWindow)
	if _, err := l.Append(t.Context(), logtest.Step(ref, 1, "c2", nil)); err != nil {
		t.Fatal(err)
	}
	if l, err := l.Load(t.Context(), eventlog.Load{Primary: ref, CommandID: "c1"}); err != nil || l.Receipt != nil {
		t.Fatalf("after the window: %+v, %v", l, err)
	}
}

// What a caller does to what it gave or got changes nothing in the log.
func TestCallersChangeNothing(t *testing.T) {
	l := open(t, Options{})
	ref := eventlog.Ref{Entity: "Order", ID: "o1"}
	value := []byte(`"a"`)
	a := logtest.Step(ref, 0, "c1", nil)
	a.Events[0].Set = map[string]json.RawMessage{"note": value}
	if _, err := l.Append(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	value[1] = 'b'
	for range 2 {
		loaded, err := l.Load(t.Context(), eventlog.Load{Primary: ref, CommandID: "c1"})
		if err != nil || string(loaded.Heads[ref].Fields["note"]) != `"a"` || loaded.Receipt.Events[0].Version != 1 {
			t.Fatalf("%+v, %v", loaded, err)
		}
		loaded.Heads[ref].Fields["note"][1] = 'c'
		loaded.Receipt.Events[0].Version = 7
	}
}

func BenchmarkAppend(b *testing.B) {
	l := open(b, Options{})
	for i := 0; b.Loop(); i++ {
		if _, err := l.Append(b.Context(), logtest.BenchStep("b", int64(i))); err != nil {
			b.Fatal(err)
		}
	}
}
