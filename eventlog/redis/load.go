package redis

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/internal/entry"
)

// Load implements eventlog.Log. In a Cluster it is a reading for each partition that the refs lie in, the primary entity's first, and one of the claims.
func (l *Log) Load(ctx context.Context, req eventlog.Load) (*eventlog.Loaded, error) {
	if err := req.Check(); err != nil {
		return nil, err
	}
	refs := append([]eventlog.Ref{req.Primary}, req.Refs...)
	if l.keys.cluster {
		out, err := l.loadApart(ctx, req, refs)
		return out, l.fail("load", err)
	}
	out, err := l.loadOnce(ctx, req, refs)
	return out, l.fail("load", err)
}

// loadApart reads the partitions one after the other.
func (l *Log) loadApart(ctx context.Context, req eventlog.Load, refs []eventlog.Ref) (*eventlog.Loaded, error) {
	parts, order := map[int][]eventlog.Ref{}, []int{}
	for _, r := range refs {
		p := l.PartitionOf(r)
		if parts[p] == nil {
			order = append(order, p)
		}
		parts[p] = append(parts[p], r)
	}
	out, err := l.loadOnce(ctx, eventlog.Load{Primary: req.Primary, CommandID: req.CommandID}, parts[order[0]])
	if err != nil {
		return nil, err
	}
	for _, p := range order[1:] {
		more, err := l.loadOnce(ctx, eventlog.Load{Primary: parts[p][0]}, parts[p])
		if err != nil {
			return nil, err
		}
		maps.Copy(out.Heads, more.Heads)
	}
	if len(req.Claims) > 0 {
		out.Owners, err = l.owners(ctx, req.Claims)
	}
	return out, err
}

// loadOnce is one atomic reading.
func (l *Log) loadOnce(ctx context.Context, req eventlog.Load, refs []eventlog.Ref) (*eventlog.Loaded, error) {
	names := []string{l.keys.meta(l.PartitionOf(req.Primary))}
	receipt := ""
	if req.CommandID != "" {
		names, receipt = append(names, l.keys.receipt(req.CommandID, req.Primary)), "1"
	}
	for _, r := range refs {
		names = append(names, l.keys.head(r))
	}
	for _, c := range req.Claims {
		names = append(names, l.keys.claim(c))
	}
	reply, err := loadScript.Run(ctx, l.client, names, l.id, receipt, len(req.Claims)).Result()
	if err != nil {
		return nil, err
	}
	return parseLoaded(reply, refs, len(req.Claims), req.CommandID)
}

func parseLoaded(reply any, refs []eventlog.Ref, claims int, commandID string) (*eventlog.Loaded, error) {
	list, _ := reply.([]any)
	if len(list) == 2 && list[0] == "lost" {
		return nil, errLost(fmt.Sprint(list[1]))
	}
	if len(list) != 4+len(refs)+claims {
		return nil, fmt.Errorf("load.lua answered %v", reply)
	}
	out := &eventlog.Loaded{Heads: make(map[eventlog.Ref]eventlog.Head, len(refs))}
	var err error
	if out.Now, err = parseNow(texts(list[:3])); err != nil {
		return nil, err
	}
	if text, ok := list[3].(string); ok {
		if out.Receipt, _, err = parseReceipt(commandID, text); err != nil {
			return nil, err
		}
		out.Receipt.Duplicate = true
	}
	for i, r := range refs {
		if out.Heads[r], err = parseHead(list[4+i]); err != nil {
			return nil, fmt.Errorf("head of %s: %w", r, err)
		}
	}
	for _, v := range list[4+len(refs):] {
		owner, _ := v.(string) // nil for nobody
		out.Owners = append(out.Owners, parseOwner(owner))
	}
	return out, nil
}

// parseOwner reads what a claim's key holds.
func parseOwner(text string) eventlog.Ref {
	entity, id, _ := strings.Cut(text, ":")
	return eventlog.Ref{Entity: entity, ID: id}
}

// parseNow reads seconds, microseconds and the partition's clock, and returns the later time.
func parseNow(parts []string) (time.Time, error) {
	if len(parts) != 3 {
		return time.Time{}, fmt.Errorf("load.lua answered the time %v", parts)
	}
	sec, err := strconv.ParseInt(parts[0], 10, 64)
	micro, merr := strconv.ParseInt(parts[1], 10, 64)
	clock, cerr := entry.ParseTime(parts[2])
	if err != nil || merr != nil || cerr != nil {
		return time.Time{}, fmt.Errorf("load.lua answered the time %v", parts)
	}
	now := time.Unix(sec, micro*1000).UTC()
	if clock.After(now) {
		return clock, nil
	}
	return now, nil
}

// parseHead reads what HGETALL answered: names beginning with @ are the log's own, the others are fields.
func parseHead(reply any) (eventlog.Head, error) {
	var h eventlog.Head
	pairs := texts(reply)
	if len(pairs) == 0 {
		return h, nil
	}
	h.Fields = make(map[string]json.RawMessage, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		name, value := pairs[i], pairs[i+1]
		if !strings.HasPrefix(name, "@") {
			h.Fields[name] = json.RawMessage(value)
			continue
		}
		if err := setOwn(&h, name, value); err != nil {
			return h, fmt.Errorf("%s is %q: %w", name, value, err)
		}
	}
	return h, nil
}

func setOwn(h *eventlog.Head, name, value string) (err error) {
	switch name {
	case "@v":
		h.Version, err = strconv.ParseInt(value, 10, 64)
	case "@s":
		h.State = value
	case "@d":
		h.Deleted = value == "1"
	case "@q":
		h.Place.Seq, err = strconv.ParseUint(value, 10, 64)
	case "@e":
		h.Place.Epoch, err = strconv.ParseUint(value, 10, 64)
	case "@t":
		h.At, err = entry.ParseTime(value)
	case "@c":
		h.CreatedAt, err = entry.ParseTime(value)
	}
	return err
}
