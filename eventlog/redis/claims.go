package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"
	goredis "github.com/redis/go-redis/v9"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// How unique values are claimed in a Redis Cluster, where the key of a claim and the heads of entities lie in different slots, so that no script sees both.
//
// Who has a value is what heads say: append.lua writes the value into its owner's head, and removes it from the head of who gives it up, in the same script as the events.
// The key of the claim says who alone may write it there:
//
//	held     token, owner                     the owner had the value when this was written
//	pending  token, owner, from, command id   an append of that command may give the owner the value, and take it from another owner of the same append ("" for nobody)
//
// An append is: reserve (the key becomes pending, under a token that nobody had before), append, confirm (it becomes held). The invariant:
//
//	(1) If a head has a value, the value's key names that entity, as owner or from.
//
// A key names at most one owner and one from, and append.lua moves a value from one to the other at once: so no two heads have one value. (1) holds because of
//
//	(2) Keys change by compare-and-set on their exact text (claim.lua). A text has a token, so that none comes twice: nothing that was compared before is taken for what is there now. (A first
//	    reservation that go-redis sent twice can come late, to an empty key: then its token's append has happened, is still to come under (3), or was refused for ever.)
//	(3) append.lua gives a value only to the owner of a pending text whose token has no abort mark, or to a head that has it already.
//	(4) A pending text goes only when settle.lua has looked, in the partition of its owner: it becomes held if the owner has the value, which it then has by that token. If not, an abort mark
//	    was written in the same script, after which (3) refuses the token for ever, however late its append comes.
//	(5) A held text goes only when the owner's head has not got the value (settle.lua), or for a move in an append that takes it from there. Its token's append has happened, and happens
//	    once: its receipt, and the version that it relied on, see to that. So the owner could get the value again only under another text.
//
// Nothing is locked for ever: whoever wants a value settles what stands in its key, whether its writer is alive, slow or gone, without waiting for a time to pass. (A contender
// looks a few times before it settles a pending text: a courtesy, so that racers do not abort each other. Nothing relies on it.) What a process that ended left behind is settled by the next
// contender, or by its own command when it is sent again, which takes over the text that has its id.
//
// An abort mark is kept for the receipt window, and an append must reach Redis within half of that (appendWithClaims): as a receipt does, it protects that long from what the network held back.

// claimText is what the key of a claim holds in a Cluster. Partitions are written down, so that they are the same for a process that does not know the owner's placement.
type claimText struct {
	pending   bool
	token     string
	partition int // of owner and from
	owner     eventlog.Ref
	from      eventlog.Ref // of pending: who gives the value up in the same append; the zero Ref for nobody
	command   string       // of pending
}

func (t claimText) String() string {
	parts := []string{"held", t.token, strconv.Itoa(t.partition), t.owner.String()}
	if t.pending {
		from := ""
		if t.from != (eventlog.Ref{}) {
			from = t.from.String()
		}
		parts = append(parts, from, t.command)
		parts[0] = "pending"
	}
	return strings.Join(parts, "\n")
}

// held is what a text becomes when its owner turns out to have the value.
func (t claimText) held() claimText {
	return claimText{token: t.token, partition: t.partition, owner: t.owner}
}

// kept is what a text becomes when the value was not moved, and cannot be under that token any more.
func (t claimText) kept() claimText {
	return claimText{token: t.token, partition: t.partition, owner: t.from}
}

// parseClaim reads a text. Its parts have no control characters.
func parseClaim(text string) (claimText, error) {
	parts := strings.Split(text, "\n")
	t := claimText{pending: parts[0] == "pending"}
	if n := len(parts); n != 4 && n != 6 || t.pending != (n == 6) || !t.pending && parts[0] != "held" {
		return t, fmt.Errorf("the key of a claim can't be read: %q", text)
	}
	var err error
	if t.partition, err = strconv.Atoi(parts[2]); err != nil {
		return t, fmt.Errorf("the key of a claim can't be read: %q", text)
	}
	t.token, t.owner = parts[1], parseOwner(parts[3])
	if t.pending {
		t.from, t.command = parseOwner(parts[4]), parts[5]
	}
	return t, nil
}

