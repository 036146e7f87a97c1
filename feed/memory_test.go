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

func TestCursorText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := feed.Cursor{
			Epoch:   rapid.StringMatching(`[a-z0-9-]{0,40}`).Draw(t, "epoch"),
			Offsets: rapid.MapOf(rapid.IntRange(0, 1023), rapid.Uint64()).Draw(t, "offsets"),
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
