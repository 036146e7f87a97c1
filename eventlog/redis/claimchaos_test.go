package redis

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/logtest"
)

// lockbook says which process is sure to have a value: from the answer to the command that took it until it begins to give it up. No two ever are.
type lockbook struct {
	mu    sync.Mutex
	has   map[string]int // process, from 1
	had   map[string]int // the last one
	hands int            // how often a value went from one process to another
}

func (b *lockbook) take(v string, process int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if other := b.has[v]; other != 0 && other != process {
		return fmt.Errorf("process %d has got %q, which %d has", process, v, other)
	}
	if b.had[v] != process {
		b.hands++
	}
	b.has[v], b.had[v] = process, process
	return nil
}

func (b *lockbook) leave(v string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.has[v] = 0
}

// chaos is one of several processes that take, move and give up the same values, each with entities of its own.
type chaos struct {
	*crashing
	process int
	random  *rand.Rand
	book    *lockbook
	mine    map[string]eventlog.Ref
	values  []string
}

// passesByChance ends the process now and then, and holds it up elsewhere.
func (c *chaos) passesByChance(string) error {
	switch c.random.IntN(20) {
	case 0:
		c.died = true
	case 1:
		time.Sleep(time.Duration(c.random.IntN(60)) * time.Millisecond) // longer than contenders look
	}
	if c.died {
		return errCrash
	}
	return nil
}

// ask sends a command until it is answered, as clients do: but for some that give up after the process ended. false: it was refused, or nobody knows.
func (c *chaos) ask(a eventlog.Append) (answered, done bool, refusal, err error) {
	for {
		c.died = false
		err := c.try(a)
		var claimed *eventlog.ClaimedError
		var conflict *eventlog.ConflictError
		switch {
		case c.died && c.random.IntN(4) == 0:
			return false, false, nil, nil
		case c.died:
			continue
		case err == nil:
			return true, true, nil, nil
		case errors.As(err, &claimed), errors.As(err, &conflict):
			return true, false, err, nil
		default:
			return false, false, nil, err
		}
	}
}

func (c *chaos) step() error {
	partition := c.process % logtest.Partitions
	owner, next := c.in(partition, 200+2*c.process), c.in(partition, 201+2*c.process)
	if c.random.IntN(2) == 0 {
		owner, next = next, owner
	}
	v := c.values[c.random.IntN(len(c.values))]
	has, is := c.mine[v]
	var a eventlog.Append
	give := is && c.random.IntN(4) > 0
	switch {
	case give:
		c.book.leave(v)
		a = c.command(has, nil, []eventlog.Claim{value(has, v)})
	case is && has == next: // once more
		a = c.command(has, []eventlog.Claim{value(has, v)}, nil)
	case is: // it moves
		a = c.command(next, []eventlog.Claim{value(next, v)}, []eventlog.Claim{value(has, v)})
	default:
		a = c.command(owner, []eventlog.Claim{value(owner, v)}, nil)
	}
	answered, done, refusal, err := c.ask(a)
	switch {
	case err != nil:
		return err
	case !answered: // it may have happened: the process is not sure of anything about the value any more
		c.book.leave(v)
		delete(c.mine, v)
	case give && !done:
		return errors.New("giving up was refused")
	case give:
		delete(c.mine, v)
	case done:
		c.mine[v] = a.Claim[0].Owner
		return c.book.take(v, c.process)
	case is && !errors.As(refusal, new(*eventlog.ConflictError)): // others may be in the way, but not have it
		return fmt.Errorf("%s could not have %q, which %s had: %w", a.Claim[0].Owner, v, has, refusal)
	}
	return nil
}

// Eight processes at once take, move and give up three values, end at any step, and are held up: no two are ever sure to have one, and in the end nothing is locked.
func TestClaimsInChaos(t *testing.T) {
	first := newCrashing(t)
	book := &lockbook{has: map[string]int{}, had: map[string]int{}}
	values := []string{"a", "b", "c"}
	var all sync.WaitGroup
	for process := range 8 {
		l, err := openIn(t, first.keys.prefix)
		if err != nil {
			t.Fatal(err)
		}
		c := &chaos{process: process + 1, random: rand.New(rand.NewPCG(7, uint64(process))), book: book, mine: map[string]eventlog.Ref{}, values: values}
		c.crashing = &crashing{Log: l, t: t, bare: first.bare}
		c.ids.Store(int64(process+1) * 1_000_000)
		l.crash = c.passesByChance
		all.Go(func() {
			for range 200 {
				if err := c.step(); err != nil {
					t.Errorf("process %d: %v", c.process, err)
					return
				}
			}
		})
	}
	all.Wait()
	has := first.holders()
	t.Logf("in the end, after %d changes of hands: %v", book.hands, has)
	if book.hands < 20 {
		t.Errorf("a value went from one process to another %d times only", book.hands)
	}
	for _, v := range values {
		first.settled(v, has[v])
		if owner := has[v]; owner != (eventlog.Ref{}) {
			first.must(first.command(owner, nil, []eventlog.Claim{value(owner, v)}))
			first.settled(v, eventlog.Ref{})
		}
	}
}
