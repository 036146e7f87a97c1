package query

// Seen returns the offset of the last entry that the follower has read of a partition.
func (e *Engine) Seen(partition int) uint64 {
	at, _ := e.hub.at()
	return at.At[partition].Offset
}

// Watched returns how many keys of the hub's maps there are: nothing is left of a subscription that ended.
func (e *Engine) Watched() int {
	e.hub.mu.Lock()
	defer e.hub.mu.Unlock()
	return len(e.hub.all) + len(e.hub.byID)
}

// Queued returns how many changes subscriptions have not taken yet.
func (e *Engine) Queued() (n int) {
	e.hub.mu.Lock()
	defer e.hub.mu.Unlock()
	for _, m := range []map[string]map[*subscription]struct{}{e.hub.all, e.hub.byID} {
		for _, subs := range m {
			for s := range subs {
				s.mu.Lock()
				n += len(s.queue)
				s.mu.Unlock()
			}
		}
	}
	return n
}

// WaitingFor returns how many callers wait for a view.
func (e *Engine) WaitingFor(view string) int {
	w := &e.views.of(view).waits
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.waiting
}

// Waiting returns how many callers wait for a position.
func (e *Engine) Waiting() int {
	e.waits.mu.Lock()
	defer e.waits.mu.Unlock()
	return e.waits.waiting
}
