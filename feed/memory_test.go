package feed_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/feed/feedtest"
)

func TestMemory(t *testing.T) {
	feedtest.Run(t, func(t *testing.T, partitions, capacity int) feed.Feed {
		f := feed.NewMemory(partitions, capacity)
		t.Cleanup(func() { f.Close() })
		return f
	})
}

// TestMemoryIsBounded publishes changes of large documents: far fewer than the capacity, far more than the memory.
func TestMemoryIsBounded(t *testing.T) {
	f := feed.NewMemory(4, 10_000)
	defer f.Close()
	publish := func(partition, bytes, times int) feed.Cursor {
		t.Helper()
		for range times {
			e := feed.Entry{Kind: feed.Changed, Entity: "A", ID: "a", Before: make([]byte, bytes/2), After: make([]byte, bytes/2)}
			if err := f.Publish(t.Context(), partition, []feed.Entry{e}); err != nil {
				t.Fatal(err)
			}
		}
		c, err := f.Tail(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	read := func(c feed.Cursor) (entries, gaps int) {
		t.Helper()
		es, err := f.Read(t.Context(), c, 1000, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range es {
			if e.Kind == feed.Gap {
				gaps++
			} else {
				entries++
			}
		}
		return entries, gaps
	}
	start := publish(0, 0, 0)
	publish(1, 100, 2)
	early := publish(2, 1<<20, 20)
	late := publish(2, 1<<20, 130)
	publish(2, 1<<20, 50)
	if entries, gaps := read(start); entries != 2 || gaps != 1 {
		t.Errorf("from the start: %d entries, %d gaps; the partition that takes little should be whole, the other gone", entries, gaps)
	}
	if entries, gaps := read(early); entries != 0 || gaps != 1 {
		t.Errorf("who is 180 MiB behind: %d entries, %d gaps", entries, gaps)
	}
	if entries, gaps := read(late); entries != 50 || gaps != 0 {
		t.Errorf("who is 50 MiB behind: %d entries, %d gaps", entries, gaps)
	}
	huge := publish(3, 2*feed.MemoryBytes, 1)
	publish(3, 2*feed.MemoryBytes, 1)
	if entries, gaps := read(huge); entries != 1 || gaps != 0 {
		t.Errorf("an entry larger than everything: %d entries, %d gaps", entries, gaps)
	}
}

func TestCursorText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := feed.Cursor{
			Epoch: rapid.StringMatching(`[a-z0-9-]{0,40}`).Draw(t, "epoch"),
			At: rapid.MapOf(rapid.IntRange(0, 1023), rapid.Custom(func(t *rapid.T) feed.Mark {
				return feed.Mark{Offset: rapid.Uint64().Draw(t, "offset"), Link: rapid.Uint64().Draw(t, "link")}
			})).Draw(t, "marks"),
		}
		back, err := feed.ParseCursor(c.String())
		if err != nil || back.String() != c.String() {
			t.Fatalf("%v came back as %v, %v", c, back, err)
		}
		garbage := rapid.String().Draw(t, "garbage")
		if back, err := feed.ParseCursor(garbage); err == nil && back.String() != garbage {
			t.Fatalf("%q was read as %v", garbage, back)
		}
	})
}
