package redis

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
)

const (
	claimRounds = 20 // how often an append whose claims others take meanwhile begins anew, and how many texts of one claim it settles
	courtesy    = 5  // how often a contender looks before it settles a pending text
)

// How an append relies on a value.
const (
	howPending = "pending" // under the token of the claim's text
	howHeld    = "held"    // the owner has it already
)

// wanted is a value that an append claims.
type wanted struct {
	eventlog.Claim
	index int       // in Append.Claim
	how   string    // "" until it is reserved
	text  claimText // of its key, once it is reserved
	doubt bool      // append.lua said that it is not as it was reserved
}

// claiming is an append with claims in a Cluster, see claims.go.
type claiming struct {
	log    *Log
	a      *eventlog.Append
	values []*wanted // every value once, in one order for all appends, so that racers for several values meet at the first
}

// claimedPart is what append.lua is told about claims.
type claimedPart struct {
	names            []string
	args             []any
	claims, releases int
}

// appendWithClaims reserves, appends and confirms. The append has half the receipt window to reach Redis, by this process's clock.
func (l *Log) appendWithClaims(ctx context.Context, a *eventlog.Append, nonce string) (*eventlog.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, l.window/2)
	defer cancel()
	w := newClaiming(l, a)
	for round := range claimRounds {
		taken, by, err := w.reserve(ctx)
		if err != nil && !isFailure(err) {
			break
		}
		if err != nil {
			return nil, l.fail("claim", err)
		}
		if err := l.at("send"); err != nil {
			return nil, err
		}
		reply, err := l.send(ctx, a, nonce, w.part(taken, by))
		if err != nil {
			return nil, err // it may have happened: what was reserved stays, for who sends it again
		}
		if err := l.at("sent"); err != nil {
			return nil, err
		}
		parts := texts(reply)
		if len(parts) > 0 && parts[0] == "aborted" {
			if i, _, err := indexAndNumber([]string{parts[0], parts[1], "0"}, len(w.values)); err == nil {
				w.values[i].doubt = true
			}
			if err := pause(ctx, round); err != nil {
				return nil, l.fail("claim", err)
			}
			continue
		}
		receipt, err := l.appended(a, nonce, reply)
		if taken != nil && len(parts) > 0 && parts[0] == "claimed" {
			err = &eventlog.ClaimedError{Claim: taken.Claim, Owner: by}
		}
		w.finish(ctx, receipt, err)
		return receipt, err
	}
	_ = w.drop(ctx)
	return nil, w.contended(w.values[0])
}

func newClaiming(l *Log, a *eventlog.Append) *claiming {
	w := &claiming{log: l, a: a}
	for i, c := range a.Claim {
		w.values = append(w.values, &wanted{Claim: c, index: i})
	}
	byValue := func(x, y *wanted) int {
		return cmp.Or(cmp.Compare(x.Field, y.Field), cmp.Compare(x.Value, y.Value), cmp.Compare(x.index, y.index))
	}
	slices.SortFunc(w.values, byValue)
	w.values = slices.CompactFunc(w.values, func(x, y *wanted) bool { return x.Field == y.Field && x.Value == y.Value })
	return w
}

// reserve reserves what is not reserved yet. It stops at a value that another owner has, and returns it with the owner.
func (w *claiming) reserve(ctx context.Context) (taken *wanted, by eventlog.Ref, err error) {
	for _, v := range w.values {
		if v.how != "" && !v.doubt {
			continue
		}
		v.how = ""
		if by, err = w.take(ctx, v); err != nil {
			return nil, by, err
		}
		if v.how == "" {
			return v, by, nil
		}
		v.doubt = false
		if err := w.log.at("reserved"); err != nil {
			return nil, by, err
		}
	}
	return nil, by, nil
}

// take reserves a value. If another owner has it, it returns that one, and v.how stays "".
func (w *claiming) take(ctx context.Context, v *wanted) (by eventlog.Ref, err error) {
	l := w.log
	mine := claimText{pending: true, token: newToken(), partition: l.keys.partitionOf(v.Owner), owner: v.Owner, command: w.a.CommandID}
	now, err := l.compareAndSet(ctx, v.Claim, "", mine.String())
	for round := 0; err == nil && round < claimRounds; round++ {
		if now == "" {
			now, err = l.compareAndSet(ctx, v.Claim, "", mine.String())
			continue
		}
		var t claimText
		if t, err = parseClaim(now); err != nil {
			return by, err
		}
		switch {
		case t.token == mine.token, w.own(v, t) && t.partition == mine.partition && !v.doubt:
			v.how, v.text = howPending, t
			return by, nil
		case !t.pending && t.owner == v.Owner && !v.doubt:
			v.how = howHeld
			return by, nil
		case !t.pending && t.owner != v.Owner && t.partition == mine.partition && w.gives(t.owner, v.Claim):
			moved := mine
			moved.from = t.owner
			now, err = l.compareAndSet(ctx, v.Claim, now, moved.String())
			continue
		}
		var gone bool
		if gone, now, err = w.patient(ctx, v, t); err != nil || gone {
			continue
		}
		var found string
		if now, found, err = l.replace(ctx, v.Claim, t, mine.String()); err == nil && found == "held" && !t.pending {
			if t.owner != v.Owner {
				return t.owner, nil
			}
			v.how = howHeld
			return by, nil
		}
	}
	if err == nil {
		err = w.contended(v)
	}
	return by, err
}

