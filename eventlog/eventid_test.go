package eventlog_test

import (
	"errors"
	"testing"

	"github.com/daybook-cqrs/daybook/eventlog"
)

func TestEventID(t *testing.T) {
	for _, ref := range []eventlog.Ref{{Entity: "Order", ID: "o1"}, {Entity: "A_1", ID: "a:b@7@c/ü"}} {
		text := eventlog.EventID(ref, 12)
		got, version, err := eventlog.ParseEventID(text)
		if err != nil || got != ref || version != 12 {
			t.Errorf("%s is read as %v %d %v", text, got, version, err)
		}
	}
	for _, text := range []string{"", "@", "@1", "Order", "Order:o1", "Order:o1@", "Order:o1@0", "Order:o1@-1", "Order:o1@x", "Order:@1", ":o@1", "9:o@1", "Order:o1@1.5"} {
		if ref, version, err := eventlog.ParseEventID(text); !errors.Is(err, eventlog.ErrInvalid) {
			t.Errorf("%q is read as %v %d %v", text, ref, version, err)
		}
	}
}
