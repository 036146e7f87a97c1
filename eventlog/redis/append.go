package redis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/internal/entry"
)

// Append implements eventlog.Log. go-redis sends a command again whose answer it didn't get: a nonce tells our own
// first try, which is no duplicate, from somebody else's append under the same command id.
func (l *Log) Append(ctx context.Context, a eventlog.Append) (*eventlog.Receipt, error) {
	if err := a.Check(); err != nil {
		return nil, err
	}
	nonce := uuid.NewString()
	if l.keys.cluster {
		if err := l.keys.together(&a); err != nil {
			return nil, err
		}
		if len(a.Claim)+len(a.Release) > 0 {
			return l.appendWithClaims(ctx, &a, nonce)
		}
	}
	reply, err := l.send(ctx, &a, nonce, nil)
	if err != nil {
		return nil, err
	}
	return l.appended(&a, nonce, reply)
}

// send runs append.lua. claimed are the claims as it sees them in a Cluster.
func (l *Log) send(ctx context.Context, a *eventlog.Append, nonce string, claimed *claimedPart) (any, error) {
	names, args, err := appendCall(l.keys, l.id, nonce, l.window.Milliseconds(), a, claimed)
	if err != nil {
		return nil, err
	}
	reply, err := appendScript.Run(ctx, l.client, names, args...).Result()
	return reply, l.fail("append", err)
}

// isFailure tells what went wrong from what the contract has an error for.
func isFailure(err error) bool {
	var conflict *eventlog.ConflictError
	var claimed *eventlog.ClaimedError
	return !errors.As(err, &conflict) && !errors.As(err, &claimed) && !errors.Is(err, eventlog.ErrCommandIDReused) && !errors.Is(err, eventlog.ErrNoTimer)
}

// appended reads the script's answer, see append.lua.
func (l *Log) appended(a *eventlog.Append, nonce string, reply any) (*eventlog.Receipt, error) {
	r, err := receiptOf(a, nonce, reply)
	if err != nil && isFailure(err) {
		err = l.fail("append", err)
	}
	return r, err
}

func receiptOf(a *eventlog.Append, nonce string, reply any) (*eventlog.Receipt, error) {
	parts := texts(reply)
	if len(parts) < 2 {
		return nil, fmt.Errorf("append.lua answered %v", reply)
	}
	switch parts[0] {
	case "ok", "dup":
		r, by, err := parseReceipt(a.CommandID, parts[1])
		if err != nil {
			return nil, err
		}
		if r.InputHash != a.InputHash {
			return nil, fmt.Errorf("%w: %s", eventlog.ErrCommandIDReused, a.CommandID)
		}
		r.Duplicate = by != nonce
		return r, nil
	case "conflict":
		i, version, err := indexAndNumber(parts, len(a.Conditions))
		if err != nil {
			return nil, err
		}
		return nil, &eventlog.ConflictError{Ref: a.Conditions[i].Ref, Expected: a.Conditions[i].Version, Actual: version}
	case "claimed":
		i, _, err := indexAndNumber([]string{parts[0], parts[1], "0"}, len(a.Claim))
		if err != nil || len(parts) < 3 {
			return nil, fmt.Errorf("append.lua answered %v", reply)
		}
		return nil, &eventlog.ClaimedError{Claim: a.Claim[i], Owner: parseOwner(parts[2])}
	case "notimer":
		return nil, fmt.Errorf("%w: %s of %s", eventlog.ErrNoTimer, a.Fire.Name, a.Fire.Ref)
	case "lost":
		return nil, errLost(parts[1])
	case "bad":
		return nil, fmt.Errorf("a key of the log holds something else, nothing was written: %s", parts[1])
	}
	return nil, fmt.Errorf("append.lua answered %v", reply)
}

// together returns eventlog.ErrApart (wrapped) if the append needs two partitions, but for its claims' values.
func (k keys) together(a *eventlog.Append) error {
	home := k.partitionOf(a.Primary)
	apart := func(what string, r eventlog.Ref) error {
		if k.partitionOf(r) == home {
			return nil
		}
		return fmt.Errorf("%w: %s %s lies in another one than %s: @entity(with:) places entities together", eventlog.ErrApart, what, r, a.Primary)
	}
	for _, c := range a.Conditions { // every event has one
		if err := apart("what is relied on,", c.Ref); err != nil {
			return err
		}
	}
	for _, list := range [][]eventlog.Claim{a.Claim, a.Release} {
		for _, c := range list {
			if err := apart("the owner of "+c.Field+",", c.Owner); err != nil {
				return err
			}
		}
	}
	timers := append([]eventlog.TimerKey{}, a.Cancel...)
	for i := range a.Timers {
		timers = append(timers, a.Timers[i].TimerKey)
	}
	if a.Fire != nil {
		timers = append(timers, a.Fire.TimerKey)
	}
	for _, t := range timers {
		if err := apart("the entity of timer "+t.Name+",", t.Ref); err != nil {
			return err
		}
	}
	return nil
}

func errLost(why string) error {
	return fmt.Errorf("Redis has lost the log or part of it, nothing was written: %s", why) //nolint:staticcheck // a name
}

func indexAndNumber(parts []string, limit int) (int, int64, error) {
	if len(parts) < 3 {
		return 0, 0, fmt.Errorf("append.lua answered %v", parts)
	}
	i, err := strconv.Atoi(parts[1])
	n, nerr := strconv.ParseInt(parts[2], 10, 64)
	if err != nil || nerr != nil || i < 1 || i > limit {
		return 0, 0, fmt.Errorf("append.lua answered %v", parts)
	}
	return i - 1, n, nil
}

