package consolidator

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/eventlog"
)

// tailEvery bounds how often a partition that is behind asks how far.
const tailEvery = time.Second

// partition consolidates one partition.
type partition struct {
	c       *Consolidator
	n       int
	at      documents.Checkpoint
	backoff backoff
	asked   time.Time // when it last asked for the log's tail
	views   viewsOfPartition
}

// run follows the log until ctx ends, and begins again at the checkpoint after every failure.
func (p *partition) run(ctx context.Context) {
	for {
		err := p.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		broken := isBroken(err)
		p.c.marks.failed(p.n)
		p.c.progress.failed(p.n)
		p.c.status.failed(p.n, err, broken)
		p.c.states.purge() // what failed may have happened all the same, and a repair may give versions another meaning
		select {
		case <-time.After(p.pause(broken)):
		case <-ctx.Done():
			return
		}
	}
}

func isBroken(err error) bool {
	var b *eventlog.BrokenError
	var p *poison
	var v *viewError
	return errors.As(err, &b) || errors.As(err, &p) || errors.As(err, &v) || documents.Lasting(err)
}

// pause returns how long to wait after a failure: between half and all of a time that doubles.
func (p *partition) pause(broken bool) time.Duration {
	if broken {
		return p.c.o.BrokenRetry
	}
	return p.backoff.next(&p.c.o)
}

// backoff is how long the next pause after a failure is at most; 0 after a success. Pauses double.
type backoff time.Duration

// next returns how long to wait now: between half and all of a time.
func (b *backoff) next(o *Options) time.Duration {
	d := max(time.Duration(*b), o.MinBackoff)
	*b = backoff(min(2*d, o.MaxBackoff))
	return jitter(d)
}

// jitter returns between half and all of a time.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }

// follow consolidates from the store's checkpoint on, until something fails. The first batch may have been worked on before, by a process that
// crashed or by the try before this one.
func (p *partition) follow(ctx context.Context) error {
	c := p.c
	all, err := c.store.Checkpoints(ctx)
	if err != nil {
		return err
	}
	p.at = all[p.n]
	c.marks.begin(p.n, p.at)
	c.progress.reached(p.n, p.at.Place.Seq)
	if err := p.findViews(ctx); err != nil {
		return err
	}
	for events := []eventlog.Event(nil); ; {
		if len(events) == 0 {
			if events, err = c.events.Read(ctx, p.n, p.at.Place.Seq, p.at.Hash, c.o.BatchSize, p.wait()); err != nil {
				return err
			}
		}
		end := len(events) == 0
		if !end {
			done, err := c.consolidate(ctx, p.n, events, p.views.current)
			if p.leave(err) {
				continue // the same events again, without the view that can't take them in
			}
			if err != nil {
				return err
			}
			last := &events[done-1]
			p.at = documents.Checkpoint{Place: last.Place(), Hash: last.Hash}
			events = events[done:]
		}
		p.advanced(ctx, end)
		if err := p.catchUp(ctx); err != nil {
			return err
		}
	}
}

// advanced tells the others of the new checkpoint. end says that it is at the end of the log.
func (p *partition) advanced(ctx context.Context, end bool) {
	c := p.c
	p.backoff = 0
	c.progress.reached(p.n, p.at.Place.Seq)
	c.status.reached(p.n, p.at.Place)
	if end {
		c.status.lags(p.n, 0)
		return
	}
	if time.Since(p.asked) < tailEvery {
		return
	}
	p.asked = time.Now()
	if tail, err := c.events.Tail(ctx, p.n); err == nil { // else the next read fails and says so
		c.status.lags(p.n, int64(tail.Place.Seq)-int64(p.at.Place.Seq))
	}
}
