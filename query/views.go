package query

import (
	"context"
	"fmt"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/schema"
)

// views is what is known of the views' state. The consolidator tells it in the store.
type views map[string]*viewState

// viewState is what is known of one view.
type viewState struct {
	view  *schema.Entity
	turn  chan struct{} // held by whoever uses the rest
	until time.Time     // until then the view counts as ready
	seen  position.Position
}

// ViewsReadyFor is how long a view that was ready is taken to be, without a look at the store.
const ViewsReadyFor = time.Second

// viewMayLag is how many events of one partition a view may lack that are consolidated. In step it lacks none; a process with an older model may be ahead while it is being
// replaced. One that lacks more was left behind, or is stuck, whoever once found it complete.
const viewMayLag = 1000

func (v *views) init(m *schema.Model) {
	*v = views{}
	for _, e := range m.Views {
		(*v)[e.Name] = &viewState{view: e, turn: make(chan struct{}, 1)}
	}
}

// of returns the state of a view, nil if there is none of that name.
func (v views) of(name string) *viewState { return v[name] }

type afterKey struct{}

// After returns a context in which reads of views answer only once these have taken in what the position includes. The entities have to have: see Engine.Wait.
func After(ctx context.Context, p position.Position) context.Context {
	if before, ok := ctx.Value(afterKey{}).(position.Position); ok {
		p = p.Join(before)
	}
	return context.WithValue(ctx, afterKey{}, p)
}

// readable returns an error unless what is read is an entity, or a view that is complete, and has come as far as ctx asks for. It waits for that as long as Wait does.
func (e *Engine) readable(ctx context.Context, m moment, entity *schema.Entity) error {
	state := e.views.of(entity.Name)
	switch {
	case state == nil:
		return nil
	case m.past != nil && entity.View.Project:
		return invalid("asOf: %s is a view that functions make, and such views have no past: ask for it without asOf", entity.Name)
	case m.past != nil:
		return nil // it is computed from entities
	}
	after, _ := ctx.Value(afterKey{}).(position.Position)
	end := time.Now().Add(e.cfg.WaitBound)
	for pause := pollFirst; ; pause = min(2*pause, pollLast) {
		switch there, err := e.reaches(ctx, state, after); {
		case there || err != nil:
			return err
		case time.Now().After(end):
			return &Error{ErrBehind.Code, fmt.Sprintf("%s is not consolidated as far as that position yet: ask again later", entity.Name)}
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// reaches reports whether a view includes a position; an error says that it can't be read at all. It asks the store if what is known does not tell, one caller at a time.
func (e *Engine) reaches(ctx context.Context, state *viewState, after position.Position) (bool, error) {
	select {
	case state.turn <- struct{}{}:
		defer func() { <-state.turn }()
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
	if err := e.viewReady(ctx, state); err != nil {
		return false, err
	}
	if state.seen.Includes(after) {
		return true, nil
	}
	seen, err := e.cfg.Store.ViewCheckpoints(ctx, state.view.Name)
	if err != nil {
		return false, err
	}
	state.seen = documents.PositionOf(seen)
	return state.seen.Includes(after), nil
}

func (e *Engine) viewReady(ctx context.Context, state *viewState) error {
	if time.Now().Before(state.until) {
		return nil
	}
	ready, err := e.cfg.Store.ViewReady(ctx, state.view.Name)
	if err != nil {
		return err
	}
	all, err := e.cfg.Store.Checkpoints(ctx) // first these: a view in step is ahead of them
	if err != nil {
		return err
	}
	seen, err := e.cfg.Store.ViewCheckpoints(ctx, state.view.Name)
	if err != nil {
		return err
	}
	if ready && !lags(seen, all) {
		state.until, state.seen = time.Now().Add(ViewsReadyFor), documents.PositionOf(seen)
		return nil
	}
	state.seen = position.Position{} // it begins again
	return &Error{ErrBehind.Code, fmt.Sprintf("%s is being built: %d %%, ask again later", state.view.Name, percent(seen, all))}
}

// lags reports whether a view lacks too much of what is consolidated.
func lags(seen, all map[int]documents.Checkpoint) bool {
	for partition, c := range all {
		at := seen[partition].Place
		if c.Place.Seq > at.Seq+viewMayLag || at.Seq > 0 && at.Epoch < c.Place.Epoch {
			return true
		}
	}
	return false
}

// percent is how much of what is consolidated a view has taken in, by events: 0 to 99.
func percent(seen, all map[int]documents.Checkpoint) int {
	var have, want float64
	for partition, c := range all {
		want += float64(c.Place.Seq)
		have += float64(min(seen[partition].Place.Seq, c.Place.Seq))
	}
	if want == 0 {
		return 0
	}
	return min(99, int(100*have/want))
}