// texts returns the strings of a reply that is a list of strings, as far as it is one.
func texts(reply any) []string {
	list, _ := reply.([]any)
	out := make([]string, 0, len(list))
	for _, v := range list {
		s, ok := v.(string)
		if !ok {
			break
		}
		out = append(out, s)
	}
	return out
}

// appendCall returns the keys and arguments of append.lua. claimed is nil but in a Cluster.
func appendCall(k keys, logID, nonce string, windowMillis int64, a *eventlog.Append, claimed *claimedPart) ([]string, []any, error) {
	partitions, order := map[int]int{}, []int{} // partition → its index from 1
	for i := range a.Events {
		p := k.partitionOf(a.Events[i].Ref)
		if partitions[p] == 0 {
			order = append(order, p)
			partitions[p] = len(order)
		}
	}
	fixed, err := fixedPart(a)
	if err != nil {
		return nil, nil, err
	}
	imported := ""
	if a.Imported {
		imported = "1"
	}
	sets, timerNames, timerArgs := timerArgs(k, a)
	claims, releases := len(a.Claim), len(a.Release)
	if claimed != nil {
		claims, releases = claimed.claims, claimed.releases
	}
	names := make([]string, 1, 1+2*len(order)+len(timerNames)+len(a.Conditions)+len(a.Claim)+len(a.Release))
	names[0] = k.receipt(a.CommandID, a.Primary)
	args := make([]any, 0, 40)
	args = append(args, logID, nonce, a.InputHash, entry.FormatTime(a.Decided), imported, windowMillis, []byte(a.Input), fixed,
		len(order), len(a.Conditions), len(a.Events), claims, releases, sets)
	for _, p := range order {
		names = append(names, k.meta(p), k.log(p))
		args = append(args, p)
	}
	names, args = append(names, timerNames...), append(args, timerArgs...)
	conditions := make(map[eventlog.Ref]int, len(a.Conditions))
	for i, c := range a.Conditions {
		names = append(names, k.head(c.Ref))
		args = append(args, conditionText(c))
		conditions[c.Ref] = i + 1
	}
	for i := range a.Events {
		e := &a.Events[i]
		if args, err = eventArgs(args, a, e, partitions[k.partitionOf(e.Ref)], conditions[e.Ref]); err != nil {
			return nil, nil, err
		}
	}
	if claimed != nil {
		return append(names, claimed.names...), append(args, claimed.args...), nil
	}
	for _, list := range [][]eventlog.Claim{a.Claim, a.Release} {
		for _, c := range list {
			names = append(names, k.claim(c))
			args = append(args, c.Owner.String())
		}
	}
	return names, args, nil
}

// conditionText is a condition as append.lua reads it.
func conditionText(c eventlog.Condition) any {
	switch {
	case !c.Alive:
		return c.Version
	case len(c.In) == 0:
		return "~"
	}
	return "~," + strings.Join(c.In, ",") + ","
}

func eventArgs(args []any, a *eventlog.Append, e *eventlog.NewEvent, partition, condition int) ([]any, error) {
	meta, err := entry.Meta(a, e)
	if err != nil {
		return nil, err
	}
	deleted := ""
	if e.Deleted {
		deleted = "1"
	}
	args = append(args, partition, condition, meta, []byte(e.Changes), e.To, deleted, len(e.Set), len(e.Clear))
	for name, value := range e.Set {
		args = append(args, name, []byte(value))
	}
	for _, name := range e.Clear {
		args = append(args, name)
	}
	return args, nil
}

// fixedPart is what a receipt says about its events that the script doesn't assign.
func fixedPart(a *eventlog.Append) (string, error) {
	events := make([]eventlog.Appended, len(a.Events))
	for i := range a.Events {
		e := &a.Events[i]
		events[i] = eventlog.Appended{Ref: e.Ref, Name: e.Name, From: e.From, To: e.To}
	}
	b, err := json.Marshal(events)
	return string(b), err
}

// parseReceipt reads a stored receipt: lines of nonce, input hash, time, fixed part, then each event's partition, epoch, seq and version.
func parseReceipt(commandID, text string) (r *eventlog.Receipt, nonce string, err error) {
	damaged := func() (*eventlog.Receipt, string, error) {
		return nil, "", fmt.Errorf("the receipt of command %s can't be read: %q", commandID, text)
	}
	lines := strings.Split(text, "\n")
	if len(lines) < 4 {
		return damaged()
	}
	r = &eventlog.Receipt{CommandID: commandID, InputHash: lines[1]}
	at, err := entry.ParseTime(lines[2])
	if err != nil || json.Unmarshal([]byte(lines[3]), &r.Events) != nil || len(r.Events) != len(lines)-4 {
		return damaged()
	}
	for i, line := range lines[4:] {
		e := &r.Events[i]
		e.At = at
		n, ok := fourNumbers(line)
		if !ok {
			return damaged()
		}
		e.Partition, e.Epoch, e.Seq, e.Version = int(n[0]), n[1], n[2], int64(n[3]) //nolint:gosec // the script counts to 2^53
	}
	return r, lines[0], nil
}

func fourNumbers(line string) (n [4]uint64, ok bool) {
	for i := range n {
		var text string
		text, line, ok = strings.Cut(line, " ")
		if ok != (i < len(n)-1) {
			return n, false
		}
		var err error
		if n[i], err = strconv.ParseUint(text, 10, 53); err != nil {
			return n, false
		}
	}
	return n, true
}
