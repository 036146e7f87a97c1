package consolidator_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/daybook-cqrs/daybook/consolidator"
	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// fanning counts how many referrers are read and copied to at once, reads them in pages of at most so many, and dies at a Recopy: at the crash-th, 0 for never. With late
// set that is still done.
type fanning struct {
	documents.Store
	page, crash int
	late        bool
	dead        context.CancelFunc

	mu     sync.Mutex
	copied []int // by call of Recopy
	read   []int // by call of Referrers that found any
}

func (f *fanning) Referrers(ctx context.Context, entity, ref, id string, below int64, orEqual bool, after string, limit int) ([]documents.Document, error) {
	docs, err := f.Store.Referrers(ctx, entity, ref, id, below, orEqual, after, min(limit, f.page))
	if len(docs) > 0 {
		f.mu.Lock()
		f.read = append(f.read, len(docs))
		f.mu.Unlock()
	}
	return docs, err
}

func (f *fanning) Recopy(ctx context.Context, entity string, rs []documents.Recopy) ([]string, error) {
	f.mu.Lock()
	f.copied = append(f.copied, len(rs))
	crashes := len(f.copied) == f.crash
	f.mu.Unlock()
	if !crashes {
		return f.Store.Recopy(ctx, entity, rs)
	}
	if f.late {
		_, _ = f.Store.Recopy(ctx, entity, rs)
	}
	f.dead()
	return nil, errCrash
}

// TestASourceOfMany: a source that more than a thousand refer to changes, and the consolidator dies amid the fan-out. The next one goes on: it copies in pages, to those
// that don't have it yet, and in the end all have it. FerretDB looks at every document for each update: 150 in pages of 40 have to do there.
func TestASourceOfMany(t *testing.T) {
	engines(t, func(t *testing.T, w *world) {
		n, page := 1100, 500
		if w.mongo {
			n, page = 150, 40
		}
		w.exec("createOwner", "w", schema.Record{"name": "0"})
		for i := range n {
			w.exec("createThing", fmt.Sprintf("t%04d", i), schema.Record{"owner": "w", "size": i})
		}
		w.runWith(t.Context(), w.store, func() bool { return w.done(w.store) })
		for round, late := range []bool{false, true} {
			name := fmt.Sprint(round + 1)
			w.exec("updateOwner", "w", schema.Record{"name": name})
			ctx, cancel := context.WithCancel(t.Context())
			f := &fanning{Store: w.store, page: page, crash: 2, late: late, dead: cancel}
			w.runWith(ctx, f, func() bool { return ctx.Err() != nil })
			cancel()
			had := page
			if late {
				had = 2 * page
			}
			if got := w.fresh(name); got != had {
				t.Fatalf("late %v: after the crash %d of %d have the name, not %d", late, got, n, had)
			}
			if w.done(w.store) {
				t.Fatal("the checkpoint moved before the fan-out was done")
			}
			f = &fanning{Store: w.store, page: page}
			w.runWith(t.Context(), f, func() bool { return w.done(w.store) })
			if got := w.fresh(name); got != n {
				t.Fatalf("late %v: %d of %d have the name", late, got, n)
			}
			if got := total(t, f.copied, page); got != n-had {
				t.Errorf("late %v: it copied to %d, and %d had no copy yet", late, got, n-had)
			}
			if got := total(t, f.read, page); got != n || len(f.read) != (n+page-1)/page {
				t.Errorf("late %v: it read %d of %d in %d pages", late, got, n, len(f.read))
			}
		}
	})
}

func total(t *testing.T, calls []int, most int) (sum int) {
	t.Helper()
	for _, n := range calls {
		if n > most {
			t.Errorf("%d at once, more than %d", n, most)
		}
		sum += n
	}
	return sum
}

// fresh returns how many things have that name of their owner.
func (w *world) fresh(name string) int {
	w.t.Helper()
	n, err := w.store.Count(w.t.Context(), documents.CountQuery{Entity: "Thing", Filter: documents.Compare{Field: "ownerName", Value: name}})
	if err != nil {
		w.t.Fatal(err)
	}
	return int(n)
}

// runWith consolidates until that, in larger batches than other tests want.
func (w *world) runWith(ctx context.Context, s documents.Store, until func() bool) {
	w.t.Helper()
	o := options()
	o.BatchSize = 100
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- consolidator.New(w.model, w.log, s, w.feed, o).Run(ctx) }()
	w.until("the end of the log, or a crash", until)
	cancel()
	if err := <-ended; err != nil {
		w.t.Error(err)
	}
}
