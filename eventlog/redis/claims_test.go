package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/logtest"
)

// steps are those between which an append can end, in the order in which one passes them.
var steps = []string{"reserved", "send", "sent", "settled", "dropped", "confirmed", "released"}

// A process that ends between any two steps leaves what the next contender settles: the value is its entity's if the append has happened, else nobody's.
func TestCrashThenContender(t *testing.T) {
	c := newCrashing(t)
	a, b, n := c.in(0, 0), c.in(0, 1), 0
	ended := map[string]int{}
	for what, prepared := range map[string]func(v string) (eventlog.Append, eventlog.Ref, eventlog.Ref){
		"taking": func(v string) (eventlog.Append, eventlog.Ref, eventlog.Ref) {
			return c.command(a, []eventlog.Claim{value(a, v), value(a, v+" too")}, nil), eventlog.Ref{}, a
		},
		"giving up": func(v string) (eventlog.Append, eventlog.Ref, eventlog.Ref) {
			c.must(c.command(a, []eventlog.Claim{value(a, v)}, nil))
			return c.command(a, nil, []eventlog.Claim{value(a, v)}), a, eventlog.Ref{}
		},
		"moving": func(v string) (eventlog.Append, eventlog.Ref, eventlog.Ref) {
			c.must(c.command(a, []eventlog.Claim{value(a, v)}, nil))
			return c.command(b, []eventlog.Claim{value(b, v)}, []eventlog.Claim{value(a, v)}), a, b
		},
		"giving up and taking": func(v string) (eventlog.Append, eventlog.Ref, eventlog.Ref) {
			c.must(c.command(a, []eventlog.Claim{value(a, v)}, nil))
			return c.command(a, []eventlog.Claim{value(a, v)}, []eventlog.Claim{value(a, v)}), a, a
		},
		"losing": func(v string) (eventlog.Append, eventlog.Ref, eventlog.Ref) {
			lost := c.command(a, []eventlog.Claim{value(a, v), value(a, v+" too")}, nil)
			lost.Conditions[0].Version += 9
			return lost, eventlog.Ref{}, eventlog.Ref{}
		},
	} {
		for _, step := range steps {
			for _, again := range []bool{false, true} {
				for passes := range 2 {
					n++
					v := fmt.Sprintf("%s %d", what, n)
					cmd, before, after := prepared(v)
					crashed, err := c.crashAt(step, passes, func() error { return c.try(cmd) })
					has := after
					if crashed {
						ended[step]++
					}
					if crashed && (step == "reserved" || step == "send") {
						has = before
					}
					if again { // by the client, who has no answer
						if err = c.try(cmd); what != "losing" {
							has = after
						}
						var conflict *eventlog.ConflictError
						if (err != nil) != (what == "losing") || err != nil && !errors.As(err, &conflict) {
							t.Fatalf("%s, ended at %s %d, tried again: %v", what, step, passes, err)
						}
					}
					t.Logf("%s, ended at %s %d (%v), again %v: %v", what, step, passes, crashed, again, err)
					c.settled(v, has)
				}
			}
		}
	}
	for _, step := range steps {
		if ended[step] < 2 {
			t.Errorf("nothing ended at %s: %v", step, ended)
		}
	}
}

// An append that was on its way when somebody else took its value comes late: it must not happen.
func TestLateAppend(t *testing.T) {
	c := newCrashing(t)
	slow, quick := c.in(0, 0), c.in(1, 0)
	late, arrived := make(chan struct{}), make(chan struct{})
	var once sync.Once
	c.crash = func(step string) error {
		if step == "send" {
			first := false
			once.Do(func() { first = true })
			if first {
				close(arrived)
				<-late
			}
		}
		return nil
	}
	cmd := c.command(slow, []eventlog.Claim{value(slow, "v")}, nil)
	got := make(chan error, 1)
	go func() { got <- c.try(cmd) }()
	<-arrived
	c.must(c.command(quick, []eventlog.Claim{value(quick, "v")}, nil))
	close(late)
	var claimed *eventlog.ClaimedError
	if err := <-got; !errors.As(err, &claimed) || claimed.Owner != quick {
		t.Fatalf("the late append: %v", err)
	}
	c.settled("v", quick)
	if loaded, err := c.Load(t.Context(), eventlog.Load{Primary: slow, CommandID: cmd.CommandID}); err != nil || loaded.Receipt != nil || loaded.Heads[slow].Version != 0 {
		t.Fatalf("the late append wrote %+v, %v", loaded, err)
	}
}

