package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// Config says what an Engine works with.
type Config struct {
	Model        *schema.Model // required
	Log          eventlog.Log  // required
	Rules        Rules
	Reactions    Reactions // asked again by ResumeReaction
	AllowImport  bool      // accept Command.OccurredAt
	KeepRejected int       // how many rejected commands are kept, the newest; 0 for none
	Logger       *slog.Logger

	// Reaches are the entities that rules load or change beside their own, by command, as far as that is known. Where a log can't span partitions New looks at them.
	Reaches map[string][]string

	// Attempts bounds how often a command is decided anew because another one changed what it had read. Default 20.
	Attempts int
}

// Engine executes commands. It holds no state but locks that save wasted work: any number of engines, in any number of processes,
// may work on one log.
type Engine struct {
	cfg       Config
	locks     locks
	histories slots
}

// New returns an engine. It fails if a rule is for a command that the model does not have, and if the log was opened with another placement than the model's
// (schema.Model.Roots) or can't do what the model needs (eventlog.Log.Spans).
func New(cfg Config) (*Engine, error) {
	for name := range cfg.Rules {
		if cfg.Model.Command(name) == nil {
			return nil, fmt.Errorf("there is a rule for %q, which is no command of the model: run go generate", name)
		}
	}
	if err := checkPlacement(cfg.Model, cfg.Log); err != nil {
		return nil, err
	}
	if err := checkSpans(&cfg); err != nil {
		return nil, err
	}
	if cfg.Attempts <= 0 {
		cfg.Attempts = 20
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Engine{cfg: cfg, histories: make(slots, maxHistories)}, nil
}

// Execute decides a command and appends what it makes. A Result with rejections is an answer, not an error. An error is an *OutcomeError if the log
// failed: then it may not be known whether the command was accepted, and to execute it again under the id that the error names is safe, and
// finds out. eventlog.ErrNoTimer is for a Fire whose timer is gone. Other errors are of rules and of the context; nothing was appended.
func (e *Engine) Execute(ctx context.Context, cmd Command) (*Result, error) {
	spec := e.cfg.Model.Command(cmd.Name)
	if spec == nil {
		return nil, fmt.Errorf("the model has no command %q", cmd.Name)
	}
	a := attempt{cfg: &e.cfg, spec: spec, cmd: cmd}
	if err := a.prepare(); err != nil {
		result, err := rejected(nil, err)
		e.audit(ctx, &a, result)
		return result, err
	}
	result, err := e.inTurn(ctx, &a)
	if err == nil && result.past != nil {
		err = result.past(ctx, e)
	}
	if err != nil {
		return nil, err
	}
	e.audit(ctx, &a, result)
	return result, nil
}

// inTurn tries until nothing that the decision read changes meanwhile, while no other command of this process works on the entity.
func (e *Engine) inTurn(ctx context.Context, a *attempt) (*Result, error) {
	release, err := e.locks.acquire(ctx, a.ref)
	if err != nil {
		return nil, err
	}
	defer release()
	for try := 1; ; try++ {
		result, err := a.run(ctx)
		var conflict *eventlog.ConflictError
		if !errors.As(err, &conflict) {
			return result, err
		}
		if try >= e.cfg.Attempts {
			return a.lost(ctx, conflict)
		}
		if conflict.Ref == a.ref && a.cmd.ExpectedVersion != nil {
			continue // not for another try at the append: what is read now says why it can't be
		}
		if err := pause(ctx, try); err != nil {
			return nil, err
		}
	}
}

// Snapshots returns entities as the log has them: those in known as they were then, the others in one atomic read. Those that never existed
// are absent; deleted ones are there.
func (e *Engine) Snapshots(ctx context.Context, refs []Ref, known Known) (map[Ref]*Snapshot, error) {
	heads := make(map[Ref]eventlog.Head, len(refs))
	var missing []Ref
	for _, ref := range refs {
		if head, ok := known.heads[ref]; ok {
			heads[ref] = head
		} else if validID(ref.ID) {
			missing = append(missing, ref)
		}
	}
	if len(missing) > 0 {
		loaded, err := e.cfg.Log.Load(ctx, eventlog.Load{Primary: missing[0], Refs: missing[1:]})
		if err != nil {
			return nil, err
		}
		maps.Copy(heads, loaded.Heads)
	}
	out := make(map[Ref]*Snapshot, len(heads))
	for ref, head := range heads {
		if head.Version == 0 {
			continue
		}
		var err error
		if out[ref], err = snapshot(e.cfg.Model, ref, head); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// pause waits a little longer after each try, jittered so that the losers of one race do not meet again in the next.
func pause(ctx context.Context, try int) error {
	limit := min(time.Millisecond<<min(try, 6), 50*time.Millisecond)
	t := time.NewTimer(rand.N(limit))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// rejected makes the answer to a command that was refused; errors other than rejections pass through as failures.
func rejected(entity *Snapshot, err error) (*Result, error) {
	var r *Rejection
	if !errors.As(err, &r) {
		return nil, err
	}
	return &Result{Entity: entity, Rejections: []*Rejection{r}}, nil
}
