package consolidator

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

func TestStatesAreKeptWithinBytes(t *testing.T) {
	c := newStateCache(100, 1<<20)
	ref := func(i int) eventlog.Ref { return eventlog.Ref{Entity: "A", ID: fmt.Sprint(i)} }
	of := func(bytes int) *state {
		return &state{raws: []json.RawMessage{nil, json.RawMessage(strings.Repeat("x", bytes))}}
	}
	for i := range 200 {
		c.add(ref(i), of(10))
	}
	if n := c.recent.Len(); n != 100 {
		t.Errorf("%d of at most 100 states", n)
	}
	for i := range 20 {
		c.add(ref(7), of(i)) // again and again: it counts once
	}
	before := c.bytes
	c.add(ref(7), of(10))
	if c.bytes < before-100 || c.bytes > before+100 || c.recent.Len() != 100 {
		t.Errorf("%d bytes became %d", before, c.bytes)
	}
	for i := range 10 {
		c.add(ref(1000+i), of(100<<10))
	}
	if _, ok := c.get(ref(1009)); !ok || c.bytes > 1<<20 || c.recent.Len() > 5 {
		t.Errorf("%d bytes in %d states", c.bytes, c.recent.Len())
	}
	c.add(ref(1), of(2<<20))
	if _, ok := c.get(ref(1)); ok || c.bytes != 0 {
		t.Errorf("a state that is too large by itself leaves %d bytes", c.bytes)
	}
	c.add(ref(1), of(10))
	c.purge()
	if c.bytes != 0 {
		t.Errorf("%d bytes of nothing", c.bytes)
	}
}

// TestTallyIsSharedByAllOrigins counts over all origins of a link, and keeps nothing once there are too many.
func TestTallyIsSharedByAllOrigins(t *testing.T) {
	c := &tally{limit: 10}
	l := &link{referrer: &schema.Entity{Name: "A"}}
	for range 3 {
		c.add(l, &origin{}, make([]documents.Document, 4))
	}
	c.add(l, &origin{}, make([]documents.Document, 4))
	if c.count != 16 || c.entries != nil {
		t.Errorf("%d counted, %d kept", c.count, len(c.entries))
	}
}