// The very call of append.lua, held back by the network until others have taken the value and given it up again, is refused.
func TestLateCall(t *testing.T) {
	c := newCrashing(t)
	slow, quick := c.in(0, 0), c.in(1, 0)
	cmd := c.command(slow, []eventlog.Claim{value(slow, "v")}, nil)
	w := newClaiming(c.Log, &cmd)
	if _, _, err := w.reserve(t.Context()); err != nil {
		t.Fatal(err)
	}
	call := func() string {
		reply, err := c.send(t.Context(), &cmd, "n", w.part(nil, eventlog.Ref{}))
		if err != nil {
			t.Fatal(err)
		}
		return texts(reply)[0]
	}
	c.must(c.command(quick, []eventlog.Claim{value(quick, "v")}, nil))
	if got := call(); got != "aborted" {
		t.Fatalf("while another has the value: %s", got)
	}
	c.must(c.command(quick, nil, []eventlog.Claim{value(quick, "v")}))
	if got := call(); got != "aborted" {
		t.Fatalf("while nobody has the value: %s", got)
	}
	if ttl := c.bare.PTTL(t.Context(), c.keys.abort(0, w.values[0].text.token)).Val(); ttl <= 0 || ttl > c.window {
		t.Fatalf("the abort mark is kept for %s", ttl)
	}
	c.must(cmd) // the command itself, sent again, begins anew
	c.settled("v", slow)
}

// 32 callers, of entities in all partitions, race for one value after the other: every value has one winner, and the losers are told who.
func TestRacesForValues(t *testing.T) {
	c := newCrashing(t)
	const callers, rounds = 32, 40
	for round := range rounds {
		v := fmt.Sprint("v", round)
		errs := make([]error, callers)
		var start, done sync.WaitGroup
		start.Add(1)
		for i := range callers {
			r := c.in(i%logtest.Partitions, 100+i)
			a := c.command(r, []eventlog.Claim{value(r, v)}, nil)
			if i%2 == 1 { // for two values, in another order
				a.Claim = []eventlog.Claim{value(r, v+" too"), value(r, v)}
			}
			done.Go(func() {
				start.Wait()
				errs[i] = c.try(a)
			})
		}
		start.Done()
		done.Wait()
		winner := c.holders()[v]
		won := 0
		for i, err := range errs {
			var claimed *eventlog.ClaimedError
			switch {
			case err == nil:
				won++
			case !errors.As(err, &claimed):
				t.Fatalf("round %d: caller %d got %v", round, i, err)
			}
		}
		if won != 1 || winner == (eventlog.Ref{}) {
			t.Fatalf("round %d: %d won, %v has it: %v", round, won, winner, errs)
		}
		c.settled(v, winner)
	}
}

// Attempts of one command share what it has reserved: one of them happens, the others are duplicates.
func TestOneCommandsAttemptsRace(t *testing.T) {
	c := newCrashing(t)
	for round := range 20 {
		r := c.in(round%logtest.Partitions, round)
		a := c.command(r, []eventlog.Claim{value(r, fmt.Sprint(round)), value(r, fmt.Sprint(round, "too"))}, nil)
		var fresh atomic.Int32
		var done sync.WaitGroup
		for range 16 {
			done.Go(func() {
				receipt, err := c.Append(t.Context(), a)
				if err != nil {
					t.Error(err)
				} else if !receipt.Duplicate {
					fresh.Add(1)
				}
			})
		}
		done.Wait()
		if fresh.Load() != 1 {
			t.Fatalf("%d attempts happened", fresh.Load())
		}
		c.settled(fmt.Sprint(round), r)
	}
}

