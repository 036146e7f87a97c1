package query

import (
	"context"
	"sync"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/schema"
)

// views is what is known of the views' state. The consolidator tells it in the store, and on the feed.
type views struct {
	all    []*viewState
	named  map[string]*viewState
	stored map[string]*viewState // by schema.Entity.Stored: what another process calls the same may be another view
}

// viewState is what is known of one view.
type viewState struct {
	view  *schema.Entity
	waits waits         // how far it is, and who waits for it to come further. What is known there holds only as long as the view counts as ready
	turn  chan struct{} // held by whoever looks at the view in the store

	mu     sync.Mutex
	until  time.Time // until then the view counts as ready
	looked time.Time // when the last look began that found out how the view is, and
	found  error     // what it found: nil if it was ready
}

// ViewsReadyFor is how long a view that was ready is taken to be, without a look at the store.
const ViewsReadyFor = time.Second

// viewMayLag is how many events of one partition a view may lack that are consolidated. In step it lacks none; a process with an older model may be ahead while it is being
// replaced. One that lacks more was left behind, or is stuck, whoever once found it complete.
const viewMayLag = 1000

// init begins with what the model has. Who waits for a view is served by whoever serves those who wait for the entities.
func (v *views) init(m *schema.Model, entities *waits) {
	*v = views{named: map[string]*viewState{}, stored: map[string]*viewState{}}
	for _, e := range m.Views {
		state := &viewState{view: e, turn: make(chan struct{}, 1)}
		state.waits.init(entities.partitions, entities.kick)
		v.all = append(v.all, state)
		v.named[e.Name], v.stored[e.Stored()] = state, state
	}
}

// of returns the state of a view, nil if there is none of that name.
func (v *views) of(name string) *viewState { return v.named[name] }

type afterKey struct{}

// After returns a context in which reads of views answer only once these have taken in what the position includes, and with ErrBehind if that takes longer than Wait would wait. That
// needs Run. The entities have to have it already: see Engine.Wait.
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
	return e.awaitView(ctx, state, after)
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
