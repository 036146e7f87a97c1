package memory

import (
	"slices"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// forget bounds how many receipts past their window one append looks at: more than it adds, so that they don't pile up.
const forget = 2

// receipts are those of the window, and of some time longer.
type receipts struct {
	byCommand map[string]*eventlog.Receipt
	order     []kept // the oldest first
}

// kept is when a receipt was added.
type kept struct {
	command string
	at      time.Time
}

func newReceipts() receipts { return receipts{byCommand: map[string]*eventlog.Receipt{}} }

// find returns the receipt of a command that was appended before, or nil.
func (r *receipts) find(command string) *eventlog.Receipt {
	old := r.byCommand[command]
	if old == nil {
		return nil
	}
	return copyReceipt(old, true)
}

func (r *receipts) add(one *eventlog.Receipt, now time.Time, window time.Duration) {
	r.byCommand[one.CommandID] = one
	r.order = append(r.order, kept{one.CommandID, now})
	for range forget {
		if now.Sub(r.order[0].at) <= window {
			return
		}
		delete(r.byCommand, r.order[0].command)
		r.order = r.order[1:]
	}
}

// copyReceipt returns what a caller may change.
func copyReceipt(r *eventlog.Receipt, duplicate bool) *eventlog.Receipt {
	return &eventlog.Receipt{CommandID: r.CommandID, InputHash: r.InputHash, Events: slices.Clone(r.Events), Duplicate: duplicate}
}
