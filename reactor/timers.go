package reactor

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/eventlog"
)

const (
	dueAtOnce = 200    // timers that are asked for at once
	keepTries = 10_000 // timers whose failures are remembered; beyond that all begin anew
)

// unknownTries is how often a timer that the model does not have is met, MaxBackoff apart, until it is parked: an hour.
const unknownTries = 120

const (
	whyTimer   = "what its timer is to do can't be read: the server's log says why"
	whyUnknown = "the model has not had what its timer is to do for an hour"
)

// timers fires the timers of one kind of a partition.
type timers struct {
	r    *Reactor
	n    int
	kind string

	mu    sync.Mutex
	tries map[eventlog.Fire]int // failures so far
}

func (t *timers) work() string {
	if t.kind == eventlog.TimeoutTimer {
		return TimingOut
	}
	return Scheduling
}

// run fires what is due until ctx ends.
func (t *timers) run(ctx context.Context) {
	b := t.r.o.backoff()
	for {
		pause, err := t.round(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			t.r.status.failed(t.n, t.work(), err, false)
			pause = b.pause()
		default:
			b.reset()
			t.r.status.fine(t.n, t.work())
		}
		if !sleep(ctx, pause) {
			return
		}
	}
}

// round fires what is due, in no particular order: two reactors that do so at once then mostly meet different timers. It returns how long to wait for more. The error is
// of the log.
func (t *timers) round(ctx context.Context) (time.Duration, error) {
	due, err := t.r.cfg.Log.Due(ctx, t.n, t.kind, dueAtOnce)
	if err != nil {
		return 0, err
	}
	rand.Shuffle(len(due.Timers), func(i, j int) { due.Timers[i], due.Timers[j] = due.Timers[j], due.Timers[i] })
	var g errgroup.Group
	g.SetLimit(t.r.o.Concurrency)
	for i := range due.Timers {
		if ctx.Err() != nil {
			break
		}
		g.Go(func() error { return t.fire(ctx, &due.Timers[i]) })
	}
	if err := g.Wait(); err != nil {
		return 0, err
	}
	poll := jittered(t.r.o.Poll)
	if due.Next < 0 {
		return poll, nil
	}
	return min(due.Next, poll), nil
}

// fire runs what a timer is to do. The error is of the log, or of ctx: the timer is due still.
func (t *timers) fire(ctx context.Context, timer *eventlog.SetTimer) error {
	fire := eventlog.Fire{TimerKey: timer.TimerKey, Token: timer.Token}
	cmd, name, err := t.r.cfg.Commands.DecodeTimer(*timer)
	failed := &command.FailedReaction{ID: cmd.CommandID, Reaction: name, Event: cmd.CausationID, Status: command.ReactionParked, Command: cmd, Message: whyTimer}
	if t.kind != eventlog.TimeoutTimer {
		failed.Event = ""
	}
	if err != nil {
		failed.OfTimer(timer)
	}
	if errors.Is(err, command.ErrUnknown) {
		return t.unknown(ctx, fire, failed, err)
	}
	if err != nil {
		return t.give(ctx, fire, failed, err)
	}
	cmd.Fire = &fire
	result, err := t.r.cfg.Commands.Execute(ctx, cmd)
	switch {
	case errors.Is(err, eventlog.ErrNoTimer): // another reactor fired it, or the entity left the state
		t.forget(fire)
		return nil
	case err != nil && (unreachable(err) || ctx.Err() != nil):
		return err
	case err == nil && len(result.Rejections) == 0:
		t.forget(fire)
		t.r.counts.executed.Add(1)
		return t.leftover(ctx, fire, result)
	case err == nil && result.Rejections[0].Code != command.VersionConflict:
		failed.Status, failed.Message, failed.Rejection = command.ReactionRejected, "", result.Rejections[0]
		return t.give(ctx, fire, failed, nil)
	case err == nil:
		err = &errConflict{result.Rejections[0]}
	}
	t.r.counts.failed.Add(1)
	if failed.Tries = t.failure(fire); failed.Tries >= t.r.o.Tries {
		failed.Message = why(&gaveUp{failed.Tries, err})
		return t.give(ctx, fire, failed, err)
	}
	_, moved := t.r.cfg.Log.MoveTimer(ctx, fire, t.r.o.backoff().after(failed.Tries))
	return moved
}

// unknown leaves a timer that the model does not have to the processes of a newer one, for long enough for a rolling deploy.
func (t *timers) unknown(ctx context.Context, fire eventlog.Fire, f *command.FailedReaction, why error) error {
	t.r.counts.failed.Add(1)
	if f.Tries = t.failure(fire); f.Tries > unknownTries {
		f.Message = whyUnknown
		return t.give(ctx, fire, f, why)
	}
	_, err := t.r.cfg.Log.MoveTimer(ctx, fire, t.r.o.MaxBackoff)
	return err
}

// leftover removes a timer whose command had been accepted before and that is there all the same, so that it is not looked at for ever.
func (t *timers) leftover(ctx context.Context, fire eventlog.Fire, result *command.Result) error {
	if !result.Receipt.Duplicate {
		return nil
	}
	_, err := t.r.cfg.Log.MoveTimer(ctx, fire, -1)
	return err
}

// give records what became of a timer's command, and then removes the timer: it never fires again. A timer that is gone is why its command was not accepted, and nothing
// to tell of.
func (t *timers) give(ctx context.Context, fire eventlog.Fire, f *command.FailedReaction, why error) error {
	there, err := t.r.cfg.Log.MoveTimer(ctx, fire, t.r.o.MaxBackoff)
	if err != nil {
		return err
	}
	if !there {
		t.forget(fire)
		return nil
	}
	if f.Status == command.ReactionParked {
		t.r.counts.parked.Add(1)
		t.r.cfg.Logger.Error("a timer's command is parked", "timer", fire.Name, "entity", fire.Ref.String(), "why", f.Message, "tries", f.Tries, "error", why)
	} else {
		t.r.counts.rejected.Add(1)
	}
	if err := f.Record(ctx, t.r.cfg.Model, t.r.cfg.Log); err != nil {
		return err
	}
	if _, err := t.r.cfg.Log.MoveTimer(ctx, fire, -1); err != nil {
		return err
	}
	t.forget(fire)
	return nil
}

// failure counts one, and returns how many there were.
func (t *timers) failure(fire eventlog.Fire) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.tries) >= keepTries {
		clear(t.tries)
	}
	t.tries[fire]++
	return t.tries[fire]
}

func (t *timers) forget(fire eventlog.Fire) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.tries, fire)
}
