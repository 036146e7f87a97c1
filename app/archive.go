package app

import (
	"context"
	"fmt"
	"sync"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/position"
)

// archive is the reactor's archive: the versions beside the documents. That it does not know a command says something only once all is archived that the log
// held when it was first asked; what is later has a receipt in the log.
type archive struct {
	log   eventlog.Log
	store documents.Store

	mu   sync.Mutex
	ends []position.Place // of the log's partitions, when it was first asked; nil before
	full bool
}

// HasCommand implements reactor.Archive.
func (a *archive) HasCommand(ctx context.Context, entity, commandID string) (bool, error) {
	if err := a.complete(ctx); err != nil {
		return false, err
	}
	return a.store.HasCommand(ctx, entity, commandID)
}

func (a *archive) complete(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.full {
		return nil
	}
	if a.ends == nil {
		ends := make([]position.Place, a.log.Partitions())
		for n := range ends {
			tail, err := a.log.Tail(ctx, n)
			if err != nil {
				return err
			}
			ends[n] = tail.Place
		}
		a.ends = ends
	}
	there, err := a.store.Checkpoints(ctx)
	if err != nil {
		return err
	}
	for n, end := range a.ends {
		if there[n].Place.Before(end) {
			return fmt.Errorf("it waits until events up to %d of partition %d are consolidated: whether reactions to events that are older than receipts were run is not known before", end.Seq, n)
		}
	}
	a.full = true
	return nil
}
