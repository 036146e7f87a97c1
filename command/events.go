package command

import "github.com/daybook-cqrs/daybook/eventlog"

// EventID returns the id of the event that made an entity's version: "Order:o1@3".
func EventID(r Ref, version int64) string { return eventlog.EventID(r, version) }

// ParseEventID reads what EventID returned.
func ParseEventID(text string) (Ref, int64, error) { return eventlog.ParseEventID(text) }