// Who goes on forever in the way of another is no lock either: after so many rounds the command is to be decided anew.
func TestClaimsThatAreAlwaysContended(t *testing.T) {
	c := newCrashing(t)
	a, b := c.in(0, 0), c.in(1, 0)
	other := claimText{pending: true, partition: 1, owner: b, command: "other"}
	c.crash = func(step string) error {
		if step == "settled" { // before the key is changed, somebody else has changed it
			text, err := c.look(t.Context(), value(b, "v"))
			if err != nil {
				return err
			}
			other.token = newToken()
			_, err = c.compareAndSet(t.Context(), value(b, "v"), text, other.String())
			return err
		}
		return nil
	}
	other.token = newToken()
	if _, err := c.compareAndSet(t.Context(), value(b, "v"), "", other.String()); err != nil {
		t.Fatal(err)
	}
	var conflict *eventlog.ConflictError
	if err := c.try(c.command(a, []eventlog.Claim{value(a, "v")}, nil)); !errors.As(err, &conflict) || conflict.Ref != a || !strings.Contains(err.Error(), "unique value") {
		t.Fatal(err)
	}
	c.crash = nil
	c.settled("v", eventlog.Ref{})
}

func TestClaimTexts(t *testing.T) {
	a, b := eventlog.Ref{Entity: "Order", ID: "a:b \u2028"}, eventlog.Ref{Entity: "O", ID: "?"}
	for _, want := range []claimText{
		{token: "t", partition: 7, owner: a}, {pending: true, token: "t", partition: 0, owner: a, command: "c:\u2028"}, {pending: true, token: "t", owner: a, from: b, command: "c"},
	} {
		if got, err := parseClaim(want.String()); err != nil || got != want {
			t.Errorf("%+v became %+v, %v", want, got, err)
		}
	}
	for _, bad := range []string{"", "Order:a", "held", "held\nt\n1\nA:a\n\nc", "pending\nt\n1\nA:a", "held\nt\nx\nA:a", "other\nt\n1\nA:a"} {
		if got, err := parseClaim(bad); err == nil {
			t.Errorf("%q was read as %+v", bad, got)
		}
	}
}

// A contender that found a value free, and is late to take it, does not take what its owner has got again meanwhile.
func TestLateContender(t *testing.T) {
	c := newCrashing(t)
	owner, other := c.in(0, 0), c.in(1, 0)
	c.must(c.command(owner, []eventlog.Claim{value(owner, "v")}, nil))
	crashed, err := c.crashAt("sent", 0, func() error { return c.try(c.command(owner, nil, []eventlog.Claim{value(owner, "v")})) })
	if !crashed {
		t.Fatal(err)
	}
	found, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	c.crash = func(step string) error {
		first := false
		if step == "settled" {
			once.Do(func() { first = true })
		}
		if first {
			close(found)
			<-goOn
		}
		return nil
	}
	got := make(chan error, 1)
	cmd := c.command(other, []eventlog.Claim{value(other, "v")}, nil)
	go func() { got <- c.try(cmd) }()
	<-found
	c.must(c.command(owner, []eventlog.Claim{value(owner, "v")}, nil))
	close(goOn)
	var claimed *eventlog.ClaimedError
	if err := <-got; !errors.As(err, &claimed) || claimed.Owner != owner {
		t.Fatalf("the late contender: %v", err)
	}
	c.settled("v", owner)
}

// An append has half the receipt window to reach Redis: the mark that would refuse it is kept for all of it.
func TestAnAppendThatIsTooLate(t *testing.T) {
	c := newCrashing(t)
	r := c.in(0, 0)
	c.window = 400 * time.Millisecond
	c.crash = func(step string) error {
		if step == "send" {
			time.Sleep(c.window)
		}
		return nil
	}
	cmd := c.command(r, []eventlog.Claim{value(r, "v")}, nil)
	if err := c.try(cmd); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	c.crash = nil
	c.window = DefaultReceiptWindow
	c.settled("v", eventlog.Ref{})
	c.must(cmd)
	c.settled("v", r)
}
