package memory

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// Load implements eventlog.Log.
func (l *Log) Load(ctx context.Context, req eventlog.Load) (*eventlog.Loaded, error) {
	if err := req.Check(); err != nil {
		return nil, err
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	if err := l.usable(ctx, "load"); err != nil {
		return nil, err
	}
	out := &eventlog.Loaded{Now: l.utc(), Heads: make(map[eventlog.Ref]eventlog.Head, 1+len(req.Refs))}
	if clock := l.partitions[l.PartitionOf(req.Primary)].clock; clock.After(out.Now) {
		out.Now = clock
	}
	if req.CommandID != "" {
		out.Receipt = l.receipts.find(req.CommandID)
	}
	out.Heads[req.Primary] = copyHead(l.heads[req.Primary])
	for _, r := range req.Refs {
		out.Heads[r] = copyHead(l.heads[r])
	}
	for _, c := range req.Claims {
		out.Owners = append(out.Owners, l.owners[unique{c.Field, c.Value}])
	}
	return out, nil
}

// copyHead returns what a caller may change.
func copyHead(h eventlog.Head) eventlog.Head {
	if h.Version == 0 {
		return h
	}
	fields := make(map[string]json.RawMessage, len(h.Fields))
	for name, value := range h.Fields {
		fields[name] = bytes.Clone(value)
	}
	h.Fields = fields
	return h
}