// nameInHead is the name under which a head has a claimed value: fields have no @, and the claim's field no control characters.
func nameInHead(c eventlog.Claim) string { return "@u:" + c.Field + "\n" + c.Value }

func newToken() string { return uuid.NewString() }

// compareAndSet changes the key of a claim from one text to another, "" for none, if it holds the one. It returns what the key holds then. Sent again by go-redis, it
// answers the same.
func (l *Log) compareAndSet(ctx context.Context, c eventlog.Claim, is, to string) (string, error) {
	reply, err := l.run(ctx, claimScript, []string{l.keys.meta(l.keys.claimPartition(c)), l.keys.claim(c)}, is, to)
	if err == nil && len(reply) != 1 {
		err = fmt.Errorf("claim.lua answered %q", reply)
	}
	if err != nil {
		return "", err
	}
	return reply[0], nil
}

// look returns what the key of a claim holds.
func (l *Log) look(ctx context.Context, c eventlog.Claim) (string, error) {
	return l.compareAndSet(ctx, c, "", "")
}

// settle finds out who has the value of a text: its owner ("held"), from ("kept"), or neither ("free"). Unless it is held, no append with the token of a pending text happens any more.
func (l *Log) settle(ctx context.Context, c eventlog.Claim, t claimText) (string, error) {
	other, window := t.owner, ""
	if t.pending {
		window = strconv.FormatInt(l.window.Milliseconds(), 10)
		if t.from != (eventlog.Ref{}) {
			other = t.from
		}
	}
	names := []string{l.keys.meta(t.partition), l.keys.headIn(t.partition, t.owner), l.keys.headIn(t.partition, other), l.keys.abort(t.partition, t.token)}
	reply, err := l.run(ctx, settleScript, names, nameInHead(c), window)
	if err == nil && len(reply) != 1 {
		err = fmt.Errorf("settle.lua answered %q", reply)
	}
	if err != nil {
		return "", err
	}
	return reply[0], l.at("settled")
}

// replace has the key of a claim hold what is true instead of the text that it holds: what turns out to be so, or, if nobody has the value, next ("" for none). It returns what the
// key holds then, and what was found out.
func (l *Log) replace(ctx context.Context, c eventlog.Claim, t claimText, next string) (now, found string, err error) {
	if found, err = l.settle(ctx, c, t); err != nil {
		return "", "", err
	}
	switch found {
	case "held":
		next = t.held().String()
	case "kept":
		next = t.kept().String()
	}
	now, err = l.compareAndSet(ctx, c, t.String(), next)
	return now, found, err
}

// owners returns who has the claimed values, as heads say.
func (l *Log) owners(ctx context.Context, claims []eventlog.Claim) ([]eventlog.Ref, error) {
	pipe := l.client.Pipeline()
	texts := make([]*goredis.StringCmd, len(claims))
	for i, c := range claims {
		texts[i] = pipe.Get(ctx, l.keys.claim(c))
	}
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, goredis.Nil) {
		return nil, err
	}
	type candidate struct {
		claim int
		ref   eventlog.Ref
		has   *goredis.BoolCmd
	}
	var candidates []candidate
	pipe = l.client.Pipeline()
	for i, c := range claims {
		if texts[i].Val() == "" {
			continue
		}
		t, err := parseClaim(texts[i].Val())
		if err != nil {
			return nil, err
		}
		for _, r := range []eventlog.Ref{t.owner, t.from} {
			if r != (eventlog.Ref{}) {
				candidates = append(candidates, candidate{i, r, pipe.HExists(ctx, l.keys.headIn(t.partition, r), nameInHead(c))})
			}
		}
	}
	out := make([]eventlog.Ref, len(claims))
	if len(candidates) == 0 {
		return out, nil
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, err
	}
	for _, c := range candidates {
		if c.has.Val() {
			out[c.claim] = c.ref
		}
	}
	return out, nil
}

// at is called between the steps of an append with claims. A test has it fail, as if the process ended there.
func (l *Log) at(step string) error {
	if l.crash == nil {
		return nil
	}
	return l.crash(step)
}