// own reports whether a text is of an earlier try of the same command, which this one may go on with.
func (w *claiming) own(v *wanted, t claimText) bool {
	return t.pending && t.owner == v.Owner && t.command == w.a.CommandID && (t.from == eventlog.Ref{} || w.gives(t.from, v.Claim))
}

// gives reports whether the append has the owner give the value up.
func (w *claiming) gives(owner eventlog.Ref, c eventlog.Claim) bool {
	return slices.Contains(w.a.Release, eventlog.Claim{Field: c.Field, Value: c.Value, Owner: owner})
}

// patient looks a few times whether a pending text of another command goes by itself, before it is settled. It returns what the key holds then.
func (w *claiming) patient(ctx context.Context, v *wanted, t claimText) (gone bool, now string, err error) {
	was := t.String()
	if !t.pending || t.owner == v.Owner && t.command == w.a.CommandID {
		return false, was, nil
	}
	for try := range courtesy {
		if err := pause(ctx, try); err != nil {
			return false, was, err
		}
		if now, err = w.log.look(ctx, v.Claim); err != nil || now != was {
			return true, now, err
		}
	}
	return false, was, nil
}

// contended is the error of an append that others were in the way of every time: it is to be decided anew.
func (w *claiming) contended(v *wanted) error {
	e := &eventlog.ConflictError{Ref: v.Owner}
	for _, c := range w.a.Conditions {
		if c.Ref == v.Owner {
			e.Expected, e.Actual = c.Version, c.Version
		}
	}
	return e
}

// part is what append.lua is told. With a value that is taken it is told of that only: it must refuse the append, for that or for what comes before.
func (w *claiming) part(taken *wanted, by eventlog.Ref) *claimedPart {
	k := w.log.keys
	p := &claimedPart{args: []any{"cluster"}}
	if taken != nil {
		head := k.head(taken.Owner)
		return &claimedPart{names: []string{head, head}, args: append(p.args, nameInHead(taken.Claim), "taken "+by.String()), claims: 1}
	}
	p.claims, p.releases = len(w.values), len(w.a.Release)
	for _, v := range w.values {
		head := k.head(v.Owner)
		mark := head
		if v.how == howPending {
			mark = k.abort(v.text.partition, v.text.token)
		}
		p.names, p.args = append(p.names, head, mark), append(p.args, nameInHead(v.Claim), v.how)
	}
	for _, c := range w.a.Release {
		p.names, p.args = append(p.names, k.head(c.Owner)), append(p.args, nameInHead(c))
	}
	return p
}

// finish makes the keys of the claims say what the append has done. If it fails, they say it later: when somebody wants the value.
func (w *claiming) finish(ctx context.Context, receipt *eventlog.Receipt, failure error) {
	switch {
	case failure != nil && isFailure(failure):
		return // it is not known what happened
	case failure != nil:
		_ = w.drop(ctx)
		return
	case receipt.Duplicate: // another append has done it, and things may have changed since
		if w.drop(ctx) != nil {
			return
		}
	default:
		if w.confirm(ctx) != nil {
			return
		}
	}
	_ = w.release(ctx)
}

func (w *claiming) confirm(ctx context.Context) error {
	for _, v := range w.values {
		if v.how != howPending {
			continue
		}
		if _, err := w.log.compareAndSet(ctx, v.Claim, v.text.String(), v.text.held().String()); err != nil {
			return err
		}
		if err := w.log.at("confirmed"); err != nil {
			return err
		}
	}
	return nil
}

// drop settles what was reserved, without taking it.
func (w *claiming) drop(ctx context.Context) error {
	for _, v := range w.values {
		if v.how != howPending {
			continue
		}
		if _, _, err := w.log.replace(ctx, v.Claim, v.text, ""); err != nil {
			return err
		}
		if err := w.log.at("dropped"); err != nil {
			return err
		}
	}
	return nil
}

// release settles what was given up, but for what the append claims.
func (w *claiming) release(ctx context.Context) error {
	for _, c := range w.a.Release {
		if slices.ContainsFunc(w.values, func(v *wanted) bool { return v.Field == c.Field && v.Value == c.Value }) {
			continue
		}
		text, err := w.log.look(ctx, c)
		if err != nil {
			return err
		}
		t, err := parseClaim(text)
		if err != nil || t.owner != c.Owner && t.from != c.Owner {
			continue // nobody has it, or another
		}
		if _, _, err := w.log.replace(ctx, c, t, ""); err != nil {
			return err
		}
		if err := w.log.at("released"); err != nil {
			return err
		}
	}
	return nil
}

// pause waits a little longer after each try, jittered so that racers do not meet again.
func pause(ctx context.Context, try int) error {
	limit := min(2*time.Millisecond<<min(try, 5), 50*time.Millisecond)
	t := time.NewTimer(limit/2 + rand.N(limit/2))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
